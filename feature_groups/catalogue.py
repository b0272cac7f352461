"""The feature catalogue, docs/feature-catalogue.md, from the declarations.

python -m feature_groups.catalogue > docs/feature-catalogue.md
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from feature_groups.feature import Feature
from feature_groups.groups import MERCHANT, USER_ACTIVITY, FeatureGroup
from feature_groups.model import FEATURE_NAMES, MODEL_FEATURES, features_of, windows_of
from feature_groups.primitives import Entity
from feature_groups.windows import EXACT_EVENTS

_HEAD = """\
# Feature catalogue

Generated from the declarations in `feature_groups/`; `python -m feature_groups.catalogue` prints it.

The model has {count} features, here per entity; # is the position in the model's input. What windows,
zero and missing mean is written in [feature semantics](feature-semantics.md), how to add one in
[adding a feature](adding-a-feature.md). *Without history* is the value when nothing happened in the window;
*without the column* is the value when what happened lacks an optional column (`-`: it is required).
*Visible* says when an event begins to count."""

_ENTITIES: tuple[tuple[Entity, str, FeatureGroup | None], ...] = (
    ("user", "From the history of the user, strictly before the transaction", USER_ACTIVITY),
    ("merchant", "From the history of the merchant, strictly before the transaction", MERCHANT),
    ("transaction", "At request time, from the transaction, the user's profile and the user's history", None),
)
_COLUMNS = (
    "#", "feature", "meaning", "unit", "window", "aggregation", "filter", "visible", "without history",
    "without the column", "type", "sensitivity",
)  # fmt: skip


def catalogue() -> str:
    """The page, as Markdown that ends in a newline."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield _HEAD.format(count=len(MODEL_FEATURES))
    for entity, source, group in _ENTITIES:
        features = features_of(entity)
        yield f"\n## {entity.capitalize()}: {len(features)}\n"
        yield f"{source}. {_stored(group)}\n"
        yield _row(_COLUMNS)
        yield _row(["---"] * len(_COLUMNS))
        yield from map(_row, map(_cells, features))
    yield "\n## Windows\n"
    yield f"The {EXACT_EVENTS:,} newest events of an entity leave a window at their own times,"
    yield "older ones in the step of the window's tile.\n"
    yield _row(("window", "tile", "used by"))
    yield _row(["---"] * 3)
    for window in sorted({*windows_of("user"), *windows_of("merchant")}, key=lambda each: each.milliseconds):
        users = [entity for entity, _, group in _ENTITIES if group and window in windows_of(entity)]
        yield _row((window.name, _minutes(window.tile_ms), ", ".join(users)))


def _stored(group: FeatureGroup | None) -> str:
    if group is None:
        return "Not stored."
    kept = "kept until replaced" if group.ttl_days is None else f"kept for {group.ttl_days} days"
    return f"Feature group `{group.name}`, one record per `{group.record_identifier}`, {kept}."


def _cells(feature: Feature) -> list[str]:
    return [
        str(FEATURE_NAMES.index(feature.name)),
        f"`{feature.name}`",
        feature.description,
        feature.unit,
        feature.window.name if feature.window else "-",
        f"{feature.aggregation} of {feature.source}",
        feature.filter or "-",
        "at once" if feature.delay == "none" else feature.delay,
        _of_nothing(feature),
        "missing" if feature.needs_column else "-",
        feature.dtype,
        feature.sensitivity,
    ]


def _of_nothing(feature: Feature) -> str:
    if feature.aggregation == "value":
        return "-"  # it needs no history
    return "missing" if feature.default is None else f"{feature.default:g}"


def _minutes(milliseconds: int) -> str:
    minutes = milliseconds // 60_000
    return f"{minutes // 60} h" if minutes % 60 == 0 else f"{minutes} min"


def _row(cells: list[str] | tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.stdout.write(catalogue())
