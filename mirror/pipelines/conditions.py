"""Condition steps: comparing values, and choosing the branch."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

from mirror.pipelines.errors import EvaluationError, InvalidDefinition
from mirror.pipelines.expressions import Scope, evaluate

_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "Equals": operator.eq,
    "GreaterThan": operator.gt,
    "GreaterThanOrEqualTo": operator.ge,
    "LessThan": operator.lt,
    "LessThanOrEqualTo": operator.le,
}
TYPES = (*_COMPARISONS, "In", "Not", "Or")


def check(arguments: dict[str, Any], where: str) -> None:
    """Check the structure of a condition step's arguments.

    Raises:
        InvalidDefinition: a condition is of unknown type or lacks a field.
    """
    conditions = arguments.get("Conditions")
    if not isinstance(conditions, list) or not conditions:
        raise InvalidDefinition(f"{where}: Arguments.Conditions is missing or empty")
    for index, condition in enumerate(conditions):
        _check(condition, f"{where}: Arguments.Conditions[{index}]")


def holds(arguments: dict[str, Any], scope: Scope) -> bool:
    """Whether all conditions of a step hold.

    Raises:
        EvaluationError: an operand has no value, or two values cannot be compared.
    """
    return all(_holds(condition, scope) for condition in arguments["Conditions"])


def _check(condition: Any, where: str) -> None:
    kind = condition.get("Type") if isinstance(condition, dict) else None
    if kind not in TYPES:
        raise InvalidDefinition(f"{where}: Type {kind!r} is not one of {', '.join(TYPES)}")
    if kind in _COMPARISONS:
        _need(condition, ("LeftValue", "RightValue"), where)
    elif kind == "In":
        _need(condition, ("QueryValue", "Values"), where)
        if not isinstance(condition["Values"], list):
            raise InvalidDefinition(f"{where}: Values is not a list")
    elif kind == "Or":
        _need(condition, ("Conditions",), where)
        if not isinstance(condition["Conditions"], list) or not condition["Conditions"]:
            raise InvalidDefinition(f"{where}: Conditions is empty or not a list")
        for index, inner in enumerate(condition["Conditions"]):
            _check(inner, f"{where}.Conditions[{index}]")
    else:
        _check(_negated(condition, where), f"{where}.Expression")


def _holds(condition: dict[str, Any], scope: Scope) -> bool:
    kind = condition["Type"]
    if kind == "Or":
        return any(_holds(inner, scope) for inner in condition["Conditions"])
    if kind == "Not":
        return not _holds(_negated(condition, "Not"), scope)
    if kind == "In":
        query = evaluate(condition["QueryValue"], scope)
        return any(_equal(query, evaluate(item, scope)) for item in condition["Values"])
    left, right = evaluate(condition["LeftValue"], scope), evaluate(condition["RightValue"], scope)
    if kind == "Equals":
        return _equal(left, right)
    if not _comparable(left, right):
        raise EvaluationError(
            f"{kind}: {left!r} and {right!r} cannot be compared; give two numbers or two texts"
        )
    return _COMPARISONS[kind](left, right)


def _negated(condition: dict[str, Any], where: str) -> Any:
    """The inner condition: ``Expression`` in the service's schema, ``Condition`` in the SDK's output."""
    for field in ("Expression", "Condition"):
        if field in condition:
            return condition[field]
    raise InvalidDefinition(f"{where}: Expression is missing")


def _need(condition: dict[str, Any], fields: tuple[str, ...], where: str) -> None:
    for field in fields:
        if field not in condition:
            raise InvalidDefinition(f"{where}: {field} is missing")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _comparable(left: Any, right: Any) -> bool:
    return (_is_number(left) and _is_number(right)) or (isinstance(left, str) and isinstance(right, str))


def _equal(left: Any, right: Any) -> bool:
    """Equality that does not take True for 1."""
    return bool(left == right) and isinstance(left, bool) == isinstance(right, bool)
