"""One decision without a server around it: what breaks in it leaves the caller with a decision."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from inference import bundle, rules, service
from inference.feature_store import Records
from inference.model import Model
from inference.settings import DEFAULT_RULES
from tests.inference.running import history
from tests.processing.builders import transaction


class _Reader:
    """Answers with the records of one user and merchant."""

    async def read(self, user_id: str, merchant_id: str) -> Records:  # noqa: ARG002 - the protocol's
        profile, user, merchant = history()
        return Records(profile, user, merchant, "p", "u", "m")


def test_features_that_cannot_be_computed_leave_the_decision_to_the_rules(
    bundle_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = bundle.load(bundle_dir)
    assert loaded is not None
    deciding = service.DecisionService(
        _Reader(), rules.RuleEngine(rules.load(DEFAULT_RULES)), Model(loaded), "7", read_budget_s=5
    )
    asked = transaction(amount_minor=300_000)
    assert asyncio.run(deciding.decide(asked, time.perf_counter())).decided_by == "model"

    def broken(*_: object) -> list[float]:
        raise ZeroDivisionError

    monkeypatch.setattr("processing.features.vector", broken)
    answer = asyncio.run(deciding.decide(asked, time.perf_counter()))
    assert (answer.decided_by, answer.decision) == ("rules", "review")
    assert answer.fallback_reason == "computing the features failed: ZeroDivisionError"
    assert answer.reasons[0].feature == "amount"
