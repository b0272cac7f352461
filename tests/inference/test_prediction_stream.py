"""The log of decisions: nothing waits for it, nothing is lost without being counted."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from inference.prediction_stream import MOST_RECORDS, PredictionStream
from inference.predictions import FeaturesAsOf, Prediction

Record = dict[str, Any]


class Kinesis:
    """``PutRecords`` that does what a script says: by call number, which records fail, or an error."""

    def __init__(self, script: Callable[[int, list[Record]], list[int]] = lambda *_: []) -> None:
        self._script = script
        self.calls: list[list[Record]] = []
        self.arrived: list[str] = []

    def put_records(self, StreamName: str, Records: list[Record]) -> dict[str, Any]:  # noqa: N803 - boto3's
        assert StreamName == "predictions"
        self.calls.append(Records)
        failed = self._script(len(self.calls), Records)
        self.arrived += [
            record["PartitionKey"] for index, record in enumerate(Records) if index not in failed
        ]
        error = {"ErrorCode": "ProvisionedThroughputExceededException", "ErrorMessage": "slow down"}
        results = [error if index in failed else {"SequenceNumber": "1"} for index in range(len(Records))]
        return {"FailedRecordCount": len(failed), "Records": results}


def prediction(number: int) -> Prediction:
    return Prediction(
        f"t-{number}", "u", "m", "2026-03-01T00:00:00.000Z", "2026-03-01T00:00:01.000Z", "approve", "rules",
        "no model is deployed", None, [], None, "1", None, FeaturesAsOf(None, None, None), 1.0,
    )  # fmt: skip


def started(client: Kinesis, **options: Any) -> PredictionStream:
    stream = PredictionStream(client, "predictions", **options)
    stream.start()
    return stream


def test_records_arrive_in_batches_in_their_order() -> None:
    client = Kinesis()
    stream = PredictionStream(client, "predictions")
    for number in range(2 * MOST_RECORDS + 1):
        stream.put(prediction(number))
    stream.start()
    stream.close(5)
    assert client.arrived == [f"t-{number}" for number in range(2 * MOST_RECORDS + 1)]
    assert [len(call) for call in client.calls] == [MOST_RECORDS, MOST_RECORDS, 1]
    assert json.loads(client.calls[0][0]["Data"])["transaction_id"] == "t-0"
    assert stream.counters == {"queued": 1_001, "sent": 1_001, "retried": 0, "overflowed": 0}


def test_only_what_was_refused_is_sent_again() -> None:
    client = Kinesis(lambda call, _: [1, 3] if call == 1 else [])
    stream = PredictionStream(client, "predictions")
    for number in range(5):
        stream.put(prediction(number))
    stream.start()
    stream.close(5)
    assert client.arrived == ["t-0", "t-2", "t-4", "t-1", "t-3"]
    assert stream.counters == {"queued": 5, "sent": 5, "retried": 2, "overflowed": 0}


@pytest.mark.parametrize(
    "error",
    [
        ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "PutRecords"),
        EndpointConnectionError(endpoint_url="-"),
    ],
)
def test_an_outage_is_survived(error: Exception) -> None:
    def script(call: int, _: list[Record]) -> list[int]:
        if call < 3:
            raise error
        return []

    client = Kinesis(script)
    stream = started(client)
    stream.put(prediction(1))
    deadline = time.monotonic() + 10
    while not client.arrived and time.monotonic() < deadline:
        time.sleep(0.01)
    stream.put(prediction(2))
    stream.close(5)
    assert client.arrived == ["t-1", "t-2"]
    assert (stream.counters["sent"], stream.counters["retried"]) == (2, 2)


def test_a_full_queue_drops_without_waiting_and_says_what() -> None:
    stuck = threading.Event()

    def script(_: int, records: list[Record]) -> list[int]:
        stuck.wait(10)
        return list(range(len(records)))

    dropped: list[str] = []

    def keep(predictions: Sequence[Prediction]) -> None:
        dropped.extend(one.transaction_id for one in predictions)

    client = Kinesis(script)
    stream = started(client, capacity=10, overflow=keep)
    stream.put(prediction(0))
    while not client.calls:
        time.sleep(0.01)
    begun = time.perf_counter()
    for number in range(1, 31):
        stream.put(prediction(number))
    assert time.perf_counter() - begun < 0.1
    assert dropped == [f"t-{number}" for number in range(11, 31)]
    stuck.set()
    stream.close(0.3)
    # At the end the stream still refuses: everything is accounted for, and handed over.
    assert sorted(dropped) == sorted(f"t-{number}" for number in range(31))
    assert (stream.counters["sent"], stream.counters["overflowed"]) == (0, 31)


def test_an_overflow_that_fails_harms_nobody() -> None:
    def broken(_: Sequence[Prediction]) -> None:
        raise OSError("disk full")

    stream = PredictionStream(Kinesis(), "predictions", capacity=0, overflow=broken)
    stream.put(prediction(1))
    assert stream.counters["overflowed"] == 1
