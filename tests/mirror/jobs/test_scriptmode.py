"""Arguments and variables of a training script, and metrics from its output."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.api import ServiceError
from mirror.jobs import scriptmode
from mirror.jobs.metrics import Metrics
from mirror.jobs.records import shorten


def test_values_and_arguments() -> None:
    values = scriptmode.decode(
        {
            "eta": "0.1",
            "name": "plain",
            "quoted": '"text"',
            "n": "3",
            "flag": "true",
            "sagemaker_program": '"a.py"',
        }
    )
    assert values == {
        "eta": 0.1, "name": "plain", "quoted": "text", "n": 3, "flag": True, "sagemaker_program": "a.py",
    }  # fmt: skip
    assert scriptmode.arguments(values) == [
        "--eta", "0.1", "--flag", "true", "-n", "3", "--name", "plain", "--quoted", "text",
    ]  # fmt: skip


@given(st.dictionaries(st.from_regex(r"[a-z]{2,8}", fullmatch=True), st.text(max_size=20)))
def test_every_hyperparameter_becomes_two_words(given_values: dict[str, str]) -> None:
    encoded = {name: json.dumps(value) for name, value in given_values.items()}
    words = scriptmode.arguments(scriptmode.decode(encoded))
    assert dict(zip(words[::2], words[1::2], strict=True)) == {f"--{k}": v for k, v in given_values.items()}


def test_environment() -> None:
    env = scriptmode.environ({"max-depth": 6, "sagemaker_program": "train.py"}, {"train": {}, "test": {}}, {})
    assert env["SM_CHANNEL_TRAIN"] == "/opt/ml/input/data/train"
    assert env["SM_HP_MAX_DEPTH"] == "6"
    assert json.loads(env["SM_CHANNELS"]) == ["test", "train"]
    assert json.loads(env["SM_HPS"]) == {"max-depth": 6}
    assert env["SM_USER_ENTRY_POINT"] == "train.py"


def test_metrics_keep_the_last_number() -> None:
    metrics = Metrics([{"Name": "auc", "Regex": "auc=([^;]+);"}, {"Name": "loss", "Regex": "loss: (.*)"}])
    for line in ("auc=0.5;", "auc=0.75; loss: 1e-3", "auc=unknown;"):
        metrics.observe(line)
    assert {item["MetricName"]: item["Value"] for item in metrics.final()} == {"auc": 0.75, "loss": 0.001}


@pytest.mark.parametrize("regex", ["(", "auc=.*"])
def test_metric_definitions_that_find_nothing(regex: str) -> None:
    with pytest.raises(ServiceError, match="auc"):
        Metrics([{"Name": "auc", "Regex": regex}])


def test_long_reasons_keep_their_end() -> None:
    reason = shorten("x" * 2000 + "ValueError: no rows")
    assert len(reason) == 1024
    assert reason.endswith("ValueError: no rows")
