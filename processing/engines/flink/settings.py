"""What the application's properties tell the stream job."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from feature_groups.names import Names

GROUP = "FraudlineStream"
# Where Managed Service for Apache Flink puts the properties of an application.
MANAGED = Path("/etc/flink/application_properties.json")


@dataclass(frozen=True)
class FlinkSettings:
    """Settings of one running job; they travel to the task managers.

    Attributes:
        environment: as in `Names`.
        endpoint: URL of another AWS than the region's own; None for the region's own.
        replay: accept transactions older than 5 minutes.
        checkpoint_ms: time between checkpoints where the job sets it (Managed Service for Apache Flink
            has its own setting).
        checkpoints: URI of the folder for checkpoints; None where the service keeps them.
        publish_ms: how stale the Feature Store may get.
        lake_bucket: bucket of the lake.
        lake_ms, lake_rows: a lake file holds what arrived at a shard in one such interval, or so many rows.
        metrics_ms: time between metrics.
        parallelism: subtasks per operator; None leaves it to the cluster.
    """

    environment: str
    region: str
    lake_bucket: str
    endpoint: str | None = None
    replay: bool = False
    checkpoint_ms: int = 60_000
    checkpoints: str | None = None
    publish_ms: int = 1_000
    lake_ms: int = 60_000
    lake_rows: int = 100_000
    metrics_ms: int = 60_000
    parallelism: int | None = None

    @property
    def names(self) -> Names:
        return Names(self.environment)

    @classmethod
    def load(cls) -> FlinkSettings:
        """Settings from the file that ``FRAUDLINE_FLINK_PROPERTIES`` names, else the managed service's.

        Raises:
            ValueError: there is no such file, it has no group ``FraudlineStream``, or a property is
                missing or wrong.
        """
        path = Path(os.environ.get("FRAUDLINE_FLINK_PROPERTIES", MANAGED))
        try:
            groups = json.loads(path.read_text())
        except FileNotFoundError:
            raise ValueError(f"{path} is missing: name one with FRAUDLINE_FLINK_PROPERTIES") from None
        for group in groups:
            if group["PropertyGroupId"] == GROUP:
                return cls.from_properties(group["PropertyMap"])
        raise ValueError(f"{path} has no property group {GROUP}: add one")

    @classmethod
    def from_properties(cls, properties: Mapping[str, str]) -> FlinkSettings:
        """Settings from a property map.

        Raises:
            ValueError: a property is missing or wrong; the message names it.
        """
        for name in ("environment", "region", "lake_bucket"):
            if not properties.get(name):
                raise ValueError(f"property {name} of {GROUP} is not set: set it")
        return cls(
            environment=properties["environment"],
            region=properties["region"],
            lake_bucket=properties["lake_bucket"],
            endpoint=properties.get("endpoint") or None,
            replay=properties.get("replay", "0").lower() in ("1", "true", "yes"),
            checkpoint_ms=_whole(properties, "checkpoint_ms", 60_000),
            checkpoints=properties.get("checkpoints") or None,
            publish_ms=_whole(properties, "publish_ms", 1_000),
            lake_ms=_whole(properties, "lake_ms", 60_000, least=1),
            lake_rows=_whole(properties, "lake_rows", 100_000, least=1),
            metrics_ms=_whole(properties, "metrics_ms", 60_000, least=1),
            parallelism=_whole(properties, "parallelism", 0) or None,
        )


def _whole(properties: Mapping[str, str], name: str, default: int, least: int = 0) -> int:
    text = properties.get(name, str(default))
    if not text.isascii() or not text.isdigit() or int(text) < least:
        fix = "a whole number" + (f" of at least {least}" if least else "")
        raise ValueError(f"property {name} of {GROUP} is {text!r}: set it to {fix}")
    return int(text)
