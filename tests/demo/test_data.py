"""The demonstration's data: history and live day, from the generator, a folder or a mapped file."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from feature_groups.names import Names
from mirror.demo.data import prepare
from mirror.demo.run import DemoError, Options, Run
from mirror.demo.screen import Screen
from processing.generator import Scenario, generate

MAP = """
[columns]
transaction_id = "transaction_id"
timestamp = "timestamp"
user_id = "user_id"
merchant_id = "merchant_id"
amount = "amount"
[defaults]
currency = "EUR"
[criteria]
minimum_auc = 0.5
"""


def _run(state_dir: Path, source: Path | None = None, columns: Path | None = None, days: int = 30) -> Run:
    options = Options(source, columns, days, 6_000, 7, 100, 0, state_dir, False)
    return Run(options, Screen(to_stderr=True), Names())


def test_the_last_day_is_held_back_and_the_present_is_near(tmp_path: Path) -> None:
    run = _run(tmp_path)
    prepare(run)
    history, live = run.history_data, run.live_data
    assert history.transactions.num_rows + live.transactions.num_rows == 6_000
    assert history.end < live.start
    assert live.end - live.start < timedelta(days=1)
    assert datetime.now(UTC) - timedelta(days=7) < live.end <= datetime.now(UTC)
    assert run.dirty


def test_labels_of_the_future_are_not_sent(tmp_path: Path) -> None:
    run = _run(tmp_path)
    prepare(run)
    live = run.live_data
    known = live.labels["investigation_complete_time"].to_pylist()
    assert known
    assert live.start.replace(hour=0, minute=0, second=0, microsecond=0) <= min(known)
    assert max(known) <= live.end


def test_a_folder_of_the_generator_is_cut_to_its_first_days(tmp_path: Path) -> None:
    generate(Scenario(events=8_000, days=40)).write(tmp_path / "set")
    run = _run(tmp_path, tmp_path / "set", days=30)
    prepare(run)
    assert (run.live_data.end - run.history_data.start).days == 29
    assert not run.dirty


def test_a_mapped_file_brings_its_own_criteria(tmp_path: Path) -> None:
    generate(Scenario(events=6_000, days=30)).write(tmp_path / "set")
    (tmp_path / "map.toml").write_text(MAP)
    run = _run(tmp_path, tmp_path / "set" / "transactions.parquet", tmp_path / "map.toml")
    prepare(run)
    assert run.criteria == {"minimum_auc": 0.5}
    assert run.history_data.users is None
    assert run.history_data.labels.num_rows == 0


def test_a_file_without_a_map_is_refused_with_the_fix(tmp_path: Path) -> None:
    generate(Scenario(events=6_000, days=30)).write(tmp_path)
    with pytest.raises(DemoError, match="needs --columns"):
        prepare(_run(tmp_path, tmp_path / "transactions.parquet"))


def test_a_map_without_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "map.toml").write_text(MAP)
    with pytest.raises(DemoError, match="needs --source"):
        prepare(_run(tmp_path, columns=tmp_path / "map.toml"))


def test_too_few_days_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DemoError, match="needs 28 days"):
        prepare(_run(tmp_path, days=10))
    generate(Scenario(events=2_000, days=12)).write(tmp_path)
    with pytest.raises(DemoError, match="the source covers 2"):
        prepare(_run(tmp_path, tmp_path))
