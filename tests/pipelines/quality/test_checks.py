"""The layers' checks: found by themselves, and the figures they reckon with."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines import quality
from pipelines.quality.check import Finding, Layer
from pipelines.quality.document import document, reason
from pipelines.quality.psi import psi
from pipelines.quality.trained import Trained

THRESHOLDS = {"review": 0.5, "decline": 0.9}


@pytest.mark.parametrize("layer", ["batch", "training", "model"])
def test_every_check_has_a_name_and_a_question(layer: Layer) -> None:
    checks = quality.checks_of(layer)
    assert len(checks) >= 2
    assert all(check.what.endswith("?") for check in checks)


def test_psi_is_zero_for_the_same_and_grows_with_the_shift() -> None:
    random = np.random.default_rng(0)
    before = random.normal(size=20_000)
    assert psi(before, before) == 0
    assert psi(before, random.normal(size=20_000)) < 0.01
    shifts = [psi(before, random.normal(shift, size=20_000)) for shift in (0.25, 0.5, 1.0)]
    assert shifts == sorted(shifts)
    assert shifts[0] < 0.1
    assert shifts[2] > 0.5


def test_psi_by_hand() -> None:
    """Half of two values against a quarter: (q - p) * ln(q / p) for each, and the floor for missing ones."""
    before, now = [0.0] * 50 + [1.0] * 50, [0.0] * 25 + [1.0] * 75
    assert psi(before, now) == pytest.approx(-0.25 * np.log(0.5) + 0.25 * np.log(1.5), abs=1e-9)
    missing = [np.nan] * 50 + [0.0] * 50
    assert psi([0.0] * 100, missing) == pytest.approx(
        -0.5 * np.log(0.5) + (0.5 - 1e-4) * np.log(0.5 / 1e-4), abs=1e-9
    )


@pytest.mark.parametrize(
    ("trained", "check", "message"),
    [
        (Trained(np.full(100, 0.2), 0.5, {}, THRESHOLDS), "one_class_predictions", "has learnt nothing"),
        (
            Trained(np.linspace(0, 0.4, 100), 0.9, {}, THRESHOLDS),
            "one_class_predictions",
            "nothing of the test window",
        ),
        (
            Trained(np.linspace(0.4, 1, 100), 0.9, {}, THRESHOLDS),
            "one_class_predictions",
            "83% of the test window",
        ),
        (
            Trained(np.linspace(0, 1, 100) ** 2, 0.9995, {"amount": 0.95}, THRESHOLDS),
            "importances",
            "amount has 95%",
        ),
    ],
)
def test_a_model_that_is_not_sound(trained: Trained, check: str, message: str) -> None:
    found = list(quality.findings("model", trained))
    assert [(one.check, one.severity) for one in found] == [(check, "critical")]
    assert message in found[0].message


def test_a_sound_model() -> None:
    scores = np.concatenate([np.linspace(0, 0.3, 950), np.linspace(0.5, 1, 50)])
    found = list(
        quality.findings("model", Trained(scores, 0.9, {"amount": 0.7, "hour_of_day": 0.3}, THRESHOLDS))
    )
    assert [(one.check, one.severity) for one in found] == [("importances", "warning")]


def test_a_reason_is_one_line_that_a_failure_has_room_for() -> None:
    found = [Finding(f"check_{number}", "batch", "critical", "x" * 900, []) for number in range(3)]
    assert len(reason(found)) == 700
    assert reason(found).startswith("check_0, check_1, check_2: xxx")
    assert document(found, ("batch",))["critical"] == 3
