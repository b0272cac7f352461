"""Assemblies that several tests read, each synthesised once."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from cdk_app import project
from cdk_app.settings import PREFIX
from tests.cdk_app.synthesis import Assembly, synthesise

PROD = {
    "environment": "prod",
    "account": "210987654321",
    "region": "eu-central-1",
    "transactions_per_second": 10_000,
    "stream_mode": "provisioned",
    "stream_shards": 20,
    "endpoint_min_instances": 4,
    "endpoint_max_instances": 60,
    "shadow_percent": 5,
    "policy_file": "inference/policy/default.toml",
    "signals_file": "inference/signals/bureau/signals.toml",
    "stream_engine": "flink",
    "flink_parallelism": 20,
    "flink_parallelism_per_kpu": 2,
    "feature_store_tier": "InMemory",
    "offline_store": False,
    "feature_ttl_days": {"user-activity": 45},
    "schedule_timezone": "Europe/Berlin",
    "schedule_expression": "cron(30 3 * * ? *)",
    "schedule_enabled": False,
    "minimum_auc": 0.95,
    "mail_address": "fraud-team@example.com",
}


@pytest.fixture(autouse=True)
def _only_given_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)


@pytest.fixture(autouse=True, scope="session")
def _flink_application(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A zip in the place of the Flink application's, which takes a Java compiler to build."""
    file = tmp_path_factory.mktemp("flink") / "application.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(zipfile.ZipInfo("main.py"), "")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(project, "package", SimpleNamespace(build=lambda: file))
        yield


@pytest.fixture(scope="session")
def _clean_environment() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith((PREFIX, "AWS_"))]:
            patch.delenv(name)
        yield


@pytest.fixture(scope="session")
def dev(tmp_path_factory: pytest.TempPathFactory, _clean_environment: None) -> Assembly:
    """Every setting at its default."""
    outdir: Path = tmp_path_factory.mktemp("dev")
    return synthesise(outdir)


@pytest.fixture(scope="session")
def prod(tmp_path_factory: pytest.TempPathFactory, _clean_environment: None) -> Assembly:
    """The full rate, with every switch away from its default."""
    outdir: Path = tmp_path_factory.mktemp("prod")
    return synthesise(outdir, **PROD)
