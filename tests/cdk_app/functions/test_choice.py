"""Properties of the choice that hold for every registry."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from cdk_app.functions.deployer.choice import Package, choose

START = datetime(2026, 1, 1, tzinfo=UTC)
packages = st.builds(
    lambda version, approved, minutes: Package(
        f"arn:{version}", f"group/{version}", approved, START + timedelta(minutes=minutes)
    ),
    st.integers(1, 9),
    st.booleans(),
    st.integers(0, 1000),
)
maybe = st.none() | packages


@given(maybe, maybe, maybe)
def test_only_approved_packages_are_chosen(
    nominated: Package | None, serving: Package | None, newest: Package | None
) -> None:
    chosen = choose(nominated, serving, newest)
    assert chosen is None or (chosen.approved and chosen in (nominated, serving, newest))


@given(maybe, maybe, maybe)
def test_the_rules_serve_only_when_nothing_is_approved(
    nominated: Package | None, serving: Package | None, newest: Package | None
) -> None:
    approved = [package for package in (nominated, serving, newest) if package and package.approved]
    assert (choose(nominated, serving, newest) is None) == (not approved)


@given(maybe, packages, maybe)
def test_an_approved_serving_package_gives_way_only_to_a_later_approval(
    nominated: Package | None, serving: Package, newest: Package | None
) -> None:
    chosen = choose(nominated, serving, newest)
    if serving.approved and chosen != serving:
        assert chosen == nominated
        assert chosen is not None
        assert chosen.changed_at > serving.changed_at


@given(maybe, maybe, maybe)
def test_choosing_again_changes_nothing(
    nominated: Package | None, serving: Package | None, newest: Package | None
) -> None:
    chosen = choose(nominated, serving, newest)
    assert choose(nominated, chosen, newest) == chosen
    assert choose(None, chosen, newest) == chosen
