"""Environment variables are checked, and errors name them."""

from __future__ import annotations

from pathlib import Path

import pytest

from inference.settings import Settings, SettingsError


def test_the_defaults_are_those_of_a_sagemaker_container() -> None:
    settings = Settings.from_environ({})
    assert (settings.host, settings.port) == ("0.0.0.0", 8080)
    assert settings.model_dir == Path("/opt/ml/model")
    assert settings.policy_file.is_file()
    assert settings.signals_file is None
    assert (settings.model_version, settings.replay) == (None, False)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SAGEMAKER_BIND_TO_PORT", "0"),
        ("SAGEMAKER_BIND_TO_PORT", "70000"),
        ("SAGEMAKER_BIND_TO_PORT", "http"),
        ("FRAUDLINE_READ_BUDGET_MS", "-5"),
        ("FRAUDLINE_READ_BUDGET_MS", "²"),
        ("FRAUDLINE_REPLAY", "yes"),
        ("FRAUDLINE_ENVIRONMENT", "Not Allowed"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.from_environ({name: value})
