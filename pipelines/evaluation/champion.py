"""The model in production, as FindChampion found it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from feature_groups import FEATURE_NAMES
from pipelines.evaluation.model import Model, read_model
from pipelines.evaluation.places import CHAMPION_FILE, NO_CHAMPION
from pipelines.steps.container import StepError


class Champion(NamedTuple):
    """The model in production.

    Attributes:
        package: ARN of its model package.
        version: of the package in its group.
        summary: main figures of its own evaluation, as texts.
        model: to score with; it may have been trained on other features.
    """

    package: str
    version: int
    summary: dict[str, str]
    model: Model

    def why_not_comparable(self, test_start: str) -> str:
        """Why its scores on a test window mean nothing beside a challenger's; empty where they do.

        Args:
            test_start: of the test window, as the manifest has it. A champion of a later night, as when a
                missed one is caught up, may have learnt from it.
        """
        seen = self.model.bundle.get("validation_window", self.model.bundle["training_window"])["end"]
        if seen > test_start:
            return f"version {self.version} in production learnt from transactions up to {seen}"
        theirs, ours = set(self.model.bundle["feature_names"]), set(FEATURE_NAMES)
        if self.model.fits:
            return ""
        told = [
            f"{word} {', '.join(names[:3])}{' and others' if len(names) > 3 else ''}"
            for word, names in (("without", sorted(ours - theirs)), ("with", sorted(theirs - ours)))
            if names
        ]
        how = "; ".join(told) or "the same in another order"
        return f"version {self.version} in production was trained on other features ({how})"


def read_champion(folder: Path) -> Champion | None:
    """What FindChampion wrote; None where no model is in production.

    Raises:
        StepError: it wrote nothing, or the archive cannot be read.
    """
    file = folder / CHAMPION_FILE
    if not file.is_file():
        raise StepError(f"champion: {file} does not exist; run pipelines.steps.champion first")
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    if found["package"] == NO_CHAMPION:
        return None
    model = read_model(folder, "champion")
    return Champion(found["package"], int(found["version"]), found["summary"], model)
