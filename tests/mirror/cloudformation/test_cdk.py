"""The real cdk command line against the mirror."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from mirror.commands import cdk
from mirror.docker.images import resolve
from mirror.toolchain import PROJECT, Toolchain
from tests.mirror.running import RunningMirror

pytestmark = pytest.mark.slow

APP = f"{sys.executable} -m tests.mirror.cloudformation.app"


class Cdk:
    """Runs the pinned cdk with the small app."""

    def __init__(self, mirror: RunningMirror, output: Path) -> None:
        self.toolchain = Toolchain(mirror.endpoint_url, mirror.region, mirror.state_dir)
        self.output = output

    def __call__(self, *arguments: str, ok: bool = True) -> str:
        """What the cdk prints, standard error included."""
        command = [
            *(sys.executable, "-c", "from fraudline import main; main()", "cdk"),
            *("--state-dir", str(self.toolchain.state_dir), "--"),
            *(*arguments, "--app", APP, "--output", str(self.output)),
        ]
        done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
        text = done.stdout + done.stderr
        assert (done.returncode == 0) is ok, text
        return text


@pytest.fixture(scope="module")
def run(mirror: RunningMirror, tmp_path_factory: pytest.TempPathFactory) -> Cdk:
    (mirror.state_dir / "mirror.port").write_text(str(mirror.port))
    return Cdk(mirror, tmp_path_factory.mktemp("cdk.out"))


@pytest.mark.timeout(600)
def test_a_life_of_an_app(run: Cdk, mirror: RunningMirror) -> None:
    assert not cdk._is_bootstrapped(run.toolchain)
    first = run("deploy", "--all")
    assert "bootstrapped" in first
    assert "✅  small-app" in first
    versioning = mirror.client("s3").get_bucket_versioning(Bucket="small-app-lake")
    assert versioning["Status"] == "Enabled"
    parameter = mirror.client("ssm").get_parameter(Name="/small-app/bucket")["Parameter"]
    assert parameter["Value"] == "arn:aws:s3:::small-app-lake"

    uri = mirror.client("ssm").get_parameter(Name="/small-app/image")["Parameter"]["Value"]
    image = resolve(mirror, uri)
    assert (image.entrypoint, image.cmd) == (["python", "-m", "lib.hello"], ["serve"])
    assert image.root is not None
    assert (image.root / "lib" / "hello.py").exists()
    name, _, tag = uri.partition("/")[2].partition(":")
    (found,) = mirror.client("ecr").describe_images(repositoryName=name)["imageDetails"]
    assert found["imageTags"] == [tag]

    again = run("deploy", "--all")
    assert again.count("(no changes)") == 2
    assert "There were no differences" in run("diff", "--all")

    mirror.client("kinesis").put_record(StreamName="small-app-raw", Data=b"kept", PartitionKey="k")
    changed = run("deploy", "--all", "--method=direct", "--context", "retention=48")
    assert changed.count("(no changes)") == 1
    summary = mirror.client("kinesis").describe_stream_summary(StreamName="small-app-raw")
    assert summary["StreamDescriptionSummary"]["RetentionPeriodHours"] == 48

    refused = run("deploy", "--all", "--context", "retention=48", "--context", "ignored=1", ok=False)
    assert "(AWS::Kinesis::Stream): property DesiredShardLevelMetrics is not supported" in refused

    run("destroy", "--all", "--force")
    with pytest.raises(ClientError, match="404"):
        mirror.client("s3").head_bucket(Bucket="small-app-lake")
