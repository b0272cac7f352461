"""The producer: batches within the limit, refused records sent again, order kept."""

from __future__ import annotations

from typing import Any

import pytest

from mirror.demo.producer import BATCH, Producer, ProducerError, batches
from processing.sources.records import Record

RECORDS = [Record(f"u{i}", f"{i}".encode(), i) for i in range(1_234)]


class _Stream:
    """A stream that refuses the records in `refusals` the first `times` times it sees them."""

    def __init__(self, refusals: set[bytes], times: int = 1) -> None:
        self.taken: list[bytes] = []
        self._left = dict.fromkeys(refusals, times)

    def put_records(self, *, StreamName: str, Records: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        assert StreamName == "raw"
        assert len(Records) <= BATCH
        answers = []
        for record in Records:
            if self._left.get(record["Data"], 0) > 0:
                self._left[record["Data"]] -= 1
                answers.append({"ErrorCode": "ProvisionedThroughputExceededException"})
            else:
                self.taken.append(record["Data"])
                answers.append({"SequenceNumber": "1", "ShardId": "s"})
        return {"FailedRecordCount": 0, "Records": answers}


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mirror.demo.producer.time.sleep", lambda _: None)


def test_all_records_arrive_in_order() -> None:
    stream = _Stream(set())
    producer = Producer(stream, "raw")
    for batch in batches(RECORDS):
        producer.put(batch)
    assert stream.taken == [record.data for record in RECORDS]
    assert producer.sent == len(RECORDS)


def test_refused_records_are_sent_again_and_nothing_else() -> None:
    stream = _Stream({b"3", b"77"}, times=2)
    producer = Producer(stream, "raw")
    producer.put(RECORDS[:100])
    assert sorted(stream.taken) == sorted(record.data for record in RECORDS[:100])
    assert producer.sent == 100


def test_a_stream_that_keeps_refusing_is_an_error_that_names_it() -> None:
    producer = Producer(_Stream({b"5"}, times=99), "raw")
    with pytest.raises(ProducerError, match="raw refuses 1 records: ProvisionedThroughput"):
        producer.put(RECORDS[:10])
    assert producer.sent == 0
