"""Delivery: partial failures, crashes between delivery and acknowledgement, and stopping."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import boto3
import msgspec
import pyarrow.parquet as pq
import pytest
from botocore.config import Config
from botocore.stub import Stubber

from feature_groups.names import Names
from processing.stream.delivery import Delivery
from processing.stream.feature_records import Entry, FeatureRecords
from processing.stream.feature_store_sink import FeatureStoreSink
from processing.stream.feature_writer import FeatureWriter
from processing.stream.kinesis_calls import KinesisCalls
from processing.stream.lake_writer import LakeWriter
from processing.stream.publisher import Publisher
from processing.stream.put_records import put_records
from processing.stream.records import LakeRows, Outgoing
from processing.stream.sinks import Sink
from processing.stream.store import Commit, Store
from processing.windows import UserState
from tests.processing.builders import HOUR, NOW, label, transaction


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path, map_size=1 << 28)
    yield store
    store.close()


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 60  # the kernel may have to be compiled
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


class FlakyStream:
    """Refuses every third record of a request, once."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.arrived: list[bytes] = []

    def put_records(self, _stream: str, records: list[Outgoing]) -> list[int]:
        refused = range(0, len(records), 3) if len(self.sizes) % 2 == 0 else range(0)
        self.sizes.append(len(records))
        self.arrived += [record.data for n, record in enumerate(records) if n not in refused]
        return list(refused)


def test_only_refused_records_are_put_again() -> None:
    stream = FlakyStream()
    records = [Outgoing("s", "k", str(n).encode()) for n in range(1_100)]
    assert put_records(cast(KinesisCalls, stream), records, threading.Event())
    assert sorted(stream.arrived) == sorted(record.data for record in records)
    assert stream.sizes == [500, 167, 500, 167, 100, 34]


def test_requests_stay_below_the_size_limit() -> None:
    stream = FlakyStream()
    records = [Outgoing("s", "k", bytes(1_000_000)) for _ in range(6)]
    assert put_records(cast(KinesisCalls, stream), records, threading.Event())
    assert stream.sizes == [4, 2, 2, 1]


def test_putting_ends_when_it_is_stopped() -> None:
    class Broken:
        def put_records(self, _stream: str, records: list[Outgoing]) -> list[int]:
            return list(range(len(records)))

    stop = threading.Event()
    threading.Timer(0.1, stop.set).start()
    assert not put_records(cast(KinesisCalls, Broken()), [Outgoing("s", "k", b"x")], stop)


def test_payloads_are_delivered_in_order_and_again_after_a_crash(store: Store) -> None:
    arrived: list[bytes] = []

    def deliver(payloads: list[bytes]) -> int:
        arrived.append(payloads[0])
        return 1

    drain = threading.Event()
    first = Delivery("lake", store, deliver, drain)
    first.start()
    for payload in (b"a", b"b"):
        store.commit(Commit(outbox={"lake": payload}))
        first.committed(1)
    until(lambda: first.pending == 0)
    assert arrived == [b"a", b"b"]
    store.commit(Commit(delivered=first.take_delivered()[:1]))  # killed before the second was noted
    second = Delivery("lake", store, deliver, drain)
    second.start()
    until(lambda: second.pending == 0)
    assert arrived == [b"a", b"b", b"b"]
    drain.set()
    first.join(5)
    second.join(5)


class Bucket:
    """Keeps what was put."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def put_object(self, **request: Any) -> None:
        self.objects[request["Key"]] = request["Body"]

    def rows(self) -> list[str]:
        bodies = [pq.ParquetFile(io.BytesIO(body)).read().to_pylist() for body in self.objects.values()]
        return sorted(row["transaction_id"] for rows in bodies for row in rows)


def lake_payload(number: int) -> bytes:
    transactions = [(transaction(10 * number + n, NOW + n * HOUR), NOW) for n in range(3)]
    return msgspec.msgpack.encode(LakeRows("shard-0", str(number), transactions, [label(number)]))


def lake_writer(bucket: Bucket, rows: int) -> tuple[LakeWriter, threading.Event]:
    drain = threading.Event()
    return LakeWriter(bucket, "lake", rows, 3600, drain, threading.Event()), drain


def test_lake_files_wait_until_they_are_worth_writing() -> None:
    bucket = Bucket()
    writer, drain = lake_writer(bucket, rows=10)
    payloads = [lake_payload(1), lake_payload(2)]
    assert writer.deliver(payloads) == 0
    payloads.append(lake_payload(3))
    assert writer.deliver(payloads) == 2
    assert len(bucket.objects) == 4  # three hours and a day of labels
    assert writer.deliver(payloads[2:]) == 0
    drain.set()
    assert writer.deliver(payloads[2:]) == 1
    assert len(bucket.objects) == 8


def test_lake_files_are_replaced_not_doubled_after_a_crash() -> None:
    bucket = Bucket()
    first, drain = lake_writer(bucket, rows=100)
    drain.set()
    assert first.deliver([lake_payload(1), lake_payload(2)]) == 2
    second, drain = lake_writer(bucket, rows=100)  # the delivery was never noted, and more came
    drain.set()
    assert second.deliver([lake_payload(1), lake_payload(2), lake_payload(3)]) == 3
    rows = bucket.rows()
    assert len(rows) == len(set(rows)) == 9 + 3


class Recorder:
    """A feature writer that remembers, slowly."""

    def __init__(self) -> None:
        self.written: list[tuple[str, str]] = []
        self.failures = 1

    def write(self, entries: list[Entry]) -> bool:
        time.sleep(0.01)
        if self.failures:
            self.failures -= 1
            raise OSError("the store is away")
        for entry in entries:
            values = {value["FeatureName"]: value["ValueAsString"] for value in entry["Record"]}
            self.written.append((values["user_id"], values["user_transaction_count_30d"]))
        return True


def test_the_newest_state_of_every_changed_entity_is_published(store: Store) -> None:
    recorder, drain, names = Recorder(), threading.Event(), Names("test")
    publisher = Publisher(
        store,
        FeatureStoreSink(None, names, FeatureRecords(names, store), cast(FeatureWriter, recorder)),
        drain,
    )
    publisher.start()
    users = {f"u{n}": UserState() for n in range(60)}
    for count in range(1, 6):
        for state in users.values():
            state.update(NOW + count, 100, 1)
        number = store.commit(Commit(users={user: state.encode() for user, state in users.items()}))
        publisher.committed([b"u" + user.encode() for user in users], number)
        publisher.release()
    publisher.release(every_seconds=60)

    def published() -> bool:
        publisher.release()
        store.commit(Commit(published=publisher.take_published()))
        return publisher.pending == 0 and not store.dirty()

    until(published)
    last = dict(recorder.written)
    assert last == dict.fromkeys(users, "5")
    drain.set()
    publisher.join(5)


class FailsLate:
    """A feature writer whose first write fails once it is told to."""

    def __init__(self) -> None:
        self.begun, self.fail = threading.Event(), threading.Event()

    def write(self, _entries: list[Entry]) -> bool:
        if self.begun.is_set():
            return True
        self.begun.set()
        self.fail.wait(60)
        return False


def test_a_change_during_a_write_that_fails_is_noted_as_published(store: Store) -> None:
    writer, drain, names = FailsLate(), threading.Event(), Names("test")
    sink = FeatureStoreSink(None, names, FeatureRecords(names, store), cast(FeatureWriter, writer))
    sink.threads = 1
    publisher = Publisher(store, sink, drain)
    publisher.start()
    state = UserState()
    for count in (1, 2):
        state.update(NOW + count, 100, 1)
        publisher.committed([b"uu1"], store.commit(Commit(users={"u1": state.encode()})))
        publisher.release()
        assert writer.begun.wait(60)  # the second change becomes ready while the first is written
    writer.fail.set()
    until(lambda: len(publisher._waiting) == 1)  # the first waits again
    publisher.release()
    until(lambda: publisher.pending == 0)
    store.commit(Commit(published=publisher.take_published()))
    assert not store.dirty()
    drain.set()
    publisher.join(5)


class Away:
    """A sink that is away until it is told to come back."""

    name, threads, most = "away", 1, 25

    def __init__(self) -> None:
        self.here, self.tries = threading.Event(), 0

    def publish(self, _keys: Sequence[bytes]) -> bool:
        self.tries += 1
        return self.here.is_set()


def test_the_oldest_change_is_the_oldest_however_often_writing_failed(store: Store) -> None:
    sink, drain = Away(), threading.Event()
    publisher = Publisher(store, cast(Sink, sink), drain)
    for user, number in (("b", 5), ("a", 3), ("b", 6)):
        publisher.committed([b"u" + user.encode()], number)
    publisher.start()
    for tries in (1, 2, 3):
        publisher.release()
        until(lambda tries=tries: sink.tries >= tries and len(publisher._waiting) == 2)  # type: ignore[misc]
        assert publisher.oldest_pending == 3
    sink.here.set()
    publisher.release()
    until(lambda: publisher.pending == 0)
    assert publisher.oldest_pending is None
    drain.set()
    publisher.join(5)


def test_a_store_without_batch_writes_gets_records_one_by_one() -> None:
    config = Config(parameter_validation=False)
    client = boto3.client("sagemaker-featurestore-runtime", region_name="us-east-1", config=config)
    entry = {"FeatureGroupName": "g", "Record": [{"FeatureName": "user_id", "ValueAsString": "u1"}]}
    writer = FeatureWriter(client, threading.Event())
    with Stubber(client) as stub:
        stub.add_client_error("batch_write_record", "ValidationError", http_status_code=400)
        stub.add_response("put_record", {}, entry)
        stub.add_client_error("put_record", "ValidationError", http_status_code=400)  # refused for good
        stub.add_client_error("put_record", "ThrottlingException", http_status_code=429)
        stub.add_response("put_record", {}, entry)
        assert writer.write([entry])
        assert writer.write([entry])
        assert writer.write([entry])
        stub.assert_no_pending_responses()


def test_prepared_calls_need_a_client_that_does_not_validate() -> None:
    calls = KinesisCalls(boto3.client("kinesis", region_name="us-east-1"))
    with pytest.raises(ValueError, match="parameter_validation=False"):
        calls.get_records("iterator", 1)
