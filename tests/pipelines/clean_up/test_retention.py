"""What goes, what stays, and what can never be named."""

from __future__ import annotations

from typing import Any

import pytest

from pipelines.steps.clean_up.references import Reference, References
from pipelines.steps.clean_up.retention import RETENTION, Retention
from processing.lake.keys import PREFIXES

TRAINING, MODELS, AGGREGATES = RETENTION


@pytest.mark.parametrize("prefix", ["raw/transactions/", "labels/", "audit/", "analytics/", "", "processed/"])
def test_what_is_kept_for_good_cannot_be_named(prefix: str) -> None:
    with pytest.raises(ValueError, match="never cleaned up"):
        Retention("other", prefix, days=90)


def test_an_age_is_an_age() -> None:
    with pytest.raises(ValueError, match="1 or more"):
        Retention("now", "models/", days=0)


def test_every_rule_is_about_an_area_of_the_lake() -> None:
    assert {rule.prefix for rule in RETENTION} <= set(PREFIXES)


@pytest.mark.parametrize(
    ("rule", "key", "folder"),
    [
        (TRAINING, "processed/training_sets/run-1/train/train.parquet", "processed/training_sets/run-1/"),
        (TRAINING, "processed/training_sets/.keep", None),
        (TRAINING, "models/run-1/x", None),
        (MODELS, "models/run-1/training/job/output/model.tar.gz", "models/run-1/"),
        (MODELS, "models/served/card-testing-3.tar.gz", None),
        (AGGREGATES, "processed/aggregates/user-baseline/date=2026-03-01/a.parquet",
         "processed/aggregates/user-baseline/date=2026-03-01/"),
        (AGGREGATES, "processed/aggregates/user-baseline/.keep", None),
    ],
)  # fmt: skip
def test_objects_belong_to_folders(rule: Retention, key: str, folder: str | None) -> None:
    assert rule.folder_of(key) == folder


def test_a_package_keeps_its_archive_its_metrics_and_the_training_set_of_its_run() -> None:
    kept = References(
        [
            Reference("models/run-1/training/job/output/model.tar.gz"),
            Reference("models/run-2/evaluation/evaluation.json"),
            Reference("processed/training_sets/as-of=2026-03-01T02:00:00Z/manifest"),
            Reference("models/run-4/training/job/output/model.tar.gz", rejected=True),
        ]
    )
    standing = [
        "models/run-1/", "models/run-2/", "processed/training_sets/run-1/",
        "processed/training_sets/as-of=2026-03-01T02:00:00Z/",
    ]  # fmt: skip
    for folder in standing:
        assert kept.protect(folder, for_rejected=False)
    assert kept.protect("models/run-4/", for_rejected=True)
    assert not kept.protect("processed/training_sets/run-4/", for_rejected=False)
    for folder in ("models/run-10/", "models/run/", "processed/training_sets/run-3/"):
        assert not kept.protect(folder, for_rejected=True)


class _Registry:
    """A registry of two groups, of which one has a package without anything in the lake, and of a stranger's
    group, which IAM refuses.
    """

    def get_paginator(self, operation: str) -> Any:
        registry = self

        class Pages:
            def paginate(self, **named: str) -> list[dict[str, Any]]:
                if operation == "list_model_package_groups":
                    assert named == {"NameContains": "fraud"}
                    names = ("fraud", "anti-fraud", "fraud-testing")
                    groups = [{"ModelPackageGroupName": name} for name in names]
                    return [{"ModelPackageGroupSummaryList": groups[:1]},
                            {"ModelPackageGroupSummaryList": groups[1:]}]  # fmt: skip
                assert named["ModelPackageGroupName"].startswith("fraud"), "AccessDenied"
                return [{"ModelPackageSummaryList": [{"ModelPackageArn": named["ModelPackageGroupName"]}]}]

        assert registry is self
        return Pages()

    def describe_model_package(self, ModelPackageName: str) -> dict[str, Any]:  # noqa: N803 - boto3's
        place = "lake" if ModelPackageName == "fraud" else "elsewhere"
        return {
            "InferenceSpecification": {"Containers": [{"ModelDataUrl": f"s3://{place}/models/a/m.tar.gz"}]},
            "CustomerMetadataProperties": {"report": f"s3://{place}/models/b/report.html", "auc": "0.9"},
        }


def test_addresses_are_found_wherever_a_package_has_them() -> None:
    found = References.of(_Registry(), "lake", "fraud")
    for folder, kept in (("models/a/", True), ("models/b/", True), ("models/c/", False)):
        assert found.protect(folder, for_rejected=False) is kept
