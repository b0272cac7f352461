"""Names of the deployed resources: one place, so that every part finds every other."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

_ENVIRONMENT = re.compile(r"[a-z][a-z0-9-]{0,15}")

STREAMS = (
    "transactions-raw",
    "transactions-enriched",
    "transactions-late",
    "fraud-labels",
    "model-predictions",
)
DEAD_LETTERS = ("schema-errors", "duplicates", "incomplete", "processing-errors")


@dataclass(frozen=True, slots=True)
class Names:
    """Physical names of one environment's resources.

    Args:
        environment: lower-case letters, digits and hyphens, at most 16 characters, e.g. ``dev``.

    Raises:
        ValueError: the environment name does not fit the rules of the services that carry it.
    """

    environment: str = "dev"

    def __post_init__(self) -> None:
        if not _ENVIRONMENT.fullmatch(self.environment):
            raise ValueError(
                f"environment {self.environment!r}: use 1-16 lower-case letters, digits or hyphens, "
                "starting with a letter"
            )

    @classmethod
    def from_environ(cls) -> Names:
        """Names of the environment in ``FRAUDLINE_ENVIRONMENT`` (default ``dev``)."""
        return cls(os.environ.get("FRAUDLINE_ENVIRONMENT", "dev"))

    @property
    def prefix(self) -> str:
        return f"fraudline-{self.environment}"

    def stream(self, name: str) -> str:
        """Physical name of one of `STREAMS`."""
        if name not in STREAMS:
            raise ValueError(f"stream {name!r}: expected one of {', '.join(STREAMS)}")
        return f"{self.prefix}-{name}"

    def dead_letter_stream(self, kind: str) -> str:
        """Physical name of the dead-letter stream for one of `DEAD_LETTERS`."""
        if kind not in DEAD_LETTERS:
            raise ValueError(f"dead-letter kind {kind!r}: expected one of {', '.join(DEAD_LETTERS)}")
        return f"{self.prefix}-dlq-{kind}"

    def feature_group(self, name: str) -> str:
        """Physical name of a feature group, e.g. ``user-activity``."""
        return f"{self.prefix}-{name}"

    def lake_bucket(self, account: str, region: str) -> str:
        return f"{self.prefix}-lake-{account}-{region}"

    @property
    def pipeline(self) -> str:
        return f"{self.prefix}-nightly"

    @property
    def model_package_group(self) -> str:
        return f"{self.prefix}-fraud"

    def model_package_group_of(self, fraud_type: str) -> str:
        """The group of the models of one fraud type, on an endpoint with a model for each."""
        return f"{self.model_package_group}-{fraud_type}"

    @property
    def endpoint(self) -> str:
        return f"{self.prefix}-decisions"

    @property
    def schedule(self) -> str:
        return f"{self.prefix}-nightly"
