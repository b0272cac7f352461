"""A platform in miniature, for decisions whose truth is known: what each record really held.

A user's events are applied in the order of their arrival, those of different users in any. A record is
written some time after a change, with everything that was applied by then. A decision reads the records of
its moment. Nothing here is shared with the code under test but the kernel.
"""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

import pyarrow as pa

from feature_groups import FEATURE_NAMES
from processing.events import Label, Profile, Transaction
from processing.features import MerchantState, UserState, observe, vector
from processing.lake import label_table, transaction_table
from processing.parity.served import Decision, Inputs
from processing.parity.served.decisions import AsOf
from processing.parity.served.inputs import ARRIVED_LABELS, PROFILE_VERSIONS

START_MS = 1_772_368_496_000
HOME = Profile(48.8, 2.3, "FR")


@dataclass
class Sent:
    """A transaction, or a label and the transaction it is about, on its way.

    Attributes:
        applied_ms: when the states changed.
        written_ms: since when the records of the user and of the merchant have had it.
    """

    about: Transaction
    label: Label | None
    arrived_ms: int
    applied_ms: int
    written_ms: dict[str, int] = field(default_factory=dict)

    @property
    def time_ms(self) -> int:
        return self.about.timestamp_ms if self.label is None else self.label.known_ms

    @property
    def entities(self) -> tuple[str, ...]:
        merchant = (self.about.merchant_id,)
        return merchant if self.label else (self.about.user_id, *merchant)


@dataclass
class World:
    """Everything that happened, and decisions on what was written in time."""

    sent: list[Sent] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)

    def lacking(self, decision: Decision) -> dict[str, set[int]]:
        """The truth: what the records of a decision lacked, by id, with the arrivals."""
        found: dict[str, set[int]] = {}
        first = {s.about.transaction_id: s.arrived_ms for s in self.sent if s.label is None}
        for sent in self.sent:
            one = sent.about.transaction_id
            for entity in sent.entities:
                concerns = entity in (decision.user_id, decision.merchant_id)
                if (
                    concerns
                    and sent.time_ms < decision.time_ms
                    and sent.written_ms[entity] > decision.decided_ms
                ):
                    # A label can be applied once its transaction is there too.
                    found.setdefault(one, set()).add(max(sent.arrived_ms, first[one]))
        return found

    def inputs(self) -> Inputs:
        transactions = [(sent.about, sent.arrived_ms) for sent in self.sent if sent.label is None]
        labels = [(sent.label, sent.arrived_ms) for sent in self.sent if sent.label is not None]
        arrivals = pa.array([arrived for _, arrived in labels], pa.int64())
        table = label_table([label for label, _ in labels]).append_column(
            "arrival_time", arrivals.cast(pa.timestamp("ms", tz="UTC"))
        )
        profiles = [
            {"user_id": user, "event_time": 0, "home_lat": HOME.home_lat, "home_lon": HOME.home_lon,
             "home_country": HOME.home_country, "api_invocation_time": 0}
            for user in sorted({transaction.user_id for transaction, _ in transactions})
        ]  # fmt: skip
        return Inputs(
            transaction_table(transactions),
            table.cast(ARRIVED_LABELS),
            pa.Table.from_pylist(profiles, PROFILE_VERSIONS),
        )


def play(seed: int, events: int = 60) -> World:
    """A world with races: decisions made while their own inputs were on the way."""
    rng = random.Random(seed)
    world = World()
    asked: list[tuple[Transaction, int]] = []
    for transaction, decided_ms in _transactions(rng, events):
        asked.append((transaction, decided_ms))
        arrived = decided_ms + rng.choice([1, 30, 900])
        world.sent.append(Sent(transaction, None, arrived, arrived + rng.choice([10, 200, 2_000])))
        if rng.random() < 0.2:
            known = decided_ms + rng.randint(1, 2_000)
            label = Label(transaction.transaction_id, True, known, 1.0, "stolen")
            applied = max(known + 100, world.sent[-1].applied_ms) + rng.choice([50, 3_000])
            world.sent.append(Sent(transaction, label, known + 100, applied))
    _write(world.sent, rng)
    for transaction, decided_ms in asked:
        world.decisions.append(_decide(world, transaction, decided_ms))
    return world


def _transactions(rng: random.Random, events: int) -> Iterator[tuple[Transaction, int]]:
    """Transactions, and when they are decided."""
    now = START_MS
    for number in range(events):
        now += rng.choice([40, 400, 4_000, 400_000])
        transaction = Transaction(
            f"t-{number}", rng.choice(["u-0", "u-1", "u-2"]), rng.choice(["m-0", "m-1"]),
            rng.randint(1, 9_999), "EUR", now - rng.choice([5, 50, 300_000]), 48.0 + rng.random(), 2.0,
            rng.choice(["FR", "DE", None]), rng.choice(["a", "b", None]), "online",
            rng.choice(["approved", "declined", None]),
        )  # fmt: skip
        yield transaction, now + rng.randint(0, 30)


def _write(sent: list[Sent], rng: random.Random) -> None:
    """Set when everything was applied and written: a record never loses what it had."""
    applied: defaultdict[str, int] = defaultdict(int)
    for one in sorted(sent, key=lambda item: item.arrived_ms):
        if one.label is None:
            user = one.about.user_id
            applied[user] = one.applied_ms = max(applied[user], one.applied_ms)
    of = {one.about.transaction_id: one.applied_ms for one in sent if one.label is None}
    for one in sent:
        one.applied_ms = max(one.applied_ms, of[one.about.transaction_id])
    written: defaultdict[str, int] = defaultdict(int)
    for one in sorted(sent, key=lambda item: item.applied_ms):
        for entity in one.entities:
            moment = one.applied_ms + rng.choice([5, 50, 1_000])
            written[entity] = one.written_ms[entity] = max(written[entity], moment)


def _decide(world: World, transaction: Transaction, decided_ms: int) -> Decision:
    """Decide on what the records hold at `decided_ms`."""
    user, merchant = UserState(), MerchantState()
    for sent in sorted(world.sent, key=lambda item: item.applied_ms):
        for entity in sent.entities:
            if sent.written_ms[entity] > decided_ms:
                continue
            if entity == transaction.merchant_id and sent.label is not None:
                merchant.learn_fraud(sent.label.known_ms)
            elif entity == transaction.merchant_id:
                observe(sent.about, UserState(), merchant)
            elif entity == transaction.user_id:
                observe(sent.about, user, MerchantState())
    values = vector(transaction, HOME, user, merchant)
    served = {n: None if math.isnan(v) else v for n, v in zip(FEATURE_NAMES, values, strict=True)}
    as_of = AsOf(0, user.latest_time, merchant.latest_time)
    it = transaction
    return Decision(it.transaction_id, it.user_id, it.merchant_id, it.timestamp_ms, decided_ms, served, as_of)
