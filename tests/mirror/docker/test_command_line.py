"""The docker commands that the CDK runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mirror.api import ServiceError
from mirror.cloud import Cloud
from mirror.docker.cli import main
from mirror.docker.images import resolve

URI = "123456789012.dkr.ecr.us-east-1.amazonaws.com/assets:abc"


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FRAUDLINE_STATE_DIR", str(tmp_path / "state"))
    context = tmp_path / "context"
    context.mkdir()
    (context / "code.py").write_text("print()")
    (context / "Dockerfile").write_text(
        'FROM x\nENV A=1\nWORKDIR /app\nCOPY code.py .\nRUN pip install y\nENTRYPOINT ["python"]\n'
    )
    return tmp_path


def docker(*arguments: str, text: str = "") -> Result:
    return CliRunner().invoke(main, list(arguments), input=text)


def test_build_tag_inspect(state: Path) -> None:
    assert docker("inspect", "local").exit_code == 1
    built = docker(
        "--config", "/nowhere", "build", "--tag", "local", "--platform", "linux/amd64", str(state / "context")
    )
    assert built.exit_code == 0, built.output
    assert "RUN pip install y" in built.output
    assert docker("tag", "local", URI).exit_code == 0
    (shown,) = json.loads(docker("inspect", URI).output)
    assert shown["Config"] == {"Cmd": [], "Entrypoint": ["python"], "Env": ["A=1"], "WorkingDir": "/app"}
    listed = docker("images", "--format", "{{.Repository}}:{{.Tag}}", "--filter", "reference=*/*:abc")
    assert listed.output.strip() == URI
    assert docker("login", "--username", "AWS", "--password-stdin", "host", text="secret").exit_code == 0
    assert docker("tag", "absent", "other").exit_code == 1
    assert docker("push", "absent").exit_code == 1


def test_resolve(state: Path) -> None:
    cloud = Cloud(state / "state")
    with pytest.raises(ServiceError, match="is not in the mirror"):
        resolve(cloud, URI)
    docker("build", "--tag", "local", str(state / "context"))
    docker("tag", "local", URI)
    image = resolve(cloud, URI)
    assert (image.kind, image.entrypoint, image.env) == ("built", ["python"], {"A": "1"})
    assert image.root is not None
    assert image.workdir == str(image.root)
    assert (image.root / "code.py").exists()
    digest = json.loads(docker("inspect", URI).output)[0]["Id"]
    assert resolve(cloud, f"{URI.rpartition(':')[0]}@{digest}") == image


def test_first_party_images(tmp_path: Path) -> None:
    uri = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.2-0"
    image = resolve(Cloud(tmp_path), uri)
    assert (image.kind, image.root, image.entrypoint) == ("sagemaker-xgboost", None, [])
