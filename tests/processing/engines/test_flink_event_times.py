"""The event times of the Flink job's records, against a Feature Store that keeps what is greater."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from botocore.exceptions import ClientError

from feature_groups.names import Names
from processing.engines.flink.event_times import EventTimes
from processing.events.moments import iso, milliseconds
from processing.windows import MerchantState
from tests.processing.builders import NOW

MINUTE = 60_000


class Online:
    """The merchant group: a record replaces one whose event time is smaller."""

    def __init__(self) -> None:
        self.records: dict[str, tuple[int, bytes]] = {}
        self.reads = 0
        self.broken = False

    def put(self, entity: str, event_ms: int | None, state: bytes) -> None:
        if event_ms is not None and event_ms > self.records.get(entity, (-1, b""))[0]:
            self.records[entity] = event_ms, state

    def batch_get_record(self, Identifiers: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - boto3's
        self.reads += 1
        self._answer()
        return {
            "Records": [
                {
                    "RecordIdentifierValueAsString": entity,
                    "Record": [{"FeatureName": "event_time", "ValueAsString": iso(self.records[entity][0])}],
                }
                for entity in Identifiers[0]["RecordIdentifiersValueAsString"]
                if entity in self.records
            ]
        }

    def get_record(self, **request: Any) -> dict[str, Any]:
        self._answer()
        state = base64.b64encode(self.records[request["RecordIdentifierValueAsString"]][1]).decode()
        return {"Record": [{"FeatureName": "state", "ValueAsString": state}]}

    def _answer(self) -> None:
        if self.broken:
            raise ClientError({"Error": {"Code": "InternalFailure", "Message": "broken"}}, "read")


def states(*inputs: tuple[str, int]) -> list[bytes]:
    """The merchant's state after each input: a transaction or a fraud that became known."""
    state, found = MerchantState(), []
    for kind, t_ms in inputs:
        if kind == "fraud":
            state.learn_fraud(t_ms)
        else:
            state.update(t_ms, 1)
        found.append(state.encode())
    return found


def write(online: Online, times: EventTimes, state: bytes) -> None:
    times.ask("m", ["m1"])
    online.put("m1", times.of("m", "m1", state), state)


@pytest.fixture
def online() -> Online:
    return Online()


def test_every_new_state_is_written(online: Online) -> None:
    times = EventTimes(online, Names("test"))
    late = ("transaction", NOW - MINUTE)
    for state in states(("transaction", NOW), ("transaction", NOW), late, ("fraud", NOW - 1)):
        write(online, times, state)
        assert online.records["m1"][1] == state
    assert online.records["m1"][0] == NOW + 3
    assert online.reads == 1  # once an entity


def test_a_replay_in_another_order_ends_with_the_last_state(online: Online) -> None:
    """A label known a minute ahead, read before or after the transactions."""
    transactions = [("transaction", NOW + number) for number in range(6)]
    fraud = ("fraud", NOW + MINUTE)
    before = EventTimes(online, Names("test"))
    for state in states(transactions[0], fraud, *transactions[1:4]):
        write(online, before, state)
    after = EventTimes(online, Names("test"))  # the task manager was killed
    replayed = states(*transactions[:4], fraud, *transactions[4:])
    for state in replayed:
        write(online, after, state)
    assert online.records["m1"][1] == replayed[-1]


def test_what_is_older_than_the_record_is_left_out(online: Online) -> None:
    all_states = states(*(("transaction", NOW + number) for number in range(3)))
    for state in all_states:
        write(online, EventTimes(online, Names("test")), state)
    kept = online.records["m1"]
    for state in all_states:
        assert EventTimes(online, Names("test")).of("m", "m1", state) is None
    assert online.records["m1"] == kept


def test_a_store_that_does_not_answer_delays_nothing(online: Online) -> None:
    online.broken = True
    times = EventTimes(online, Names("test"))
    (state,) = states(("transaction", NOW))
    assert times.of("m", "m1", state) == milliseconds(iso(NOW))
