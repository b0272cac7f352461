"""The command refuses what cannot work before it touches anything."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from mirror.commands.demo import demo


@pytest.mark.parametrize(
    ("arguments", "environ", "message"),
    [
        (["--live-events", "0"], {}, "--live-events"),
        ([], {"FRAUDLINE_ENVIRONMENT": "Not Lower"}, "FRAUDLINE_ENVIRONMENT: environment 'Not Lower'"),
        (["--source", "no-such-file.parquet"], {}, "no-such-file.parquet"),
    ],
)
def test_a_wrong_option_is_named(
    tmp_path: Path, arguments: list[str], environ: dict[str, str], message: str
) -> None:
    state = tmp_path / "state"
    result = CliRunner().invoke(demo, [*arguments, "--state-dir", str(state)], env=environ)
    assert result.exit_code == 2
    assert message in result.output
    assert not state.exists()
