"""Names of the nightly pipeline's steps."""

from __future__ import annotations

PASSED = (
    "BuildFeatures",
    "DataIsSound",
    "TrainModel",
    "FindChampion",
    "MeasureServing",
    "EvaluateModel",
    "ServedParity",
    "LongAggregates",
    "BatchScores",
    "LoadWarehouse",
    "CleanUp",
    "MeetsCriteria",
    "RegisterModel",
)
"""Those of a night that registers a model, in their order."""
REJECTIONS = ("RejectModel", "RejectData")
APART = ("LongAggregates", "BatchScores", "LoadWarehouse", "CleanUp")
"""Those that no model depends on, in their order."""
