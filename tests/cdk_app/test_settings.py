"""Settings that contradict each other are refused with the field and the fix."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from cdk_app import serving_files
from cdk_app.project import ROOT
from cdk_app.settings import Settings, SettingsError, load


def test_the_defaults_are_a_disposable_laptop_environment() -> None:
    settings = load()
    assert settings.environment == "dev"
    assert settings.disposable
    assert settings.account is None
    assert (settings.rollout, settings.rollout_bake_seconds) == ("all-at-once", 0)


def test_other_environments_keep_their_data_and_watch_their_rollouts() -> None:
    settings = Settings(environment="staging")
    assert not settings.disposable
    assert (settings.rollout, settings.rollout_step_percent, settings.rollout_bake_seconds) == (
        "canary",
        10,
        300,
    )


@pytest.mark.parametrize(
    ("rate", "size", "shards"),
    [(1, 100, 1), (1_000, 1_000, 1), (1_001, 100, 2), (100, 1_000_000, 100), (10_000, 1_500, 15)],
)
def test_shards_follow_from_records_and_bytes(rate: int, size: int, shards: int) -> None:
    settings = Settings.model_construct(transactions_per_second=rate, transaction_bytes=size)
    assert settings.shards_needed == shards


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"environment": "Dev"}, "lower-case letters"),
        ({"environment": "a" * 17}, "1-16"),
        ({"region": "useast1"}, "region"),
        ({"account": "12345"}, "account"),
        ({"mail_address": "the fraud team"}, "mail_address"),
        ({"mail_address": "a@example.com,b@example.com"}, "several readers need an address that is a list"),
        ({"stream_mode": "sharded"}, "stream_mode"),
        ({"stream_shards": 2}, "stream_shards: on-demand streams have none"),
        ({"features_engine": "spark"}, "spark_image: features_engine=spark needs it"),
        (
            {"emr_serverless_application": "00f1"},
            "emr_serverless_application: nothing uses it; remove it or set features_engine=emr-serverless",
        ),
        (
            {"stream_mode": "provisioned"},
            "stream_shards: 100 transactions/s of 1500 bytes need 1; raise it or set stream_mode=on-demand",
        ),
        (
            {
                "stream_mode": "provisioned",
                "stream_shards": 14,
                "transactions_per_second": 10_000,
                "endpoint_max_instances": 40,
            },
            "need 15",
        ),
        ({"stream_engine": "spark"}, "stream_engine"),
        (
            {"flink_parallelism": 2},
            "flink_parallelism: the consumer is one process; remove it or set stream_engine",
        ),
        ({"stream_engine": "flink", "flink_parallelism": 33}, "flink_parallelism"),
        ({"stream_engine": "flink", "flink_parallelism_per_kpu": 9}, "flink_parallelism_per_kpu"),
        ({"feature_store_tier": "InMemory"}, "offline_store: the InMemory tier cannot feed one"),
        ({"feature_store_tier": "Fast"}, "feature_store_tier"),
        ({"feature_ttl_days": {"users": 60}}, "no feature group 'users'; use one of user-profile"),
        ({"feature_ttl_days": {"merchant": 29}}, "30-day window after 29 days; use at least 30"),
        ({"endpoint_instance_type": "m5.large"}, "endpoint_instance_type"),
        ({"endpoint_instance_type": "ml.c7g.large"}, "x86-64 types only"),
        ({"training_instance_type": "large"}, "training_instance_type"),
        (
            {"endpoint_min_instances": 5, "endpoint_max_instances": 4},
            "endpoint_max_instances: 4 is below endpoint_min_instances; use at least 5",
        ),
        ({"endpoint_min_instances": 0}, "endpoint_min_instances"),
        (
            {"transactions_per_second": 10_000},
            "endpoint_max_instances: 4 instances of 15000 invocations a minute cannot carry 600000 a minute; "
            "use at least 40",
        ),
        ({"environment": "prod"}, "endpoint_min_instances: prod needs 2 or more"),
        ({"environment": "prod", "endpoint_min_instances": 2, "removal": "destroy"}, "removal: prod keeps"),
        ({"environment": "prod", "endpoint_min_instances": 2, "replay": True}, "replay: prod decides"),
        ({"schedule_expression": "rate(1 day)"}, "between 02:00 and 05:59"),
        ({"schedule_expression": "cron(0 6 * * ? *)"}, "between 02:00 and 05:59"),
        ({"schedule_expression": "cron(60 2 * * ? *)"}, "between 02:00 and 05:59"),
        ({"schedule_expression": "cron(0 2 * * MON *)"}, "between 02:00 and 05:59"),
        ({"schedule_timezone": "Mars/Olympus"}, "IANA time zone"),
        ({"minimum_auc": 1.1}, "minimum_auc"),
        ({"minimum_average_precision": -0.1}, "minimum_average_precision"),
        ({"raw_retention_days": 365}, "raw_retention_days: 365 deletes before the archive"),
        ({"log_retention_days": 45}, "fixed times; use one of"),
        ({"rollout_bake_seconds": 3601}, "rollout_bake_seconds"),
        ({"rollout": "blue"}, "rollout"),
        ({"rollout_step_percent": 20}, "rollout_step_percent: all traffic moves at once"),
        ({"rollout": "canary"}, "alarms over 2 periods of 60 s see nothing in 0 s; use at least 180"),
        (
            {"rollout": "linear", "rollout_step_percent": 5, "rollout_bake_seconds": 200},
            "rollout_step_percent: SageMaker has no linear steps of 5 %; use 10 to 50",
        ),
        (
            {"rollout": "linear", "rollout_step_percent": 10, "rollout_bake_seconds": 300},
            "10 steps of 300 s take 3000 s, the deployer waits 1800; use at most 180",
        ),
        ({"rollout_alarm_seconds": 20}, "CloudWatch has no such period"),
        ({"endpoint_mode": "batch"}, "endpoint_mode"),
        ({"shadow_percent": 101}, "shadow_percent"),
        ({"serverless_memory_mb": 3000, "endpoint_mode": "serverless"}, "serverless_memory_mb"),
        (
            {"endpoint_mode": "serverless", "shadow_percent": 5},
            "shadow_percent: SageMaker has no shadows with serverless; use 0 or endpoint_mode=instances",
        ),
        (
            {"serverless_max_concurrency": 5},
            "serverless_max_concurrency: nothing is serverless; remove it or set endpoint_mode=serverless",
        ),
        (
            {"endpoint_mode": "serverless", "transactions_per_second": 1_000},
            "serverless_max_concurrency: 1000 transactions/s at 50 ms each need 50 at a time; raise it",
        ),
        (
            {"endpoint_mode": "serverless", "serverless_provisioned_concurrency": 21},
            "serverless_provisioned_concurrency: 21 is above serverless_max_concurrency, 20",
        ),
        (
            {"endpoint_mode": "serverless", "environment": "prod"},
            "serverless_provisioned_concurrency: prod cannot wait seconds for a start; use 1 or more",
        ),
        (
            {"endpoint_mode": "serverless", "rollout_alarm_seconds": 10},
            "rollout_alarm_seconds: enhanced metrics are of instances",
        ),
        ({"endpoint_mode": "multi-model"}, "model_types: name the fraud types"),
        ({"model_types": ["takeover"]}, "model_types: there is one model; remove it"),
        ({"endpoint_mode": "multi-model", "model_types": ["a", "a"]}, "model_types: a type is named twice"),
        ({"endpoint_mode": "multi-model", "model_types": ["Account Takeover"]}, "model_types"),
        ({"endpoint_mode": "multi-model", "model_types": ["takeover-"]}, "model_types"),
        ({"policy_file": "rules.toml"}, "policy_file: expected a file of the project below inference/"),
        (
            {"policy_file": "inference/none.toml"},
            "policy_file: expected a file of the project below inference/",
        ),
        ({"policy_file": "inference/../README.md"}, "policy_file: expected a file"),
        ({"policy_file": "mirror/../inference/policy/default.toml"}, "policy_file: expected a file"),
        ({"signals_file": "/etc/signals.toml"}, "signals_file: expected a file"),
        ({"policy_file": "inference/signals/bureau/signals.toml"}, "policy_file: "),
        ({"signals_file": "inference/policy/default.toml"}, "signals_file: "),
    ],
)
def test_invalid_settings_name_the_field_and_the_fix(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Settings(**values)
    assert message in str(caught.value)


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The image's folder in a project that is not this one."""
    monkeypatch.setattr(serving_files, "ROOT", tmp_path)
    folder = tmp_path / "inference"
    folder.mkdir()
    return folder


def test_a_third_party_that_wants_a_token_is_refused(written: Path) -> None:
    bureau = (ROOT / "inference/signals/bureau/signals.toml").read_text()
    (written / "signals.toml").write_text(bureau.replace("timeout_ms", 'token_env = "TOKEN"\ntimeout_ms'))
    with pytest.raises(
        ValidationError,
        match=r"signals_file: .*token_env: .*TOKEN; an endpoint is given no secrets: remove it",
    ):
        Settings(signals_file="inference/signals.toml")


def test_signals_that_the_policy_that_ships_does_not_know_ask_for_another_policy(written: Path) -> None:
    bureau = (ROOT / "inference/signals/bureau/signals.toml").read_text()
    (written / "signals.toml").write_text(bureau.replace('"bureau"', '"acme"'))
    with pytest.raises(ValidationError) as caught:
        Settings(signals_file="inference/signals.toml")
    told = [line for line in str(caught.value).split("; ") if "unknown fact" in line]
    assert told
    assert "set policy_file to one that fits signals_file" in str(caught.value)


def test_an_empty_name_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRAUDLINE_SIGNALS_FILE", "")
    assert Settings().signals_file is None


def test_a_rule_needs_the_signal_it_tests(written: Path) -> None:
    default = (ROOT / "inference/policy/default.toml").read_text()
    rule = """
[[rule]]
id = "known-risk"
applies = "always"
decision = "review"
reason = "the bureau knows it"
when = [{ fact = "signal.bureau.mood", above = 0.9 }]
"""
    (written / "policy.toml").write_text(default + rule)
    (written / "signals.toml").write_text((ROOT / "inference/signals/bureau/signals.toml").read_text())
    with pytest.raises(ValidationError, match=r"policy_file: .*known-risk.*mood"):
        Settings(policy_file="inference/policy.toml", signals_file="inference/signals.toml")


def test_every_problem_is_told_at_once() -> None:
    with pytest.raises(ValidationError) as caught:
        Settings(stream_shards=1, feature_store_tier="InMemory", raw_retention_days=100)
    for field in ("stream_shards:", "offline_store:", "raw_retention_days:"):
        assert field in str(caught.value)


def test_settings_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRAUDLINE_ENVIRONMENT", "staging")
    monkeypatch.setenv("FRAUDLINE_ENDPOINT_MAX_INSTANCES", "9")
    monkeypatch.setenv("FRAUDLINE_FEATURE_TTL_DAYS", json.dumps({"merchant": 120}))
    monkeypatch.setenv("FRAUDLINE_STATE_DIR", "/somewhere")  # another part's variable
    settings = load()
    assert settings.names.prefix == "fraudline-staging"
    assert settings.endpoint_max_instances == 9
    assert settings.feature_ttl_days == {"merchant": 120}


def test_an_invalid_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRAUDLINE_ENDPOINT_MIN_INSTANCES", "many")
    with pytest.raises(SettingsError, match=r"FRAUDLINE_ENDPOINT_MIN_INSTANCES: .*integer"):
        load()


def test_a_misspelt_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRAUDLINE_ENDPOINT_MAX_INSTANCE", "9")
    with pytest.raises(SettingsError, match="did you mean FRAUDLINE_ENDPOINT_MAX_INSTANCES"):
        load()
