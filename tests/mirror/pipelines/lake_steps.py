"""One night on a mirror: its lake, its feature groups, and its steps run as their containers do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pyarrow as pa

from feature_groups import MERCHANT_RISK, USER_BASELINE
from feature_groups.names import Names
from pipelines.bundles import CodeBundles
from pipelines.definition import canonical_json, nightly_definition
from processing.lake import parquet
from processing.lake.audit import AUDIT, AUDIT_PREFIX
from processing.lake.nights import NIGHT_FORMAT
from tests.mirror.pipelines.definitions import ROLE
from tests.mirror.pipelines.nightly import inputs_of, put_code, put_lake
from tests.mirror.pipelines.test_executions import create
from tests.mirror.running import RunningMirror
from tests.pipelines import lake
from tests.pipelines.conftest import run_step

ROOT = Path(__file__).parents[3]
BUCKET = "lake"
PROFILES = f"s3://{BUCKET}/profiles/"
NAMES = Names("dev")


def fill_lake(mirror: RunningMirror, folder: Path) -> pd.DataFrame:
    """Put 45 days of purchases, their labels and some profiles; returns the purchases."""
    s3 = mirror.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    rows = lake.transactions()
    put_lake(mirror, folder, rows, BUCKET)
    profiles = pd.DataFrame(
        {
            "user_id": ["u001", "u002", "u003"],
            # As the Feature Store writes them.
            "event_time": ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z", "2026-02-01T00:00:00.5Z"],
            "home_country": ["BE", "BR", "BE"],
            "home_lat": [50.8, -23.5, None],
            "home_lon": [4.3, -46.6, None],
            "account_created_at": ["2020-01-01T00:00:00Z", None, None],
            "is_deleted": [False, False, False],
        }
    )
    path = folder / "profiles.parquet"
    profiles.to_parquet(path, index=False)
    s3.put_object(Bucket=BUCKET, Key="profiles/a.parquet", Body=path.read_bytes())
    return rows


def create_groups(mirror: RunningMirror) -> None:
    """The feature groups that a night writes to."""
    for group in (USER_BASELINE, MERCHANT_RISK):
        mirror.client("sagemaker").create_feature_group(
            FeatureGroupName=NAMES.feature_group(group.name),
            RecordIdentifierFeatureName=group.record_identifier,
            EventTimeFeatureName=group.event_time,
            FeatureDefinitions=[{"FeatureName": n, "FeatureType": t} for n, t in group.features],
            OnlineStoreConfig={"EnableOnlineStore": True},
            RoleArn=ROLE,
        )


def deploy(mirror: RunningMirror, folder: Path, inference_image: str) -> str:
    """Create the nightly pipeline on the filled lake; returns its name."""
    inputs = inputs_of(
        BUCKET,
        put_code(mirror, BUCKET, folder),
        inference_image=inference_image,
        model_package_group=NAMES.model_package_group,
    )
    return create(mirror, canonical_json(nightly_definition(inputs)), "nightly")


def put_decisions(mirror: RunningMirror, rows: pd.DataFrame) -> None:
    """The endpoint's audit of some purchases: each approved a second after it was made."""
    same = {
        "decision": "approve", "decided_by": "model", "fraud_probability": 0.01, "rules_version": "1",
        "rules_live": [], "rules_shadow": [], "reasons": [], "prediction_latency_ms": 3.0,
    }  # fmt: skip
    own = ["transaction_id", "user_id", "merchant_id", "timestamp", "currency"]
    decided = rows[own].assign(
        decision_id="d-" + rows["transaction_id"],
        decided_at=rows["timestamp"] + pd.Timedelta(seconds=1),
        amount=rows["amount_minor"] / 100,
    )
    for day, part in decided.groupby(decided["decided_at"].dt.strftime("%Y-%m-%d")):
        table = pa.Table.from_pylist([row | same for row in part.to_dict("records")], schema=AUDIT)
        key = f"{AUDIT_PREFIX}date={day}/0-000000000000.parquet"
        mirror.client("s3").put_object(Bucket=BUCKET, Key=key, Body=parquet(table))


@dataclass(frozen=True)
class Ran:
    """What a step left: its exit code, what it said, and the files that its job uploads, by path."""

    code: int
    said: str
    failure: str
    files: dict[str, bytes]


@dataclass(frozen=True)
class Steps:
    """Runs steps on the packed code against a mirror, each in a folder of its own."""

    mirror: RunningMirror
    bundles: CodeBundles
    root: Path

    def run(self, step: str, *arguments: str, as_of: str = lake.NIGHT) -> Ran:
        """``python3 -m pipelines.steps.STEP`` with the options that every step of a night has."""
        return self._run(f"pipelines.steps.{step}", arguments, as_of, {})

    def batch(self, *arguments: str, as_of: str = lake.NIGHT, **environment: str) -> Ran:
        """The off-peak batch: its own packages are those of the image, here those of this checkout."""
        path = f"{self.bundles.processing}:{ROOT}"
        given = ("--profiles", PROFILES, *arguments)
        return self._run("inference.batch.nightly", given, as_of, {"PYTHONPATH": path, **environment})

    def _run(self, module: str, arguments: Sequence[str], as_of: str, environment: dict[str, str]) -> Ran:
        opt_ml = self.root / f"{len(list(self.root.iterdir()))}-{module}"
        opt_ml.mkdir()
        command = ["-m", module, "--environment", "dev", "--lake", BUCKET, "--as-of", as_of, *arguments]
        extra = {**self.mirror.environ(), **environment}
        result = run_step(command, opt_ml, self.bundles.processing, **extra)
        output = opt_ml / "processing" / "output"
        files = {path.relative_to(output).as_posix(): path.read_bytes() for path in _files(output)}
        return Ran(result.returncode, result.stdout, result.stderr, files)

    def upload(self, ran: Ran, output: str, prefix: str) -> None:
        """Put what a step wrote where its job would."""
        for name, content in ran.files.items():
            if name.startswith(f"{output}/"):
                key = f"{prefix}/{name.removeprefix(f'{output}/')}"
                self.mirror.client("s3").put_object(Bucket=BUCKET, Key=key, Body=content)


def later(days: int) -> str:
    """An as-of time so many days after the lake's, and after the present."""
    now = pd.Timestamp.now(tz="UTC")
    moment = max(now, pd.Timestamp(lake.AS_OF)) + timedelta(days=days)
    return moment.strftime(NIGHT_FORMAT)


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())
