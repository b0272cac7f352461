"""The steps of a night that read and write the lake and the Feature Store, on a mirror."""

from __future__ import annotations

import hashlib
import io
import json
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from pipelines.bundles import build_bundles
from tests.mirror.pipelines.definitions import IMAGE
from tests.mirror.pipelines.lake_steps import BUCKET, NAMES, PROFILES, Steps, create_groups, fill_lake, later
from tests.mirror.running import RunningMirror
from tests.pipelines import lake

pytestmark = pytest.mark.slow
NIGHT, DAY = "date=2026-03-01", "date=2026-02-28"


@pytest.fixture(scope="module")
def rows(mirror: RunningMirror, tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    return fill_lake(mirror, tmp_path_factory.mktemp("lake"))


@pytest.fixture(scope="module")
def steps(mirror: RunningMirror, rows: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Steps:
    assert len(rows)
    return Steps(mirror, build_bundles(tmp_path_factory.mktemp("code")), tmp_path_factory.mktemp("steps"))


def _table(content: bytes) -> pd.DataFrame:
    return pd.read_parquet(io.BytesIO(content))


def _record(mirror: RunningMirror, group: str, entity: str) -> dict[str, str]:
    answer = mirror.client("sagemaker-featurestore-runtime").get_record(
        FeatureGroupName=NAMES.feature_group(group), RecordIdentifierValueAsString=entity
    )
    return {item["FeatureName"]: item["ValueAsString"] for item in answer.get("Record", [])}


def test_aggregates_need_their_groups(steps: Steps) -> None:
    ran = steps.run("aggregates", "--profiles", PROFILES)
    assert ran.code == 65
    assert "fraudline-dev-user-baseline" in ran.failure
    assert "deploy the group" in ran.failure


def test_aggregates_go_to_the_lake_and_to_the_feature_store(
    steps: Steps, mirror: RunningMirror, rows: pd.DataFrame
) -> None:
    create_groups(mirror)
    ran = steps.run("aggregates", "--profiles", PROFILES)
    assert ran.code == 0, ran.failure
    users = _table(ran.files[f"aggregates/user-baseline/{NIGHT}/aggregates.parquet"]).set_index("user_id")
    merchants = _table(ran.files[f"aggregates/merchant-risk/{NIGHT}/aggregates.parquet"])
    assert f"user-baseline: {len(users)} records written, 0 were there" in ran.said
    month = rows[rows["timestamp"] >= lake.AS_OF - timedelta(days=30)]
    own = month[month["user_id"] == "u001"]
    stored = _record(mirror, "user-baseline", "u001")
    assert stored["event_time"] == "2026-03-01T02:00:00.000Z"
    assert int(stored["transaction_count_30d"]) == len(own) == users.loc["u001", "transaction_count_30d"]
    assert float(stored["amount_median_30d"]) == pytest.approx((own["amount_minor"] / 100).median())
    assert float(stored["abroad_share_30d"]) == pytest.approx((own["country"] != "BE").mean())
    # Nobody knows the home of this one: what depends on it is left out.
    assert "abroad_share_30d" not in _record(mirror, "user-baseline", "u010")
    risk = _record(mirror, "merchant-risk", "m003")
    assert len(merchants) == rows["merchant_id"].nunique()
    old = month[(month["merchant_id"] == "m003") & (month["timestamp"] < lake.AS_OF - timedelta(days=7))]
    assert int(risk["fraud_count_30d"]) == old["is_fraud"].sum()

    again = steps.run("aggregates", "--profiles", PROFILES)
    assert again.files == ran.files
    assert f"user-baseline: 0 records written, {len(users)} were there" in again.said
    assert _record(mirror, "user-baseline", "u001") == stored
    steps.upload(ran, "aggregates", "processed/aggregates")


def test_a_run_that_was_cut_short_goes_on_and_an_older_night_replaces_nothing(
    steps: Steps, mirror: RunningMirror
) -> None:
    store = mirror.client("sagemaker-featurestore-runtime")
    half = {"user_id": "u005", "event_time": "2026-03-02T02:00:00.000Z", "usual_country": "NL"}
    store.put_record(
        FeatureGroupName=NAMES.feature_group("user-baseline"),
        Record=[{"FeatureName": name, "ValueAsString": value} for name, value in half.items()],
    )
    next_night = "2026-03-02T02:00:00Z"
    ran = steps.run("aggregates", "--profiles", PROFILES, "--records-per-second", "5000", as_of=next_night)
    assert ran.code == 0, ran.failure
    assert "user-baseline: 79 records written, 1 were there" in ran.said
    assert _record(mirror, "user-baseline", "u005") == half
    stored = _record(mirror, "user-baseline", "u001")
    assert stored["event_time"] == "2026-03-02T02:00:00.000Z"
    caught_up = steps.run("aggregates", "--profiles", PROFILES)
    assert "user-baseline: 0 records written, 80 were there" in caught_up.said
    assert _record(mirror, "user-baseline", "u001") == stored


def test_the_load_needs_the_aggregates_of_its_night(steps: Steps) -> None:
    ran = steps.run("warehouse", "--profiles", PROFILES, as_of="2026-02-20T02:00:00Z")
    assert ran.code == 65
    assert "run pipelines.steps.aggregates first" in ran.failure


def test_the_load_writes_the_day_and_the_same_again(steps: Steps, rows: pd.DataFrame) -> None:
    ran = steps.run("warehouse", "--profiles", PROFILES)
    assert ran.code == 0, ran.failure
    facts = _table(ran.files[f"analytics/transactions_fact/{DAY}/part-0.parquet"])
    day = rows[rows["timestamp"].dt.strftime("%Y-%m-%d") == "2026-02-28"]
    assert set(facts["transaction_id"]) == set(day["transaction_id"])
    assert int(sum(facts["amount"]) * 100) == int(day["amount_minor"].sum())
    labels = _table(ran.files[f"analytics/labels_fact/{DAY}/part-0.parquet"])
    known = lake.labels(rows)
    known = known[known["investigation_complete_time"].dt.strftime("%Y-%m-%d") == "2026-02-28"]
    assert sorted(labels["transaction_id"]) == sorted(known["transaction_id"])
    users = _table(ran.files[f"analytics/users_dim/{NIGHT}/part-0.parquet"]).set_index("user_id")
    assert users.loc["u002", "home_country"] == "BR"
    assert len(users) == rows["user_id"].nunique()
    assert len(_table(ran.files[f"analytics/merchants_dim/{NIGHT}/part-0.parquet"])) == 25
    load = json.loads(ran.files[f"analytics/loads/{DAY}/load.json"])
    assert load["day"] == "2026-02-28"
    for table in load["tables"].values():
        assert hashlib.sha256(ran.files[table["key"]]).hexdigest() == table["sha256"]
    again = steps.run("warehouse", "--profiles", PROFILES)
    assert again.files == ran.files


def test_clean_up_keeps_what_a_package_needs_and_says_first_what_it_would_do(
    steps: Steps, mirror: RunningMirror
) -> None:
    s3, sagemaker = mirror.client("s3"), mirror.client("sagemaker")
    for run in ("approved", "rejected", "forgotten"):
        for key in (f"processed/training_sets/{run}/train/train.parquet",
                    f"processed/training_sets/{run}/manifest/manifest.json",
                    f"models/{run}/training/job/output/model.tar.gz"):  # fmt: skip
            s3.put_object(Bucket=BUCKET, Key=key, Body=b"x")
    others = ("models/served/a.tar.gz", "audit/parity/forgotten/a.json", "processed/training_sets/.keep")
    for key in others:
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"x")
    sagemaker.create_model_package_group(ModelPackageGroupName=NAMES.model_package_group)
    for status in ("Approved", "Rejected"):
        archive = f"s3://{BUCKET}/models/{status.lower()}/training/job/output/model.tar.gz"
        sagemaker.create_model_package(
            ModelPackageGroupName=NAMES.model_package_group,
            ModelApprovalStatus=status,
            InferenceSpecification={
                "Containers": [{"Image": IMAGE, "ModelDataUrl": archive}],
                "SupportedContentTypes": ["application/json"],
                "SupportedResponseMIMETypes": ["application/json"],
            },
        )

    def keys() -> set[str]:
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
        return {item["Key"] for page in pages for item in page.get("Contents", [])}

    before = keys()
    young = steps.run("clean_up", as_of=later(days=80))
    assert young.code == 0, young.failure
    assert keys() == before
    asked = steps.run("clean_up", "--mode", "report", as_of=later(days=91))
    assert "training sets: 2 folders with 4 objects would be removed, 1 kept for packages" in asked.said
    assert keys() == before
    ran = steps.run("clean_up", as_of=later(days=91))
    assert ran.code == 0, ran.failure
    assert "  processed/training_sets/forgotten/" in ran.said.splitlines()
    gone = before - keys()
    assert {key for key in gone if not key.startswith("processed/aggregates/")} == {
        "processed/training_sets/forgotten/train/train.parquet",
        "processed/training_sets/forgotten/manifest/manifest.json",
        # A rejection can be taken back, for which the archive is enough.
        "processed/training_sets/rejected/train/train.parquet",
        "processed/training_sets/rejected/manifest/manifest.json",
        "models/forgotten/training/job/output/model.tar.gz",
    }
    [report] = [json.loads(content) for content in ran.files.values()]
    assert report["areas"]["training sets"]["kept_for_packages"] == ["processed/training_sets/approved/"]


def test_a_file_that_is_no_parquet_is_named(steps: Steps, mirror: RunningMirror, tmp_path: Path) -> None:
    key = "raw/transactions/date=2026-02-28/hour=03/broken.parquet"
    assert not list(tmp_path.iterdir())
    mirror.client("s3").put_object(Bucket=BUCKET, Key=key, Body=b"PAR1 and no more")
    try:
        ran = steps.run("aggregates", "--profiles", PROFILES)
    finally:
        mirror.client("s3").delete_object(Bucket=BUCKET, Key=key)
    assert ran.code == 65
    assert f"s3://{BUCKET}/{key}" in ran.failure
