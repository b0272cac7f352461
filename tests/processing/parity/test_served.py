"""Served features against the batch: races are late, and nothing but races is."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import msgspec
import pytest

from feature_groups import FEATURE_NAMES
from processing.events import Transaction
from processing.parity.served import Decision, compare_served
from tests.processing.parity.world import START_MS, Sent, World, play

SEEDS = range(12)


@pytest.fixture(scope="module")
def worlds() -> list[World]:
    return [play(seed) for seed in SEEDS]


def test_planted_races_are_late_and_every_witness_is_true(worlds: list[World]) -> None:
    kinds: Counter[str] = Counter()
    equal = 0
    for world in worlds:
        parity = compare_served(world.decisions, world.inputs())
        assert parity.mismatched == ()
        assert parity.equal + len(parity.late) == parity.decisions == len(world.decisions)
        equal += parity.equal
        kinds += parity.reasons
        for judged in parity.late:
            lacked = world.lacking(judged.decision)
            assert judged.features
            assert judged.witnesses
            for witness in judged.witnesses:
                assert witness.arrived_ms in lacked[witness.input_id]
                assert witness.late_ms == witness.arrived_ms - judged.decision.decided_ms
    assert equal > 100
    assert kinds["transaction"] > 30
    assert kinds["label"] > 3


def test_a_decision_that_lacked_nothing_is_equal(worlds: list[World]) -> None:
    for world in worlds:
        complete = [decision for decision in world.decisions if not world.lacking(decision)]
        assert complete
        parity = compare_served(complete, world.inputs())
        assert (parity.equal, parity.late, parity.mismatched) == (len(complete), (), ())


@pytest.mark.parametrize("name", [FEATURE_NAMES[0], FEATURE_NAMES[32], FEATURE_NAMES[-7]])
def test_a_wrong_value_is_a_mismatch_also_in_a_race(worlds: list[World], name: str) -> None:
    for world in worlds[:4]:
        damaged = [
            msgspec.structs.replace(
                d, features={**(d.features or {}), name: ((d.features or {})[name] or 0.0) + 1e-9}
            )
            for d in world.decisions
        ]
        parity = compare_served(damaged, world.inputs())
        assert (parity.equal, parity.late) == (0, ())
        assert len(parity.mismatched) == len(damaged)
        feature = next(f for f in parity.features if f.name == name)
        assert feature.mismatch == len(damaged)
        assert feature.first is not None
        assert not parity.ok


def test_what_was_lost_minutes_ago_is_no_excuse() -> None:
    world = play(3)
    decision = world.decisions[-1]
    # The transaction of another hour, which no record ever held: an input that the store lost.
    forgotten = Transaction(
        "t-lost", decision.user_id, "m-9", 100, "EUR", decision.time_ms - 3_500_000, status="approved"
    )
    world.sent.append(Sent(forgotten, None, decision.decided_ms - 600_000, decision.decided_ms))
    parity = compare_served([decision], world.inputs())
    assert [judged.decision for judged in parity.mismatched] == [decision]


def late_world() -> tuple[Decision, World]:
    world = play(5)
    return next(d for d in world.decisions[40:] if not world.lacking(d)), world


def test_the_late_stream_and_transactions_sent_again_are_told_apart() -> None:
    decision, world = late_world()
    tardy = Transaction("t-tardy", decision.user_id, "m-9", 100, "EUR", decision.time_ms - 1_000_000)
    world.sent.append(Sent(tardy, None, decision.decided_ms - 900, START_MS))
    inputs = replace(world.inputs(), late=frozenset({("t-tardy", decision.decided_ms - 900)}))
    (judged,) = compare_served([decision], inputs).late
    assert {w.kind for w in judged.witnesses} == {"late-stream"}
    assert "t-tardy" in str(judged)
    # Without the late stream's word for it, the record should have had it.
    assert len(compare_served([decision], world.inputs(), lag_ms=500).mismatched) == 1


def test_decisions_that_cannot_be_compared_are_counted() -> None:
    decision, world = late_world()
    change = msgspec.structs.replace
    odd = [
        change(decision, features=None),
        change(decision, transaction_id="never-sent"),
        change(decision, time_ms=decision.time_ms + 1),
        change(decision, decided_ms=decision.decided_ms + 10_000_000),
        change(
            decision, features={n: v for n, v in (decision.features or {}).items() if n != FEATURE_NAMES[1]}
        ),
    ]
    parity = compare_served(odd, world.inputs(), settled_ms=decision.decided_ms)
    assert (parity.without_features, parity.unsettled) == (1, 1)
    assert parity.unmatched == ("never-sent", decision.transaction_id)
    assert len(parity.mismatched) == 1
    assert next(f for f in parity.features if f.name == FEATURE_NAMES[1]).extra == 1
    assert parity.counts()["decisions"] == 5
    document = parity.as_dict()
    assert document["ok"] is False
    assert msgspec.json.encode(document)
