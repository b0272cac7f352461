"""The environment for public AWS tools, and the commands that use it."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from mirror.commands.cdk import cdk
from mirror.commands.env import env
from mirror.toolchain import PROJECT, Toolchain, node_executable


@pytest.fixture
def toolchain(tmp_path: Path) -> Toolchain:
    return Toolchain("http://127.0.0.1:5000", "eu-west-1", tmp_path)


def test_environ(toolchain: Toolchain, tmp_path: Path) -> None:
    environ = toolchain.environ()
    assert environ["AWS_ENDPOINT_URL"] == "http://127.0.0.1:5000"
    assert environ["AWS_REGION"] == environ["CDK_DEFAULT_REGION"] == "eu-west-1"
    assert environ["FRAUDLINE_STATE_DIR"] == str(tmp_path)
    assert Path(environ["CDK_DOCKER"]).name == "fraudline-docker"
    assert os.access(environ["CDK_DOCKER"], os.X_OK)
    assert environ["PATH"].split(os.pathsep)[1] == str(PROJECT / "node_modules" / ".bin")


def test_node_is_recent_enough() -> None:
    version = subprocess.run(
        [str(node_executable()), "--version"], capture_output=True, text=True, check=True
    )
    assert int(version.stdout.lstrip("v").split(".")[0]) >= 22


def test_an_old_node_on_the_path_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = tmp_path / "node"
    old.write_text("#!/bin/sh\necho v18.0.0\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert node_executable() != old


def test_env_is_shell_and_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "work")
    (tmp_path / "mirror.port").write_text("5001")
    result = CliRunner().invoke(env, ["--state-dir", str(tmp_path)])
    assert result.exit_code == 0
    script = f"{result.output}\necho $AWS_ENDPOINT_URL ${{AWS_PROFILE-none}}"
    shell = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=True)
    assert shell.stdout.split() == ["http://127.0.0.1:5001", "none"]
    as_json = CliRunner().invoke(env, ["--state-dir", str(tmp_path), "--json"])
    assert json.loads(as_json.output)["AWS_ENDPOINT_URL"] == "http://127.0.0.1:5001"
    unset = CliRunner().invoke(env, ["--state-dir", str(tmp_path), "--unset"]).output
    assert "unset AWS_ENDPOINT_URL" in unset
    assert "PATH" not in {shlex.split(line)[1] for line in unset.splitlines()}


def test_cdk_needs_a_mirror(tmp_path: Path) -> None:
    (tmp_path / "mirror.port").write_text("1")
    result = CliRunner().invoke(cdk, ["--state-dir", str(tmp_path), "deploy"])
    assert result.exit_code == 1
    assert "start it with `fraudline up`" in result.output
