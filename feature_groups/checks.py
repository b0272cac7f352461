"""Refuses declarations that could not be computed, stored or explained."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from string import Formatter

from feature_groups.feature import Feature
from feature_groups.primitives import LABEL_COLUMNS, WHOLE, primitives_of
from feature_groups.windows import Window

# The Feature Store's rules for the name of a column, in the project's spelling.
_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_LONGEST_NAME = 64
# Columns of the groups themselves, and those that the offline store adds to every record.
_TAKEN = frozenset(
    {"event_time", "state", "user_id", "merchant_id", "is_deleted", "write_time", "api_invocation_time"}
)
_PLACEHOLDERS = frozenset({"value", "s", "country"})


class DeclarationError(ValueError):
    """Features are declared wrongly; the message has one line per problem, naming feature and fix."""


def check(features: Sequence[Feature]) -> None:
    """Hold all features of the model against each other and against what the kernel can compute.

    Raises:
        DeclarationError: some declaration is wrong.
    """
    problems = [*_names(features), *_windows(features)]
    for feature in features:
        problems += (f"{feature.name}: {problem}" for problem in _problems(feature))
    if problems:
        raise DeclarationError("\n".join(problems))


def _names(features: Iterable[Feature]) -> Iterator[str]:
    for name, times in Counter(feature.name for feature in features).items():
        if times > 1:
            yield f"{name}: declared {times} times; give each feature a name of its own"
        if not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
            yield f"{name}: use at most {_LONGEST_NAME} lower-case letters and digits in words joined by _"
        if name in _TAKEN:
            yield f"{name}: the Feature Store groups have a column of this name; choose another"


def _windows(features: Iterable[Feature]) -> Iterator[str]:
    """Windows nest when each length is one window: with one tile, under one name."""
    known: dict[int | str, Window] = {}
    for feature in features:
        window = feature.window
        if window is None:
            continue
        others = {known.setdefault(key, window) for key in (window.milliseconds, window.name)}
        for other in others - {window}:
            yield f"{feature.name}: {window} does not nest with {other}; declare one and use it twice"


def _problems(feature: Feature) -> Iterator[str]:
    if not feature.description.strip():
        yield "description: it is empty; say what the value tells"
    for field, text in (("reason", feature.reason), ("missing", feature.missing)):
        if not text.strip():
            yield f"{field}: it is empty; write the sentence that an analyst reads"
    used = {name for _, name, _, _ in Formatter().parse(feature.reason) if name is not None}
    if used - _PLACEHOLDERS:
        unknown = min(used - _PLACEHOLDERS)
        yield f"reason: no placeholder {{{unknown}}}; use {{value}}, {{s}} or {{country}}"
    if feature.source in LABEL_COLUMNS and feature.delay == "none":
        yield f"delay: {feature.source} is not known when it happens; use delay='until label is known'"
    if feature.entity == "transaction":
        return
    allowed = primitives_of(feature.entity)
    if feature.primitive not in allowed:
        yield (
            f"aggregation: the kernel has no {feature.primitive} for a {feature.entity}; "
            f"it has {', '.join(map(str, allowed))}"
        )
    if feature.dtype != ("Integral" if feature.aggregation in WHOLE else "Fractional"):
        yield f"dtype: {feature.dtype} does not hold a {feature.aggregation}; use the other number type"
    if (feature.default is None) != (feature.aggregation not in WHOLE | {"sum"}):
        yield f"default: the {feature.aggregation} of no event is {_of_nothing(feature)}"


def _of_nothing(feature: Feature) -> str:
    return "0; use default=0.0" if feature.default is None else "missing; use default=None"
