"""Whether a model may be registered for review: one criterion a line, each with what it is judged by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

_LONGEST_REASON = 1_500  # a failure message of a pipeline has 3,072 characters


class Limits(NamedTuple):
    """Parameters of the execution.

    Attributes:
        auc, average_precision: least on the test window.
        tolerance: loss of average precision against production that does not matter.
        slowest_ms: p95 of the answers of the server with this model.
    """

    auc: float
    average_precision: float
    tolerance: float
    slowest_ms: float


class Criterion(NamedTuple):
    """Attributes: `text` is what was found, against what was wanted."""

    name: str
    met: bool
    text: str


def judge(evaluation: Mapping[str, Any], limits: Limits) -> dict[str, Any]:
    """The verdict, as evaluation.json has it: ``failed`` counts the criteria that are not met."""
    criteria = list(_criteria(evaluation, limits))
    missed = [one for one in criteria if not one.met]
    reason = "; ".join(one.text for one in missed) or "every criterion is met"
    if len(reason) > _LONGEST_REASON:
        reason = f"{reason[: _LONGEST_REASON - 3]}..."
    return {
        "failed": len(missed),
        "criteria": [one._asdict() for one in criteria],
        "limits": limits._asdict(),
        "summary": {"reason": reason},
    }


def _criteria(evaluation: Mapping[str, Any], limits: Limits) -> Iterator[Criterion]:
    auc = evaluation["binary_classification_metrics"]["auc"]["value"]
    precision = evaluation["fraud_metrics"]["average_precision"]
    yield _at_least("AUC", auc, limits.auc)
    yield _at_least("average precision", precision, limits.average_precision)
    quality = evaluation["quality"]
    yield Criterion("checks of the model", not quality["critical"], quality["summary"]["reason"])
    comparison = evaluation["comparison"]
    yield Criterion("not worse than production", comparison["verdict"] != "worse", comparison["text"])
    slow = evaluation["serving"]["p95_ms"]
    yield Criterion(
        "fast enough",
        slow <= limits.slowest_ms,
        f"the server answers with it in {slow:.1f} ms at the 95th percentile (at most {limits.slowest_ms:g})",
    )


def _at_least(name: str, value: float, least: float) -> Criterion:
    return Criterion(name, value >= least, f"{name} {value:.4f} (minimum {least:g})")
