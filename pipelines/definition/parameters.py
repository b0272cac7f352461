"""The parameters that one execution of the nightly pipeline can set."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.definition.inputs import NightlyInputs


@dataclass(frozen=True, slots=True)
class PipelineParameter:
    """One execution parameter. Without a `default` every execution has to give a text."""

    name: str
    default: str | int | float | None
    description: str

    @property
    def type(self) -> type:
        return str if self.default is None else type(self.default)


PARAMETERS: tuple[PipelineParameter, ...] = (
    PipelineParameter(
        "AsOf", None, "The night: moment after which nothing is known, like 2026-03-01T02:00:00Z"
    ),
    PipelineParameter("HistoryDays", 90, "Age in days of the oldest transaction that is trained on"),
    PipelineParameter("LabelDelayDays", 7, "Age in days at which a transaction's label counts as complete"),
    PipelineParameter(
        "ValidationDays", 7, "Days before the test window that choose settings, rounds and thresholds"
    ),
    PipelineParameter("TestDays", 7, "Newest complete days, which no model learns from"),
    PipelineParameter("Rounds", 600, "Most boosting rounds; early stopping usually ends before"),
    PipelineParameter("MaxDepth", 6, "Depth of each tree"),
    PipelineParameter("LearningRate", 0.1, "Shrinkage of each round"),
    PipelineParameter("SearchTrials", 6, "Tree settings tried on the validation window; 1: no search"),
    PipelineParameter("MinimumAuc", 0.85, "AUC on the test window below which the model is rejected"),
    PipelineParameter(
        "MinimumAveragePrecision", 0.25, "Average precision on the test window below which it is rejected"
    ),
    PipelineParameter(
        "WorseTolerance", 0.005, "Loss of average precision against production that does not matter"
    ),
    PipelineParameter(
        "SlowestServingMs", 25.0, "p95 of the server's answers with the new model above which it is rejected"
    ),
    PipelineParameter(
        "ParityHours", 24, "Hours of decisions whose served features are compared; 0: none are"
    ),
    PipelineParameter(
        "MostMismatches", 0, "Decisions on features unlike the batch's above which nothing is registered"
    ),
    PipelineParameter("CleanUp", "remove", "What is done with what is past its retention; report: nothing"),
)


def parameters_for(inputs: NightlyInputs) -> tuple[PipelineParameter, ...]:
    """`PARAMETERS` with the defaults that a deployment sets."""
    defaults = {
        "MinimumAuc": float(inputs.minimum_auc),
        "MinimumAveragePrecision": float(inputs.minimum_average_precision),
    }
    return tuple(
        PipelineParameter(item.name, defaults.get(item.name, item.default), item.description)
        for item in PARAMETERS
    )
