"""Decisions on the stream: every transaction in time once, on the features that the consumer computed."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from feature_groups import FEATURE_NAMES
from feature_groups.names import Names
from inference import bundle, policy
from inference.deciding import Decider
from inference.decision_log import Spool
from inference.ids import DecisionIds
from inference.scoring.model import Model
from inference.settings import DEFAULT_POLICY
from inference.stream.batches import BatchDecider, decision_id
from inference.stream.process import Decide, DeciderProcess
from processing.events import decode_transaction
from processing.generator import Scenario, generate
from processing.sources.records import transaction_records
from processing.stream.engine import Engine
from processing.stream.featured import unpack
from processing.stream.records import Event, RawRecord, ShardId
from processing.stream.store import Store
from tests.inference.decision_log.reading import spooled

EVENTS = 600
_SHARD = ShardId("transactions-raw", "shardId-0")


@pytest.fixture(scope="module")
def payloads(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """What the consumer's engine puts into the outbox for three micro-batches, one record sent twice."""
    source = list(transaction_records(generate(Scenario(events=EVENTS, days=3)).transactions))
    store = Store(tmp_path_factory.mktemp("store"))
    engine = Engine(Names(), store, dict.fromkeys, deciding=True)
    found = []
    for first in range(0, EVENTS, 200):
        part = source[first : first + 200]
        raws = [RawRecord(f"{first + n:056d}", r.time_ms, r.data) for n, r in enumerate([*part, part[-1]])]
        contents = [decode_transaction(raw.data, raw.arrival_ms, True) for raw in raws]
        commit = engine.apply([Event.of(_SHARD, raw, c) for raw, c in zip(raws, contents, strict=True)])
        store.commit(commit)
        found.append(commit.outbox["decisions"])
    store.close()
    return found


def _decide(bundle_dir: Path, folder: Path) -> Decide:
    loaded = bundle.load(bundle_dir)
    assert loaded is not None
    spool = Spool(folder, "stream", 1 << 30)
    rules = policy.load(DEFAULT_POLICY)
    return BatchDecider(Decider(rules, Model(loaded, "7"), "7", spool, DecisionIds(), budget_s=1e9)).decide


@pytest.fixture
def process(bundle_dir: Path, tmp_path: Path) -> Iterator[DeciderProcess]:
    running = DeciderProcess(_decide(bundle_dir, tmp_path / "spool"))
    yield running
    running.close()


def test_every_transaction_is_decided_once_on_the_consumers_features(
    process: DeciderProcess, payloads: list[bytes], tmp_path: Path
) -> None:
    for payload in payloads:
        assert process.deliver([payload]) == 1
    recorded = spooled(tmp_path / "spool")
    featured = [unpack(payload) for payload in payloads]
    expected = [transaction for part in featured for transaction in part.transactions]
    assert len(expected) == EVENTS  # what was sent twice is in there once
    assert [record.transaction_id for record in recorded] == [t.transaction_id for t in expected]
    assert [record.decision_id for record in recorded] == [decision_id(t) for t in expected]
    assert {record.decided_by for record in recorded} <= {"model", "rules"}
    vectors = [vector for part in featured for vector in part.matrix.tolist()]
    for record, vector in zip(recorded, vectors, strict=True):
        assert record.fraud_probability is not None
        assert record.features_used is not None
        assert len(vector) == len(FEATURE_NAMES)
        assert json.dumps(list(record.features_used)) == json.dumps(vector)


def test_a_killed_decider_starts_again_and_names_decisions_as_before(
    process: DeciderProcess, payloads: list[bytes], tmp_path: Path
) -> None:
    assert process.deliver(payloads[:1]) == 1
    os.kill(process.pid, signal.SIGKILL)
    time.sleep(0.05)
    with pytest.raises(ConnectionError):
        process.deliver(payloads[:1])
    assert process.deliver(payloads[:1]) == 1  # the outbox sends again what was not acknowledged
    ids = [record.decision_id for record in spooled(tmp_path / "spool")]
    assert ids[:200] == ids[200:]


def test_what_cannot_be_recorded_is_not_acknowledged(
    bundle_dir: Path, payloads: list[bytes], tmp_path: Path
) -> None:
    def full(_payload: bytes) -> int:
        raise OSError("the disk is full")

    process = DeciderProcess(full)
    try:
        assert process.deliver(payloads[:1]) == 0
        assert process.deliver(payloads[:1]) == 0
    finally:
        process.close()
