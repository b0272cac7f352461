"""What the records that a decision read may have held.

Neither the endpoint nor the Feature Store says which inputs a record contains; its event time does,
nearly: it is the time of the newest input applied. Whatever is newer, or arrived after the decision (by
more than two clocks differ), was not in it. Open are inputs of the last seconds that are older than that:
the candidates leave out some of them, never an earlier arrival of a user without the later ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice, product
from typing import NamedTuple, TypeVar

from processing.events import Profile
from processing.features import MerchantState, UserState, observe
from processing.parity.served.decisions import Decision
from processing.parity.served.inputs import Arrival, Histories, Report

MOST_CANDIDATES = 512
SKEW_MS = 1_000
"""How far the clocks of the stream and of the server may be apart."""

T = TypeVar("T")


class Held(NamedTuple):
    """Transactions and fraud reports that a record held; `exists` is False where there was no record."""

    exists: bool
    arrivals: tuple[Arrival, ...] = ()
    reports: tuple[Report, ...] = ()

    def times(self) -> set[int]:
        """When the transactions were made, and the frauds became known."""
        return {a.time_ms for a in self.arrivals} | {r.known_ms for r in self.reports}


def user_candidates(decision: Decision, histories: Histories, lag_ms: int) -> Iterator[Held]:
    """Possible contents of the user's record, the most probable first.

    Args:
        lag_ms: how long before the decision an input may have arrived and still be absent.
    """
    as_of = decision.as_of.user if decision.as_of else None
    return _candidates(histories.users[decision.user_id], [], as_of, decision.decided_ms, lag_ms)


def merchant_candidates(decision: Decision, histories: Histories, lag_ms: int) -> Iterator[Held]:
    """Possible contents of the merchant's record, the most probable first; see `user_candidates`."""
    as_of = decision.as_of.merchant if decision.as_of else None
    arrivals = histories.merchants[decision.merchant_id]
    reports = histories.reports[decision.merchant_id]
    return _candidates(arrivals, reports, as_of, decision.decided_ms, lag_ms)


def user_state(held: Held) -> UserState | None:
    """The state that the user's record had."""
    if not held.exists:
        return None
    state = UserState()
    for arrival in held.arrivals:
        observe(arrival.transaction, state, MerchantState())
    return UserState.decode(state.encode())  # as the endpoint reads it


def merchant_state(held: Held) -> MerchantState | None:
    """The state that the merchant's record had."""
    if not held.exists:
        return None
    state = MerchantState()
    for arrival in held.arrivals:
        observe(arrival.transaction, UserState(), state)
    known: dict[str, int] = {}
    for report in held.reports:
        before = known.get(report.transaction_id)
        if before is None or report.known_ms < before:
            state.learn_fraud(report.known_ms, instead_of=before)
            known[report.transaction_id] = report.known_ms
    return MerchantState.decode(state.encode())


def profile_read(decision: Decision, histories: Histories) -> tuple[bool, Profile | None]:
    """Whether the profile version that was read is known, and that version."""
    as_of = decision.as_of.profile if decision.as_of else None
    if as_of is None:
        return True, None
    found = [v for v in histories.profiles[decision.user_id] if v.event_ms == as_of and v.profile]
    return bool(found), found[-1].profile if found else None


def _candidates(
    arrivals: Sequence[Arrival],
    reports: Sequence[Report],
    as_of: int | None,
    decided_ms: int,
    lag_ms: int,
) -> Iterator[Held]:
    if as_of is None:
        yield Held(exists=False)
        return
    until = decided_ms + SKEW_MS
    possible = [a for a in arrivals if not a.is_late and a.time_ms <= as_of and a.arrived_ms <= until]
    learned = [r for r in reports if r.known_ms <= as_of and r.arrived_ms <= until]
    since = decided_ms - lag_ms
    pairs = product(
        _absences([a.transaction.user_id for a in possible if a.arrived_ms > since]),
        _absences(["" for r in learned if r.arrived_ms > since]),
    )
    # The recent ones are the last of each list: both are in the order of arrival.
    for open_arrivals, open_reports in islice(pairs, MOST_CANDIDATES):
        held = Held(True, tuple(_without(possible, open_arrivals)), tuple(_without(learned, open_reports)))
        # A record's event time is that of its newest input, and a millisecond more for each input since
        # then that was no newer: a content that cannot have this one is none.
        newest = max(held.times(), default=None)
        if newest is not None and 0 <= as_of - newest < len(held.arrivals) + len(held.reports):
            yield held


def _absences(chains: Sequence[str]) -> list[frozenset[int]]:
    """Which of the last ``len(chains)`` inputs may be absent, as indexes from the end, likely ones first.

    `chains` tells whose each is: of one user, whatever comes later is absent with the earlier.
    """
    count = len(chains)
    simple = [frozenset(range(size)) for size in range(count + 1)]
    owners: dict[str, list[int]] = {}
    for index in range(count):  # 0 is the newest
        owners.setdefault(chains[count - 1 - index], []).append(index)
    cuts = [[own[:size] for size in range(len(own) + 1)] for own in owners.values()]
    mixed = (
        frozenset(index for cut in choice for index in cut)
        for choice in islice(product(*cuts), MOST_CANDIDATES)
    )
    return list(dict.fromkeys([*simple, *mixed]))


def _without(items: Sequence[T], absent: frozenset[int]) -> list[T]:
    last = len(items) - 1
    return [item for index, item in enumerate(items) if last - index not in absent]
