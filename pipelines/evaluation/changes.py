"""What changed since the model in production was trained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipelines.evaluation.model import Model

_PLAIN = (
    "trained_at_as_of",
    "training_window",
    "validation_window",
    "training_data_sha256",
    "code_version",
    "xgboost_version",
)
# Trials of the search are in bundle.json; what they chose is among the settings.
_SELF_EVIDENT = {"feature_names", "model_sha256", "search", *_PLAIN}
_SHOWN = 10


def changes(
    challenger: Model, champion: Model, train_rows: int, champion_summary: Mapping[str, str]
) -> dict[str, Any]:
    """Facts of both bundles side by side, and the features whose share of the gain moved most.

    Every entry of ``bundle.json`` is compared, so what a later version of the training adds shows by itself.
    """
    ours, theirs = challenger.bundle, champion.bundle
    facts = [_fact("training rows", champion_summary.get("train_rows"), str(train_rows))]
    facts += [_fact(name, theirs.get(name), ours.get(name)) for name in _PLAIN]
    for name in sorted({*ours, *theirs} - _SELF_EVIDENT):
        facts += _entries(name, theirs.get(name), ours.get(name))
    now, before = challenger.importances(), champion.importances()
    moved = sorted({*now, *before}, key=lambda name: (-abs(now.get(name, 0) - before.get(name, 0)), name))
    return {
        "facts": facts,
        "importances": [
            {"feature": name, "before": before.get(name, 0.0), "now": now.get(name, 0.0)}
            for name in moved[:_SHOWN]
        ],
    }


def _entries(name: str, before: Any, now: Any) -> list[dict[str, Any]]:
    if not isinstance(before, dict) and not isinstance(now, dict):
        return [_fact(name, before, now)]
    old = before if isinstance(before, dict) else {}
    new = now if isinstance(now, dict) else {}
    return [_fact(f"{name}: {key}", old.get(key), new.get(key)) for key in sorted({*old, *new})]


def _fact(name: str, before: Any, now: Any) -> dict[str, Any]:
    what = name.replace("_", " ")
    return {"what": what, "before": _told(before), "now": _told(now), "same": before == now}


def _told(value: Any) -> str:
    if value is None:
        return "not recorded"
    if isinstance(value, dict) and set(value) == {"start", "end"}:
        return f"{value['start']} to {value['end']}"
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
