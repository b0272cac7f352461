"""What the pages of the policy and of the signals show is what the programs take."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from inference import policy, signals

DOCS = Path(__file__).parents[3] / "docs"


def _blocks(page: str) -> list[str]:
    return re.findall(r"```toml\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL)


def test_the_policy_page(tmp_path: Path) -> None:
    whole, routing = _blocks("policy.md")
    (tmp_path / "blocked-devices.txt").write_text("# stolen\nd-1\n")
    path = tmp_path / "policy.toml"
    path.write_text(whole + routing)
    loaded = policy.load(path)
    assert [rule.mode for rule in loaded.rules] == ["live", "shadow"]
    assert loaded.version.startswith("2026-12-1+")
    assert loaded.router.routes == ("amount",)


def test_the_signals_page(tmp_path: Path) -> None:
    (whole,) = _blocks("signals.md")
    path = tmp_path / "signals.toml"
    path.write_text(whole)
    document = signals.load(path, {"BUREAU_TOKEN": "secret"})
    assert list(document.kinds) == ["bureau.risk", "bureau.device_reputation"]
    with pytest.raises(signals.SignalsError, match="the environment has no BUREAU_TOKEN"):
        signals.load(path, {})


def test_the_tables_name_every_fact_and_outcome() -> None:
    facts, outcomes = (DOCS / "policy.md").read_text(), (DOCS / "signals.md").read_text()
    assert [name for name in policy.REQUEST_FACTS if f"`{name}`" not in facts] == []
    assert [name for name in signals.OUTCOMES if f"`{name}`" not in outcomes] == []
