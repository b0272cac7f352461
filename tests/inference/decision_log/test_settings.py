"""Settings of the log of decisions: what is set wrong is said by name before anything starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from inference.decision_log.settings import LogSettings, LogSettingsError
from inference.decision_log.sinks.configured import configured


def test_what_is_not_set_has_defaults() -> None:
    found = LogSettings.from_environ({"SM_MODEL_DIR": "/opt/ml/model", "FRAUDLINE_ENVIRONMENT": "test"})
    assert found.folder == Path("/opt/ml/decisions")
    assert found.stream == "fraudline-test-model-predictions"
    assert (found.max_bytes, found.sync_ms, found.drain_s) == (1 << 30, 1000, 20)
    assert (found.audit_uri, found.postgres_dsn, found.audit_retention_days) == (None, None, 0)


def test_each_sink_is_there_when_it_is_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    every = {"FRAUDLINE_AUDIT_URI": str(tmp_path), "FRAUDLINE_POSTGRES_DSN": "host=nowhere"}
    names = [sink.name for sink in configured(LogSettings.from_environ(every))]
    assert names == ["stream", "audit", "postgres"]
    none = LogSettings.from_environ({"FRAUDLINE_LOG_STREAM": "off"})
    assert configured(none) == []


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("FRAUDLINE_ENVIRONMENT", "No Such", "lower-case"),
        ("FRAUDLINE_SPOOL_MAX_MB", "0", "a whole number from 1"),
        ("FRAUDLINE_SPOOL_SYNC_MS", "often", "a whole number from 0"),
        ("FRAUDLINE_AUDIT_URI", "s3:///prefix", "s3://bucket/prefix or a folder"),
        ("FRAUDLINE_AUDIT_URI", "gs://bucket/x", "s3://bucket/prefix or a folder"),
        ("FRAUDLINE_AUDIT_FLUSH_S", "0", "a whole number from 1"),
        ("FRAUDLINE_LOG_DRAIN_S", "-1", "a whole number from 0"),
    ],
)
def test_what_does_not_fit_is_said(name: str, value: str, message: str) -> None:
    with pytest.raises(LogSettingsError, match=f"{name}.*{message}"):
        LogSettings.from_environ({name: value})
