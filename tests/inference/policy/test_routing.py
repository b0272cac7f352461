"""Which transactions are decided in real time."""

from __future__ import annotations

from pathlib import Path

import pytest

from inference import policy
from inference.settings import DEFAULT_POLICY
from tests.inference.policy.facts import facts

QUIET = {"user_transaction_count_30d": 20.0, "user_transaction_count_1h": 0.0}


@pytest.mark.parametrize(
    ("amount", "features", "choice", "routes"),
    [
        (99.99, {}, "batch", ()),
        (100.0, {}, "realtime", ("amount",)),
        (5.0, {"user_transaction_count_30d": 3.0}, "realtime", ("new-user",)),
        (5.0, {"user_transaction_count_1h": 3.0, "foreign_country": 1.0}, "realtime", ("velocity", "abroad")),
    ],
)
def test_the_default_routes(
    amount: float, features: dict[str, float], choice: str, routes: tuple[str]
) -> None:
    loaded = policy.load(DEFAULT_POLICY)
    known = facts(amount, QUIET | features)
    assert (loaded.route(known), loaded.router.matching(known)) == (choice, routes)


def test_what_is_not_known_well_enough_is_decided_in_real_time() -> None:
    assert policy.load(DEFAULT_POLICY).route(facts(5.0, None)) == "realtime"


@pytest.mark.parametrize(
    ("routing", "choices"),
    [
        ("", ["realtime", "realtime"]),
        ('[routing]\nrealtime = []\notherwise = "batch"', ["batch", "batch"]),
        ('[[routing.realtime]]\nid = "a"\nwhen = [{fact = "amount", above = 10}]', ["batch", "realtime"]),
    ],
)
def test_routes_that_need_no_features(tmp_path: Path, routing: str, choices: list[str]) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(f'version = "1"\n{routing}')
    loaded = policy.load(path)
    assert [loaded.route(facts(amount)) for amount in (10.0, 10.01)] == choices
