"""Collects decisions and everything they depend on from one environment."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
import pyarrow as pa

from feature_groups.names import Names
from processing.events import Label, RejectedRecord, decode_label, decode_transaction
from processing.lake.keys import profiles_prefix
from processing.parity.served.decisions import Decision, as_json, decode_decision
from processing.parity.served.inputs import ARRIVED_LABELS, PROFILE_VERSIONS, Inputs
from processing.parity.served.lake import Lake
from processing.parity.served.moments import milliseconds
from processing.parity.served.streams import read_stream
from processing.schemas.reading import AvroReader
from processing.schemas.registry import glue_definitions

_READ = ("transactions-raw", "fraud-labels", "model-predictions")
_HOME = ("home_lat", "home_lon")
_PROFILE = ["event_time", *_HOME, "home_country"]


@dataclass(frozen=True, slots=True)
class Clients:
    """boto3 clients of the environment's account and region."""

    kinesis: Any
    s3: Any
    features: Any
    sts: Any
    glue: Any

    @classmethod
    def of(cls, client: Callable[[str], Any]) -> Clients:
        """Clients from a function that makes one by the name of its service."""
        return cls(*map(client, ("kinesis", "s3", "sagemaker-featurestore-runtime", "sts", "glue")))


class Logged(NamedTuple):
    """A decision, and its record as JSON."""

    decision: Decision
    record: bytes


class _Envelope(msgspec.Struct):
    arrival_time: datetime
    payload: str | None


_envelope = msgspec.json.Decoder(_Envelope)


class Collector:
    """Reads the streams, the lake and the Feature Store of one environment."""

    def __init__(self, clients: Clients, names: Names) -> None:
        self._clients, self._names = clients, names
        definitions = glue_definitions(clients.glue)
        self._avro = {name: AvroReader(name, definitions) for name in _READ}

    def predictions(self, since_ms: int | None, limit: int | None = None) -> list[Logged]:
        """Decisions of the ``model-predictions`` stream with their records, oldest first.

        A decision whose record arrived twice is one decision.

        Args:
            since_ms: only decisions from then on; None for all that are retained.
            limit: only the newest.

        Raises:
            ValueError: a record is no prediction record.
        """
        found: dict[bytes, Logged] = {}
        for record in read_stream(self._clients.kinesis, self._names.stream("model-predictions"), since_ms):
            document = as_json(record.data, self._avro["model-predictions"])
            decision = decode_decision(document)
            if since_ms is None or decision.decided_ms >= since_ms:
                found[document] = Logged(decision, document)
        ordered = sorted(found.values(), key=lambda logged: logged.decision.decided_ms)
        return ordered if limit is None else ordered[-limit:]

    def decisions(self, since_ms: int | None, limit: int | None = None) -> list[Decision]:
        """The decisions of `predictions`."""
        return [logged.decision for logged in self.predictions(since_ms, limit)]

    def inputs(self, decisions: Sequence[Decision], lag_ms: int) -> Inputs:
        """Everything on the users and merchants of some decisions.

        Args:
            lag_ms: arrivals of labels are looked up from so long before the first decision on.
        """
        if not decisions:
            return Inputs()
        users = {decision.user_id for decision in decisions}
        merchants = {decision.merchant_id for decision in decisions}
        identity = self._clients.sts.get_caller_identity()
        region = self._clients.s3.meta.region_name
        lake = Lake(self._clients.s3, self._names.lake_bucket(identity["Account"], region))
        transactions = lake.transactions(users, merchants).sort_by([("arrival_time", "ascending")])
        since_ms = min(decision.decided_ms for decision in decisions) - 2 * lag_ms
        labels = self._arrived(lake.labels(transactions), since_ms)
        profiles = lake.profiles(profiles_prefix(self._names, identity["Account"], region), users)
        return Inputs(transactions, labels, self._completed(profiles, decisions), self._late())

    def _arrived(self, labels: pa.Table, since_ms: int) -> pa.Table:
        """Labels with their arrival at the stream, where that was after `since_ms`."""
        arrivals: dict[tuple[str, bool, int], int] = {}
        for record in read_stream(self._clients.kinesis, self._names.stream("fraud-labels"), since_ms):
            try:
                label: Label = decode_label(record.data, record.arrived_ms, self._avro["fraud-labels"])
            except RejectedRecord:
                continue  # it never reached the lake
            key = (label.transaction_id, label.is_fraud, label.known_ms)
            arrivals[key] = min(arrivals.get(key, record.arrived_ms), record.arrived_ms)
        known = labels["investigation_complete_time"].cast(pa.int64()).to_pylist()
        keys = zip(labels["transaction_id"].to_pylist(), labels["is_fraud"].to_pylist(), known, strict=True)
        moments = pa.array([arrivals.get(key) for key in keys], pa.int64())
        return labels.append_column("arrival_time", moments.cast(pa.timestamp("ms", tz="UTC"))).cast(
            ARRIVED_LABELS
        )

    def _completed(self, profiles: pa.Table, decisions: Sequence[Decision]) -> pa.Table:
        """The offline versions, and those read by decisions that are still only online."""
        moments = profiles["event_time"].cast(pa.int64()).to_pylist()
        offline = set(zip(profiles["user_id"].to_pylist(), moments, strict=True))
        wanted = {
            decision.user_id
            for decision in decisions
            if decision.as_of is not None
            and decision.as_of.profile is not None
            and (decision.user_id, decision.as_of.profile) not in offline
        }
        rows = [row for user in sorted(wanted) if (row := self._online(user)) is not None]
        return pa.concat_tables([profiles, pa.Table.from_pylist(rows, PROFILE_VERSIONS)])

    def _online(self, user_id: str) -> dict[str, Any] | None:
        answer = self._clients.features.get_record(
            FeatureGroupName=self._names.feature_group("user-profile"),
            RecordIdentifierValueAsString=user_id,
            FeatureNames=_PROFILE,
        )
        values = {item["FeatureName"]: item["ValueAsString"] for item in answer.get("Record", [])}
        if not values:
            return None
        home = {name: None if (text := values.get(name)) is None else float(text) for name in _HOME}
        return {
            "user_id": user_id,
            "event_time": datetime.fromisoformat(values["event_time"]),
            "home_country": values.get("home_country"),
            **home,
        }

    def _late(self) -> frozenset[tuple[str, int]]:
        found = set()
        for record in read_stream(self._clients.kinesis, self._names.stream("transactions-late")):
            letter = _envelope.decode(record.data)
            if letter.payload is not None:
                arrived_ms, payload = milliseconds(letter.arrival_time), base64.b64decode(letter.payload)
                late = decode_transaction(payload, arrived_ms, True, self._avro["transactions-raw"])
                found.add((late.transaction_id, arrived_ms))
        return frozenset(found)
