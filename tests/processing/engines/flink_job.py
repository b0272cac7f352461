"""The stream job on a mirror: what is put on its streams, what comes out, and what should."""

from __future__ import annotations

import base64
import io
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pyarrow.parquet as pq

from feature_groups import FEATURE_NAMES
from feature_groups.names import DEAD_LETTERS
from processing.engines.flink.environment import JAR, environ, python
from processing.events import decode_transaction
from processing.features import observe, vector
from processing.windows import LATENESS_MS, MerchantState, UserState
from tests.processing.stream.mirror import BUCKET, NAMES, Mirror
from tests.processing.windows.logs import Log, Row

LATE = "transactions-late"
# Generated logs may reach years ahead, and the future is refused. A multiple of every tile.
_PAST_MS = 10 * 365 * 86_400_000


class Expected(NamedTuple):
    """What a log of one shard means: features by transaction id, and the states that it leaves."""

    features: dict[str, list[float | None]]
    users: dict[str, UserState]
    merchants: dict[str, MerchantState]


def raw(row: Row) -> bytes:
    """A row as the customer sends it."""
    place = None if row.lat is None else {"lat": row.lat, "lon": row.lon}
    record = {
        "transaction_id": row.transaction_id,
        "user_id": row.user,
        "merchant_id": row.merchant,
        "amount": row.amount / 100,
        "currency": "EUR",
        "timestamp": _iso(row.t),
        "location": place,
        **{name: getattr(row, name) for name in ("country", "device", "status")},
    }
    return json.dumps(record).encode()


def label(transaction_id: str, known_ms: int) -> bytes:
    record = {"transaction_id": transaction_id, "is_fraud": True, "confidence": 1.0}
    return json.dumps({**record, "investigation_complete_time": _iso(known_ms)}).encode()


def expected(rows: list[Row], frauds: list[tuple[str, int]]) -> Expected:
    """Rows applied one by one in order of arrival; frauds have to be known after all of them."""
    features: dict[str, list[float | None]] = {}
    users: dict[str, UserState] = {}
    merchants: dict[str, MerchantState] = {}
    shops: dict[str, str] = {}
    newest = 0
    for row in rows:
        if row.transaction_id in shops:
            continue
        shops[row.transaction_id] = row.merchant
        late = row.t < newest - LATENESS_MS
        newest = max(newest, row.t)
        if late:
            continue
        transaction = decode_transaction(raw(row), row.t, replay=True)
        user = users.setdefault(row.user, UserState())
        merchant = merchants.setdefault(row.merchant, MerchantState())
        values = vector(transaction, None, user, merchant)
        features[row.transaction_id] = [None if value != value else value for value in values]
        observe(transaction, user, merchant)
    assert all(known > newest for _, known in frauds)
    for transaction_id, known in frauds:
        merchants[shops[transaction_id]].learn_fraud(known)
    return Expected(features, users, merchants)


def put(mirror: Mirror, stream: str, records: list[bytes]) -> None:
    kinesis = mirror.client("kinesis")
    for start in range(0, len(records), 500):
        entries = [{"Data": data, "PartitionKey": "key"} for data in records[start : start + 500]]
        kinesis.put_records(StreamName=NAMES.stream(stream), Records=entries)


class Outputs:
    """Everything on the streams that the job writes, read on as it comes."""

    def __init__(self, mirror: Mirror) -> None:
        self._kinesis = mirror.client("kinesis")
        self.records: dict[str, list[bytes]] = {}
        self._iterators: dict[str, list[str]] = {}
        streams = {name: NAMES.stream(name) for name in ("transactions-enriched", LATE)}
        for name, stream in (
            streams | {name: NAMES.dead_letter_stream(name) for name in DEAD_LETTERS}
        ).items():
            self.records[name] = []
            shards = self._kinesis.list_shards(StreamName=stream)["Shards"]
            self._iterators[name] = [
                self._kinesis.get_shard_iterator(
                    StreamName=stream, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
                )["ShardIterator"]
                for shard in shards
            ]

    def read(self) -> None:
        for name, iterators in self._iterators.items():
            for number, iterator in enumerate(iterators):
                answer = self._kinesis.get_records(ShardIterator=iterator)
                iterators[number] = answer["NextShardIterator"]
                self.records[name] += [record["Data"] for record in answer["Records"]]

    @property
    def enriched(self) -> dict[str, list[float | None]]:
        """Features by transaction id; a record that was sent again has to be the same."""
        found: dict[str, bytes] = {}
        for data in self.records["transactions-enriched"]:
            transaction_id = msgspec.json.decode(data)["transaction_id"]
            assert found.setdefault(transaction_id, data) == data, transaction_id
        decoded = {key: msgspec.json.decode(data)["features"] for key, data in found.items()}
        return {key: [features[name] for name in FEATURE_NAMES] for key, features in decoded.items()}

    def letters(self, name: str) -> list[dict[str, Any]]:
        """Dead letters of a kind, or late records, one per record of the raw stream."""
        decoded = [msgspec.json.decode(data) for data in self.records[name]]
        return list({letter["sequence_number"]: letter for letter in decoded}.values())


def lake(mirror: Mirror, prefix: str) -> list[dict[str, Any]]:
    """Every row below a prefix of the lake, and which file it is in."""
    s3 = mirror.client("s3")
    keys = [x["Key"] for x in s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])]
    rows: list[dict[str, Any]] = []
    for key in keys:
        if key.endswith(".parquet"):
            body = s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
            rows += [{**row, "key": key} for row in pq.ParquetFile(io.BytesIO(body)).read().to_pylist()]
    return rows


def metric(mirror: Mirror, name: str) -> float:
    """The sum of a metric over all the time that the job ran."""
    now = datetime.now(UTC)
    answer = mirror.client("cloudwatch").get_metric_statistics(
        Namespace="Fraudline",
        MetricName=name,
        Dimensions=[{"Name": "Environment", "Value": "test"}],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(minutes=1),
        Period=86_400,
        Statistics=["Sum"],
    )
    return float(sum(point["Sum"] for point in answer["Datapoints"]))


def online_state(mirror: Mirror, group: str, entity: str) -> str | None:
    """The packed state in the Feature Store, as base64."""
    answer = mirror.client("sagemaker-featurestore-runtime").get_record(
        FeatureGroupName=NAMES.feature_group(group), RecordIdentifierValueAsString=entity
    )
    values = {value["FeatureName"]: value["ValueAsString"] for value in answer.get("Record", [])}
    return values.get("state")


def published(mirror: Mirror, wanted: Expected) -> bool:
    """Whether the Feature Store has the final state of every user and merchant."""
    users = {("user-activity", name): state.encode() for name, state in wanted.users.items()}
    merchants = {("merchant", name): state.encode() for name, state in wanted.merchants.items()}
    return all(
        online_state(mirror, group, name) == base64.b64encode(state).decode()
        for (group, name), state in (users | merchants).items()
    )


def wait(until: Callable[[], bool], seconds: float, log: Path) -> None:
    """Wait until something is so; fails with the end of the job's log."""
    deadline = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < deadline, complaints(log)
        time.sleep(0.2)


def complaints(log: Path) -> str:
    """The end of a log, and why tasks failed."""
    lines = log.read_text(errors="replace").splitlines()
    for file in sorted(log.parent.glob("flink/*.log")):
        lines += [line for line in file.read_text(errors="replace").splitlines() if "Caused by" in line][-10:]
    return "\n".join(lines[-60:])


def properties(mirror: Mirror, **more: str) -> Path:
    """A file of properties for the job."""
    values = {"environment": "test", "region": "us-east-1", "endpoint": f"http://127.0.0.1:{mirror.port}"}
    values |= {"lake_bucket": BUCKET, "lake_ms": "1000", "metrics_ms": "1000"}
    group = {"PropertyGroupId": "FraudlineStream", "PropertyMap": {**values, "replay": "1", **more}}
    path = mirror.folder / "application_properties.json"
    path.write_text(json.dumps([group]))
    return path


def job_environ(mirror: Mirror, file: Path) -> dict[str, str]:
    """The job's variables. Plain Python starts at once; the features are the same to the bit."""
    more = {
        "FRAUDLINE_FLINK_PROPERTIES": str(file),
        "FRAUDLINE_FLINK_JAR": str(JAR),
        "FRAUDLINE_KERNEL": "python",
        "FLINK_LOG_DIR": str(mirror.folder / "flink"),
    }
    return environ({**mirror.environ, **more})


@contextmanager
def running(mirror: Mirror, log: Path) -> Iterator[None]:
    """The job on a cluster inside its own process."""
    file = properties(mirror, checkpoints=(mirror.folder / "checkpoints").as_uri(), checkpoint_ms="2000")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(python()), "-m", "processing.engines.flink.main"],
            env=job_environ(mirror, file),
            stdout=output,
            stderr=output,
        )
    try:
        yield
        assert process.poll() is None, complaints(log)
    finally:
        process.terminate()  # PyFlink takes its Java process with it
        process.wait(30)


def shifted(log: Log, frauds: int) -> tuple[list[Row], list[tuple[str, int]]]:
    """A log's rows, all of them in the past, and some of them as frauds that become known after its end."""
    rows = [row._replace(t=row.t - _PAST_MS) for row in log.rows]
    end = max(row.t for row in rows)
    return rows, [(row.transaction_id, end + 1 + at) for at, row in enumerate(rows[:frauds])]


def _iso(t_ms: int) -> str:
    return datetime.fromtimestamp(t_ms / 1000, UTC).isoformat(timespec="milliseconds")
