"""The operators of users and merchants, and the one that joins what they say of a transaction.

Both see a shard's transactions in the shard's order, side by side: neither waits for the other, and no
shuffle between them lets transactions of one entity overtake each other.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pyflink.datastream import KeyedProcessFunction

from processing.engines.flink import states
from processing.engines.flink.bundles import (
    Fraud,
    Half,
    Step,
    UserEvent,
    bucket,
    bundles,
    events_of,
    half_of,
    halves_of,
    outgoing,
    pack,
    steps_of,
)
from processing.engines.flink.kernel import joined, of_merchants, of_users
from processing.engines.flink.outlets import OUT, counted
from processing.engines.flink.publish import Dirty
from processing.engines.flink.settings import FlinkSettings
from processing.stream.enriched import enriched
from processing.stream.quality import Quality
from processing.windows import identity


class Users(KeyedProcessFunction):  # type: ignore[misc]  # PyFlink is untyped
    """Features of users' histories, which transactions move on."""

    def __init__(self, settings: FlinkSettings) -> None:
        self._settings = settings

    def open(self, context: Any) -> None:
        self._states = states.by_identity(context, "users", states.USERS)
        self._dirty = Dirty(context, "u", self._states, self._settings.publish_ms)

    def process_element(self, bundle: bytes, context: Any) -> Iterator[Any]:
        events = events_of(memoryview(bundle)[1:])
        done = list(of_users(self._states, events))
        self._dirty.add(context, map(_user_of, events))
        yield from _halves(
            Half(event.key, values, event.transaction, event.arrival_ms) for event, values in done
        )

    def on_timer(self, _timestamp: int, _context: Any) -> Iterator[Any]:
        yield from self._dirty.publish()


class Merchants(KeyedProcessFunction):  # type: ignore[misc]
    """Features of merchants' histories, which transactions and frauds move on."""

    def __init__(self, settings: FlinkSettings) -> None:
        self._settings = settings

    def open(self, context: Any) -> None:
        self._states = states.by_identity(context, "merchants", states.FOREVER)
        self._dirty = Dirty(context, "m", self._states, self._settings.publish_ms)

    def process_element(self, bundle: bytes, context: Any) -> Iterator[Any]:
        steps = steps_of(memoryview(bundle)[1:])
        done = list(of_merchants(self._states, steps))
        self._dirty.add(context, map(_merchant_of, steps))
        yield from _halves(Half(step.key, values, None) for step, values in done)

    def on_timer(self, _timestamp: int, _context: Any) -> Iterator[Any]:
        yield from self._dirty.publish()


class Join(KeyedProcessFunction):  # type: ignore[misc]
    """Enriched records: the half that comes first waits for the other. Quality checks see what joined."""

    def __init__(self, settings: FlinkSettings) -> None:
        self._stream = settings.names.stream("transactions-enriched")

    def open(self, context: Any) -> None:
        self._waiting = states.by_text(context, "halves", states.DUPLICATES)

    def process_element(self, bundle: bytes, _context: Any) -> Iterator[Any]:
        transactions, features, quality = [], [], Quality()
        for half in halves_of(memoryview(bundle)[1:]):
            kept = self._waiting.get(half.key)
            if kept is None:
                self._waiting.put(half.key, pack(half))
                continue
            self._waiting.remove(half.key)
            of_user, of_merchant = (half, half_of(kept)) if half.transaction else (half_of(kept), half)
            assert of_user.transaction is not None  # that is what tells the halves apart
            transactions.append(of_user.transaction)
            features.append(joined(of_user.values, of_merchant.values))
            quality.accepted(of_user.transaction, of_user.arrival_ms, features[-1])
        if transactions:
            yield OUT, outgoing(enriched(self._stream, transactions, features))
        yield from counted(quality.found)


def _halves(halves: Iterator[Half]) -> Iterator[bytes]:
    return bundles((bucket(identity(half.key)), half) for half in halves)


def _user_of(event: UserEvent) -> str:
    assert event.transaction is not None  # only bounded jobs do without
    return event.transaction.user_id


def _merchant_of(step: Step | Fraud) -> str:
    return step.merchant_id
