"""Training metrics that MetricDefinitions find in a job's log lines."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress

from mirror.api import Document, ServiceError
from mirror.documents import utcnow


class Metrics:
    """The last value of every metric seen so far.

    Raises:
        ServiceError: a ``Regex`` is not valid or has no group for the value.
    """

    def __init__(self, definitions: Iterable[Document]) -> None:
        self._patterns = {definition["Name"]: _compile(definition) for definition in definitions}
        self._values: dict[str, Document] = {}

    def observe(self, line: str) -> None:
        """Look for every metric in one log line."""
        for name, pattern in self._patterns.items():
            if found := pattern.search(line):
                with suppress(ValueError):  # the pattern matched something that is not a number
                    value = float(found[1])
                    self._values[name] = {"MetricName": name, "Value": value, "Timestamp": utcnow()}

    def final(self) -> list[Document]:
        """``FinalMetricDataList``."""
        return list(self._values.values())


def _compile(definition: Document) -> re.Pattern[str]:
    where = f"MetricDefinitions: the Regex of {definition['Name']!r}"
    try:
        pattern = re.compile(definition["Regex"])
    except re.error as error:
        raise ServiceError("ValidationException", f"{where} is not a regular expression: {error}") from error
    if not pattern.groups:
        raise ServiceError(
            "ValidationException", f"{where} needs a group around the value, e.g. 'auc=([0-9.]+)'"
        )
    return pattern
