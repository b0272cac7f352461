"""The ``Rules`` section: what a template asserts about its parameters before anything is built."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mirror.api import Document, ServiceError
from mirror.cloudformation.intrinsics import Resolver, equal, function_of

_LOGIC = frozenset({"Fn::And", "Fn::Not", "Fn::Or"})
_TESTS = frozenset({"Fn::Contains", "Fn::EachMemberEquals", "Fn::EachMemberIn", "Fn::Equals"})
_MEMBERS = {"Assertions", "RuleCondition"}


def check_rules(resolver: Resolver) -> None:
    """Refuse parameter values that a rule of the template does not allow.

    Raises:
        ServiceError: ``ValidationError`` with the ``AssertDescription`` of every assertion that does not
            hold; or a rule is malformed, or uses a function that the mirror does not evaluate.
    """
    failed = []
    for name, rule in (resolver.document.get("Rules") or {}).items():
        try:
            failed += [f"Rule {name}: {description}" for description in _failures(rule, resolver)]
        except ServiceError as error:
            raise ServiceError("ValidationError", f"Rule {name}: {error.message}") from error
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ServiceError("ValidationError", f"Rule {name} is malformed: {error!r}") from error
    if failed:
        raise ServiceError("ValidationError", "; ".join(failed))


def _failures(rule: Document, resolver: Resolver) -> Iterator[str]:
    """Descriptions of the rule's assertions that do not hold."""
    unknown = sorted(set(rule) - _MEMBERS)
    if unknown:
        raise ServiceError("ValidationError", f"{', '.join(unknown)} is not supported by the mirror")
    for function in _functions(rule):  # first, lest one hides behind a condition that does not hold
        if function not in _LOGIC | _TESTS | {"Ref"}:
            raise ServiceError("ValidationError", f"function {function} is not supported by the mirror")
    if "RuleCondition" in rule and not _holds(rule["RuleCondition"], resolver):
        return
    for assertion in rule["Assertions"]:
        if not _holds(assertion["Assert"], resolver):
            yield assertion.get("AssertDescription", f"{assertion['Assert']} does not hold")


def _holds(expression: Document, resolver: Resolver) -> bool:
    ((name, arguments),) = expression.items()
    if name in _LOGIC:
        results = [_holds(item, resolver) for item in arguments]
        if name == "Fn::Not":
            (result,) = results
            return not result
        return all(results) if name == "Fn::And" else any(results)
    if name not in _TESTS:
        raise ServiceError("ValidationError", f"{name} is not a condition that the mirror evaluates")
    left, right = resolver.resolve(arguments)
    match name:
        case "Fn::Equals":
            return equal(left, right)
        case "Fn::Contains":
            return _contains(left, right)
        case "Fn::EachMemberEquals":
            return all(equal(member, right) for member in _list(left))
    return all(_contains(right, member) for member in _list(left))


def _contains(members: Any, value: Any) -> bool:
    return any(equal(member, value) for member in _list(members))


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(f"expected a list, found {value!r}")
    return value


def _functions(value: Any) -> Iterator[str]:
    name = function_of(value)
    if name is not None:
        yield name
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _functions(item)
