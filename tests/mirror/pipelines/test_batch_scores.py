"""The off-peak batch of a night, on a mirror: what it decides, with what, and what it tells of it."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xgboost

from feature_groups import FEATURE_NAMES
from pipelines.bundles import build_bundles
from processing.batch import compute_features
from tests.inference.running import write_bundle
from tests.mirror.pipelines.definitions import IMAGE
from tests.mirror.pipelines.lake_steps import BUCKET, NAMES, Ran, Steps, fill_lake, put_decisions
from tests.mirror.running import RunningMirror
from tests.pipelines import lake

pytestmark = pytest.mark.slow
DAY = "date=2026-02-28"
SCORES, SUMMARY = f"batch-scores/{DAY}/scores.parquet", f"batch-scores/{DAY}/summary.json"


@pytest.fixture(scope="module")
def rows(mirror: RunningMirror, tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    return fill_lake(mirror, tmp_path_factory.mktemp("lake"))


@pytest.fixture(scope="module")
def day(rows: pd.DataFrame) -> pd.DataFrame:
    found: pd.DataFrame = rows[rows["timestamp"].dt.strftime("%Y-%m-%d") == "2026-02-28"]
    return found


@pytest.fixture(scope="module")
def steps(mirror: RunningMirror, day: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Steps:
    put_decisions(mirror, day.iloc[::3])
    return Steps(mirror, build_bundles(tmp_path_factory.mktemp("code")), tmp_path_factory.mktemp("steps"))


@pytest.fixture(scope="module")
def model(mirror: RunningMirror, steps: Steps, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real model, uploaded."""
    assert steps.mirror is mirror
    folder = write_bundle(tmp_path_factory.mktemp("model"))
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for path in folder.iterdir():
            archive.add(path, arcname=path.name)
    mirror.client("s3").put_object(Bucket=BUCKET, Key="models/run/model.tar.gz", Body=packed.getvalue())
    return folder


def register(mirror: RunningMirror, status: str, **properties: str) -> str:
    sagemaker = mirror.client("sagemaker")
    listed = sagemaker.list_model_package_groups(NameContains=NAMES.model_package_group)
    if not listed["ModelPackageGroupSummaryList"]:
        sagemaker.create_model_package_group(ModelPackageGroupName=NAMES.model_package_group)
    answer = sagemaker.create_model_package(
        ModelPackageGroupName=NAMES.model_package_group,
        ModelApprovalStatus=status,
        CustomerMetadataProperties={"origin": "test", **properties},
        InferenceSpecification={
            "Containers": [{"Image": IMAGE, "ModelDataUrl": f"s3://{BUCKET}/models/run/model.tar.gz"}],
            "SupportedContentTypes": ["application/json"],
            "SupportedResponseMIMETypes": ["application/json"],
        },
    )
    arn: str = answer["ModelPackageArn"]
    return f"{NAMES.model_package_group}/{arn.rpartition('/')[2]}"


def told(ran: Ran) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(ran.files[SUMMARY])
    return document


@pytest.mark.usefixtures("model")
def test_without_an_approved_model_nothing_is_scored(steps: Steps, mirror: RunningMirror) -> None:
    register(mirror, "PendingManualApproval")
    register(mirror, "Approved", shadow="yes")
    done = steps.batch()
    assert done.code == 0, done.failure
    assert told(done)["model"] is None
    assert told(done)["note"] == "no package of fraudline-dev-fraud is approved: nothing was scored"
    assert list(done.files) == [SUMMARY]


@pytest.fixture(scope="module")
def ran(steps: Steps, mirror: RunningMirror, model: Path) -> tuple[Ran, str]:
    assert model.is_dir()
    label = register(mirror, "Approved")
    register(mirror, "Rejected")
    earlier = steps.batch(as_of="2026-02-22T02:00:00Z")
    assert '"turned_out": null' in earlier.said, "no batch came before it"
    steps.upload(earlier, "batch-scores", "processed/batch_scores")
    done = steps.batch()
    assert done.code == 0, done.failure
    return done, label


def test_what_nobody_decided_is_decided_on_the_batchs_own_features(
    ran: tuple[Ran, str], rows: pd.DataFrame, day: pd.DataFrame, model: Path
) -> None:
    done, label = ran
    scores = pd.read_parquet(io.BytesIO(done.files[SCORES])).set_index("transaction_id")
    undecided = day[~day["transaction_id"].isin(day.iloc[::3]["transaction_id"])]
    assert list(scores.index) == undecided["transaction_id"].tolist()
    assert set(scores["model_version"]) == {label}
    known = lake.labels(rows)
    known = known[known["investigation_complete_time"] <= lake.AS_OF]
    profiles = pd.DataFrame(
        {"user_id": ["u001", "u002", "u003"], "home_country": ["BE", "BR", "BE"],
         "home_lat": [50.8, -23.5, None], "home_lon": [4.3, -46.6, None]}
    )  # fmt: skip
    history = rows[rows["timestamp"] < lake.AS_OF].drop(columns="is_fraud")
    features = compute_features(history, known, profiles).set_index("transaction_id")
    matrix = features.loc[scores.index, list(FEATURE_NAMES)].to_numpy(np.float32)
    booster = xgboost.Booster(model_file=model / "model.ubj")
    rated = xgboost.DMatrix(matrix, feature_names=list(FEATURE_NAMES))
    assert scores["fraud_probability"].tolist() == pytest.approx(booster.predict(rated).tolist(), abs=1e-6)
    # The reasons are exact: contributions, and what the model thinks of nothing, add up to the score.
    exact = booster.predict(rated, pred_contribs=True)
    for row, contributions in zip(scores["contributions"], exact, strict=True):
        assert [value for _, value in row] == pytest.approx(contributions[:-1].tolist(), abs=1e-4)
    for reasons, contributions in zip(scores["reasons"], exact, strict=True):
        strongest = FEATURE_NAMES[int(np.argmax(np.abs(contributions[:-1])))]
        assert reasons[0]["feature"] == strongest
        assert reasons[0]["text"]


def test_the_summary_tells_where_everything_went_and_what_it_cost(
    ran: tuple[Ran, str], day: pd.DataFrame
) -> None:
    found = told(ran[0])
    assert found["transactions"] == len(day)
    assert found["decided_in_real_time"] == len(day.iloc[::3])
    assert found["left_to_the_batch"] > 0
    assert found["missed_in_real_time"] > 0
    parts = ("decided_in_real_time", "left_to_the_batch", "missed_in_real_time")
    assert sum(found[part] for part in parts) == len(day)
    batch = found["batch"]
    assert sum(batch["decisions"].values()) == batch["scored"] == len(day) - len(day.iloc[::3])
    cost = found["cost"]
    dear, cheap = cost["usd_per_million"]["real_time"], cost["usd_per_million"]["batch"]
    assert dear > 10 * cheap
    choices = cost["choices"]
    assert choices["all_in_real_time"]["usd_per_million"] == pytest.approx(dear)
    assert choices["all_in_the_batch"]["usd_per_million"] == pytest.approx(cheap)
    assert cheap < choices["by_the_policy"]["usd_per_million"] < dear
    for choice in choices.values():
        assert choice["real_time"] + choice["batch"] == len(day)
        usd = (choice["real_time"] * dear + choice["batch"] * cheap) / 1e6
        assert choice["usd"] == pytest.approx(usd, rel=1e-4)


def test_the_same_night_gives_the_same_bytes(ran: tuple[Ran, str], steps: Steps) -> None:
    assert steps.batch().files == ran[0].files


def test_what_became_of_the_batch_whose_labels_are_complete(
    ran: tuple[Ran, str], mirror: RunningMirror, rows: pd.DataFrame
) -> None:
    turned = told(ran[0])["batch"]["turned_out"]
    day = rows[rows["timestamp"].dt.strftime("%Y-%m-%d") == "2026-02-21"]
    assert turned["day"] == "2026-02-21"
    assert turned["scored"] == len(day)
    assert turned["found"] + turned["missed"] == day["is_fraud"].sum() > 0
    key = "processed/batch_scores/date=2026-02-21/scores.parquet"
    body = mirror.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read()
    scores = pd.read_parquet(io.BytesIO(body))
    flagged = scores[scores["decision"] != "approve"]["transaction_id"]
    assert turned["flagged"] == len(flagged)
    assert turned["found"] == day[day["transaction_id"].isin(flagged)]["is_fraud"].sum()


def test_the_policy_of_the_deployment_routes(steps: Steps, ran: tuple[Ran, str], tmp_path: Path) -> None:
    assert ran[0].code == 0
    policy = tmp_path / "policy.toml"
    policy.write_text(
        'version = "b"\nwithout_model = "approve"\n[routing]\notherwise = "batch"\n'
        '[[routing.realtime]]\nid = "large"\nwhen = [{ fact = "amount", at_least = 1000000 }]\n'
    )
    found = told(steps.batch(FRAUDLINE_POLICY_FILE=str(policy)))
    assert found["missed_in_real_time"] == 0
    assert found["policy"].startswith("b")
    policy.write_text("version = 1")
    refused = steps.batch(FRAUDLINE_POLICY_FILE=str(policy))
    assert refused.code == 65
    assert "policy.toml" in refused.failure


@pytest.mark.parametrize(
    ("arguments", "as_of", "message"),
    [
        (
            ["--profiles", "s3://elsewhere/x"],
            lake.NIGHT,
            "profiles: 's3://elsewhere/x' is not in",
        ),
        ([], "yesterday", "as-of: 'yesterday' names no night"),
    ],
)
def test_what_does_not_fit_is_named(steps: Steps, arguments: list[str], as_of: str, message: str) -> None:
    done = steps.batch(*arguments, as_of=as_of)
    assert done.code == 65
    assert message in done.failure
