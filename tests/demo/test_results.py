"""The closing account: it balances, or says exactly what does not."""

from __future__ import annotations

from collections import Counter

import pytest

from mirror.demo.results import Results
from processing.parity.served import Decision, ServedParity
from processing.parity.served.report import Judged


def _balanced() -> Results:
    return Results(
        sent=103,
        labels_sent=5,
        expected=Counter(accepted=98, duplicates=2, incomplete=3),
        counted={"accepted": 98, "duplicates": 2, "incomplete": 3, "labels_accepted": 5},
        dead_letters=Counter(duplicates=2, incomplete=3),
        latencies_ms=[1.0] * 98 + [5.0, 9.0],
    )


def test_balanced_figures_have_no_problems() -> None:
    results = _balanced()
    assert results.problems() == []
    document = results.as_dict()
    assert document["adds_up"] is True
    assert document["events"] == {
        "sent": 103,
        "accepted": 98,
        "dead_letters": {"schema-errors": 0, "incomplete": 3, "processing-errors": 0},
        "duplicates": 2,
    }
    assert document["latency_ms"]["p50"] == 1.0
    assert document["latency_ms"]["p99"] >= 5.0


def test_a_lost_event_is_a_problem() -> None:
    results = _balanced()
    results.sent += 1
    assert any("= 103, but 104 were sent" in problem for problem in results.problems())


def test_a_counted_dead_letter_that_is_not_in_its_stream_is_a_problem() -> None:
    results = _balanced()
    results.dead_letters["incomplete"] -= 1
    assert any("counted 3 incomplete, its stream holds 2" in problem for problem in results.problems())


@pytest.mark.parametrize("kind", ["accepted", "duplicates", "incomplete"])
def test_an_outcome_that_was_not_expected_is_a_problem(kind: str) -> None:
    results = _balanced()
    results.expected[kind] += 1
    assert any(f"{kind} were expected" in problem for problem in results.problems())


def test_labels_have_an_account_of_their_own() -> None:
    results = _balanced()
    results.label_dead_letters = 1
    assert any("rejected 0 labels, the streams hold 1" in problem for problem in results.problems())


def test_nothing_measured_has_no_percentiles() -> None:
    assert Results().percentiles() == {}


def test_a_decision_on_other_features_than_the_batch_is_a_problem() -> None:
    results = _balanced()
    results.decisions = Counter(approve=2)
    results.parity = _parity(())
    assert results.problems() == []
    assert results.as_dict()["parity"]["equal"] == 2
    results.parity = _parity((Judged(_DECISION, ("amount",), (), "nothing gives it"),))
    assert any("1 decisions were served features" in problem for problem in results.problems())
    results.decisions["approve"] += 1
    assert any("3 decisions were made, the log of decisions has 2" in p for p in results.problems())


_DECISION = Decision("t-1", "u-1", "m-1", 0, 0, None, None)


def _parity(mismatched: tuple[Judged, ...]) -> ServedParity:
    return ServedParity(
        decisions=2,
        equal=2 - len(mismatched),
        late=(),
        mismatched=mismatched,
        without_features=0,
        unmatched=(),
        unsettled=0,
        features=(),
        late_cells={},
    )
