"""The first operators: bytes of a shard to checked transactions and labels, and dead letters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from math import nan
from typing import Any

from pyflink.datastream import KeyedProcessFunction, ProcessFunction

from processing.engines.flink import states
from processing.engines.flink.bundles import (
    Accepted,
    Labelled,
    MerchantEvent,
    Row,
    UserEvent,
    bucket,
    bundles,
    outgoing,
    records_of,
    shard_of,
)
from processing.engines.flink.outlets import (
    ACCEPTED,
    LAG,
    OUT,
    TO_MERCHANTS,
    client,
    counted,
    lag_ms,
    rows_for,
)
from processing.engines.flink.settings import FlinkSettings
from processing.events import Profile, RejectedRecord, Transaction, decode_label, decode_transaction
from processing.features.geography import distance_km
from processing.stream import look_up, records
from processing.stream.quality import Quality
from processing.stream.records import Outgoing, RawRecord, ShardId
from processing.stream.replays import is_replay
from processing.stream.seen import DUPLICATE_MS
from processing.windows import APPROVED, DECLINED, LATENESS_MS, UNKNOWN, country_code, identity

_UNKNOWN_HOME = Profile()
_STATUS = {None: UNKNOWN, "approved": APPROVED, "declined": DECLINED}


def letter(
    settings: FlinkSettings, stream: str, shard: str, raw: RawRecord, kind: str, field: str | None, error: str
) -> Outgoing:
    """A record for the stream of its dead letters, or the late stream, with its original bytes."""
    names = settings.names
    rejected = RejectedRecord("schema-errors", field, error)
    event = records.Event.of(ShardId(stream, shard), raw, rejected)
    data = records.dead_letter(event, names.stream(stream), kind, field, error)
    target = names.stream("transactions-late") if kind == "late" else names.dead_letter_stream(kind)
    return Outgoing(target, raw.sequence, data)


class Intake(KeyedProcessFunction):  # type: ignore[misc]  # PyFlink is untyped
    """Checks the transactions of one shard; finds duplicates, and those that are late.

    *Duplicates* have the id of a transaction that arrived within 60 seconds. A shard has all of them: the
    stream's partition key is the user, and a replay keeps its record's shard.

    *Late* is what is more than watermark and allowed lateness behind the newest event time of its shard.
    That time is the shard's own watermark, kept in its state and moved by every record, not by a clock:
    reading the same records again finds the same ones late.
    """

    def __init__(self, settings: FlinkSettings) -> None:
        self._settings = settings

    def open(self, context: Any) -> None:
        self._newest = states.value(context, "newest")
        self._seen = states.times_by_text(context, "seen", states.DUPLICATES)
        runtime = client(self._settings, "sagemaker-featurestore-runtime")
        self._profiles = look_up.profiles(runtime, self._settings.names)

    def process_element(self, chunk: bytes, _context: Any) -> Iterator[Any]:
        shard, kept = shard_of(chunk), self._newest.value()
        newest = int.from_bytes(kept, "little") if kept else 0
        letters: list[Outgoing] = []
        accepted: list[Accepted] = []
        rows: list[Row] = []
        in_time: list[Row] = []
        quality = Quality()
        counts = quality.found
        for raw in records_of(chunk):
            counts["read"] += 1
            try:
                # Its arrival, not the present, is what a transaction's age is measured against.
                replay = self._settings.replay or is_replay(raw.partition_key)
                transaction = decode_transaction(raw.data, raw.arrival_ms, replay)
            except RejectedRecord as error:
                counts[error.kind] += 1
                quality.refused(error)
                letters.append(self._letter(shard, raw, error.kind, error.field, str(error)))
                continue
            late = transaction.timestamp_ms < newest - LATENESS_MS
            newest = max(newest, transaction.timestamp_ms)
            key = transaction.transaction_id
            if self._duplicate(key, raw.arrival_ms):
                counts["duplicates"] += 1
                reason = f"{key} arrived less than 60 s ago: send each transaction once"
                letters.append(self._letter(shard, raw, "duplicates", "transaction_id", reason))
                continue
            counts["accepted"] += 1
            accepted.append(Accepted(key, transaction.merchant_id, raw.arrival_ms))
            rows.append(Row(raw.sequence, raw.arrival_ms, transaction))
            if late:
                counts["late"] += 1
                quality.late(transaction, raw.arrival_ms)
                reason = f"{key} is more than 10 minutes behind its shard: only the batch features have it"
                letters.append(self._letter(shard, raw, "late", "timestamp", reason))
            else:
                in_time.append(rows[-1])
        self._newest.update(newest.to_bytes(8, "little"))
        if letters:
            yield OUT, outgoing(letters)
        yield from rows_for("transactions-raw", shard, rows)
        yield from counted({**counts, LAG: lag_ms(raw.arrival_ms)} if counts else {})
        for bundle in bundles((bucket(identity(known.transaction_id)), known) for known in accepted):
            yield ACCEPTED, bundle
        profiles = self._profiles({row.transaction.user_id for row in in_time if row.transaction})
        events = [event_of(row, profiles) for row in in_time]
        for bundle in bundles((bucket(event.merchant), merchant_event_of(event)) for event in events):
            yield TO_MERCHANTS, bundle
        yield from bundles((bucket(event.user), event) for event in events)

    def _duplicate(self, transaction_id: str, arrival_ms: int) -> bool:
        """Whether it is one; what is none is remembered."""
        before = self._seen.get(transaction_id)
        if before is not None and abs(arrival_ms - before) <= DUPLICATE_MS:
            return True
        self._seen.put(transaction_id, arrival_ms)
        return False

    def _letter(self, shard: str, raw: RawRecord, kind: str, field: str | None, error: str) -> Outgoing:
        return letter(self._settings, "transactions-raw", shard, raw, kind, field, error)


class LabelIntake(ProcessFunction):  # type: ignore[misc]
    """Checks labels."""

    def __init__(self, settings: FlinkSettings) -> None:
        self._settings = settings

    def process_element(self, chunk: bytes, _context: Any) -> Iterator[Any]:
        shard = shard_of(chunk)
        labels, rows, letters = [], [], []
        counts = Counter[str]()
        for raw in records_of(chunk):
            counts["labels_read"] += 1
            try:
                label = decode_label(raw.data, raw.arrival_ms)
            except RejectedRecord as error:
                counts["labels_rejected"] += 1
                letters.append(
                    letter(self._settings, "fraud-labels", shard, raw, error.kind, error.field, str(error))
                )
                continue
            known_ms = label.known_ms if label.is_fraud else None
            labels.append(Labelled(label.transaction_id, known_ms, raw.arrival_ms))
            rows.append(Row(raw.sequence, raw.arrival_ms, label=label))
        if letters:
            yield OUT, outgoing(letters)
        yield from rows_for("fraud-labels", shard, rows)
        yield from counted(counts)
        yield from bundles((bucket(identity(label.transaction_id)), label) for label in labels)


def event_of(row: Row, profiles: Mapping[str, Profile | None]) -> UserEvent:
    """What the kernel needs of a transaction, with its distance from the user's home."""
    transaction = row.transaction
    assert transaction is not None  # labels go another way
    profile = profiles.get(transaction.user_id) or _UNKNOWN_HOME
    return UserEvent(
        identity(transaction.user_id),
        identity(transaction.merchant_id),
        transaction.timestamp_ms,
        transaction.hundredths,
        identity(transaction.device) if transaction.device else 0,
        country_code(transaction.country),
        _STATUS[transaction.status],
        _distance(transaction, profile),
        _foreign(transaction, profile),
        key=row.sequence,
        transaction=transaction,
        arrival_ms=row.arrival_ms,
    )


def merchant_event_of(event: UserEvent) -> MerchantEvent:
    """The part of it that a merchant's history needs."""
    assert event.transaction is not None  # only bounded jobs do without
    merchant_id = event.transaction.merchant_id
    return MerchantEvent(event.merchant, event.user, event.time, -1, event.key, merchant_id)


def _distance(transaction: Transaction, profile: Profile) -> float:
    home, place = (profile.home_lat, profile.home_lon), (transaction.lat, transaction.lon)
    return nan if None in (*home, *place) else distance_km(*home, *place)  # type: ignore[arg-type]  # no None


def _foreign(transaction: Transaction, profile: Profile) -> float:
    home, country = profile.home_country, transaction.country
    return nan if home is None or country is None else float(country != home)
