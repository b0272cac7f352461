"""What a decision's records lacked, or had too much of, compared with what the batch counts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from feature_groups import USER_ACTIVITY
from processing.events.moments import iso
from processing.parity.served.decisions import Decision
from processing.parity.served.inputs import Arrival, Histories, Version
from processing.parity.served.records import Held
from processing.parity.served.witness import Kind, Witness
from processing.windows import LATENESS_MS

_DAY_MS = 86_400_000


def witnesses(decision: Decision, histories: Histories, user: Held, merchant: Held) -> Iterator[Witness]:
    """Every input before the transaction that only one of the two sides counts, the newest first.

    Args:
        user, merchant: what their records held.
    """
    yield from _arrivals(decision, "user", histories.users[decision.user_id], user)
    yield from _arrivals(decision, "merchant", histories.merchants[decision.merchant_id], merchant)
    held = set(merchant.reports)
    for report in reversed(histories.reports[decision.merchant_id]):
        if report.known_ms < decision.time_ms and report not in held:
            yield _witness(decision, "label", "merchant", report.transaction_id, report.arrived_ms)
    yield from _profile(decision, histories.profiles[decision.user_id])


def _arrivals(
    decision: Decision, entity: Literal["user", "merchant"], arrivals: Sequence[Arrival], held: Held
) -> Iterator[Witness]:
    has = set(held.arrivals)
    before = [arrival for arrival in arrivals if arrival.time_ms < decision.time_ms]
    if not held.exists and (last := _expired(decision, entity, before)) is not None:
        yield _witness(decision, "expired", entity, last.transaction.transaction_id)
        return
    for arrival in reversed(before):
        one = arrival.transaction.transaction_id
        if arrival.is_first and arrival.is_late:
            yield _witness(decision, "late-stream", entity, one)
        elif arrival.is_first and arrival not in has:
            yield _witness(decision, "transaction", entity, one, arrival.arrived_ms)
        elif not arrival.is_first and arrival in has:
            yield _witness(decision, "sent-again", entity, one)
    newest = max((arrival.time_ms for arrival in held.arrivals), default=decision.time_ms)
    if newest > decision.time_ms + LATENESS_MS:
        yield _witness(decision, "ahead", entity, decision.transaction_id)


def _expired(
    decision: Decision, entity: Literal["user", "merchant"], before: Sequence[Arrival]
) -> Arrival | None:
    """The newest transaction of a record that had outlived its time to live."""
    if entity != "user" or USER_ACTIVITY.ttl_days is None:
        return None
    applied = [a for a in before if not a.is_late and a.arrived_ms <= decision.decided_ms]
    newest = max(applied, key=lambda arrival: arrival.time_ms, default=None)
    if newest is None or newest.time_ms + USER_ACTIVITY.ttl_days * _DAY_MS > decision.decided_ms:
        return None
    return newest


def _profile(decision: Decision, versions: Sequence[Version]) -> Iterator[Witness]:
    """The batch's version, the newest that is not younger than the transaction, if another was read."""
    read = decision.as_of.profile if decision.as_of else None
    valid = [v for v in versions if v.event_ms <= decision.time_ms]
    kept = [version for version in valid if version.profile is not None]
    expected = kept[-1] if kept else None
    if read is not None and read > decision.time_ms:
        yield _witness(decision, "profile-ahead", "user", iso(read))
    elif expected is None or expected.event_ms == read:
        return
    elif read is None and valid[-1].profile is None:
        yield _witness(decision, "profile-deleted", "user", iso(expected.event_ms))
    elif expected.written_ms is not None:
        yield _witness(decision, "profile", "user", iso(expected.event_ms), expected.written_ms)


def _witness(
    decision: Decision,
    kind: Kind,
    entity: Literal["user", "merchant"],
    input_id: str,
    arrived_ms: int | None = None,
) -> Witness:
    as_of = decision.as_of
    record = "profile" if kind.startswith("profile") else entity
    return Witness(
        kind,
        entity,
        decision.user_id if entity == "user" else decision.merchant_id,
        input_id,
        arrived_ms,
        None if arrived_ms is None else arrived_ms - decision.decided_ms,
        None if as_of is None else getattr(as_of, record),
    )
