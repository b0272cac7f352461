"""Nights on a mirror: a lake and a pipeline of its own for each, from one sound lake."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from pipelines.bundles import CodeBundles
from pipelines.definition import canonical_json, nightly_definition
from pipelines.report import QUALITY_FILE
from tests.mirror.pipelines.definitions import ROLE
from tests.mirror.pipelines.nightly import PARAMETERS, inputs_of, without_the_lake_s_jobs
from tests.mirror.running import RunningMirror
from tests.pipelines.quality.nights import LAST_DAY, Lake

GROUP = "fraud-models"
_PLACEHOLDER = "lake-of-the-night"
_PREFIXES = {"transactions": "raw/transactions", "labels": "labels", "profiles": "profiles"}


@dataclass(frozen=True)
class Night:
    """A pipeline of the mirror and the bucket that is its lake."""

    mirror: RunningMirror
    name: str

    def put(self, key: str, body: bytes) -> None:
        self.mirror.client("s3").put_object(Bucket=self.name, Key=key, Body=body)

    def start(self) -> str:
        """Start an execution; returns its ARN."""
        answer = self.mirror.client("sagemaker").start_pipeline_execution(
            PipelineName=self.name,
            PipelineParameters=[{"Name": key, "Value": value} for key, value in PARAMETERS.items()],
            ClientRequestToken=f"{self.name:-<40}",
        )
        arn: str = answer["PipelineExecutionArn"]
        return arn

    def written(self, file: str) -> bytes:
        """The only object of this name below the training sets."""
        listed = self.mirror.client("s3").list_objects_v2(
            Bucket=self.name, Prefix="processed/training_sets/", MaxKeys=1000
        )
        [key] = [item["Key"] for item in listed["Contents"] if item["Key"].endswith(f"/{file}")]
        body: bytes = self.mirror.client("s3").get_object(Bucket=self.name, Key=key)["Body"].read()
        return body

    def quality(self) -> tuple[dict[str, Any], str]:
        """``quality.json`` and the page."""
        return json.loads(self.written("quality.json")), self.written(QUALITY_FILE).decode()

    def packages(self) -> list[str]:
        """Statuses of the models that are registered."""
        sagemaker = self.mirror.client("sagemaker")
        groups = sagemaker.list_model_package_groups()["ModelPackageGroupSummaryList"]
        if self.group not in {group["ModelPackageGroupName"] for group in groups}:
            return []
        listed = sagemaker.list_model_packages(ModelPackageGroupName=self.group)
        return [package["ModelApprovalStatus"] for package in listed["ModelPackageSummaryList"]]

    @property
    def group(self) -> str:
        return f"{GROUP}-{self.name}"


class Nights:
    """Makes them: the definition is rendered once, the code is uploaded once, a sound day's file is kept."""

    def __init__(self, mirror: RunningMirror, bundles: CodeBundles) -> None:
        self._mirror = mirror
        self._files: dict[tuple[str, str], tuple[pd.DataFrame, bytes]] = {}
        mirror.client("s3").create_bucket(Bucket="code")
        for bundle in (bundles.processing, bundles.training):
            mirror.client("s3").put_object(Bucket="code", Key=bundle.name, Body=bundle.read_bytes())
        self._definition = canonical_json(
            without_the_lake_s_jobs(
                nightly_definition(
                    inputs_of(
                        _PLACEHOLDER,
                        bundles,
                        "s3://code",
                        pipeline_name=_PLACEHOLDER,
                        model_package_group=f"{GROUP}-{_PLACEHOLDER}",
                    )
                )
            )
        )

    def make(self, name: str, lake: Lake) -> Night:
        """Fill a lake and create the pipeline that reads it."""
        night = Night(self._mirror, name.replace(" ", "-"))
        self._mirror.client("s3").create_bucket(Bucket=night.name)
        for table, frame, moment in (
            ("transactions", lake.transactions.drop(columns="is_fraud"), "timestamp"),
            ("labels", lake.labels, "investigation_complete_time"),
            ("profiles", lake.profiles, "event_time"),
        ):
            for file, body in self._parquet(table, frame, moment):
                night.put(f"{_PREFIXES[table]}/{file}", body)
        self._mirror.client("sagemaker").create_pipeline(
            PipelineName=night.name,
            PipelineDefinition=self._definition.replace(_PLACEHOLDER, night.name),
            ClientRequestToken=f"{night.name:-<40}",
            RoleArn=ROLE,
        )
        return night

    def _parquet(self, table: str, frame: pd.DataFrame, moment: str) -> Iterator[tuple[str, bytes]]:
        """A file for each of the newest days, and one for all that is older."""
        for day, part in frame.groupby(
            frame[moment].dt.floor("D").clip(lower=LAST_DAY - pd.Timedelta(days=2))
        ):
            before = self._files.get((table, str(day)))
            if before is None or not before[0].equals(part):
                buffer = io.BytesIO()
                part.to_parquet(buffer, index=False)
                before = self._files[table, str(day)] = (part, buffer.getvalue())
            yield f"date={day:%Y-%m-%d}/part-0.parquet", before[1]


def failures(steps: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Why steps failed, by name."""
    return {name: str(step["FailureReason"]) for name, step in steps.items() if step.get("FailureReason")}
