"""Reads a policy file and everything beside it; what is wrong with it is told all at once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from inference.policy.checks import limits_problems, route_problems, rule_problems
from inference.policy.document import Header, ListSource, PolicyError, Route, Routing, Rule
from inference.policy.facts import SIGNAL, Kind
from inference.policy.lists import read_list
from inference.policy.policy import Policy

_Part = TypeVar("_Part")
_VERSION_DIGITS = 8


def load(path: Path, signals: Mapping[str, Kind] | None = None) -> Policy:
    """Read and check a policy file (TOML).

    Args:
        signals: what the configured adapters answer, by ``adapter.output``. None when there are none:
            rules that test signals are then shadow rules, whatever the file says.

    Raises:
        PolicyError: the file is missing, or a rule, list or route of it is wrong.
    """
    try:
        raw = path.read_bytes()
        document: dict[str, Any] = msgspec.toml.decode(raw)
    except OSError as error:
        raise PolicyError(f"{path}: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise PolicyError(f"{path}: {error}") from error
    return _Reading(path, raw, document, signals).policy()


class _Reading:
    """One file being read; problems gather until the end."""

    def __init__(
        self, path: Path, raw: bytes, document: dict[str, Any], signals: Mapping[str, Kind] | None
    ) -> None:
        self._path = path
        self._document = document
        self._signals = signals
        self._digest = hashlib.sha256(raw)
        self._problems: list[str] = []

    def policy(self) -> Policy:
        lists = self._lists(self._table("list"))
        rules = self._rules(self._array("rule"), lists)
        routing = self._routing(lists)
        header = self._convert(self._document, Header, "")
        if header is not None:
            if not header.version:
                self._problems.append("version: give the file a version")
            if header.thresholds is not None:
                self._problems += limits_problems(header.thresholds)
        if self._problems or header is None:
            raise PolicyError("\n".join(f"{self._path}: {problem}" for problem in self._problems))
        # The contents are part of the version: a list that changed is another policy.
        version = f"{header.version}+{self._digest.hexdigest()[:_VERSION_DIGITS]}"
        return Policy(version, header, rules, lists, routing)

    def _lists(self, tables: dict[str, Any]) -> dict[str, frozenset[str]]:
        lists: dict[str, frozenset[str]] = {}
        for name, table in sorted(tables.items()):
            source = self._convert(table, ListSource, f"list {name!r}: ")
            lists[name] = frozenset()
            if source is None:
                continue
            try:
                lists[name], raw = read_list(self._path.parent, source)
            except ValueError as error:
                self._problems.append(f"list {name!r}: {error}")
            else:
                self._digest.update(raw)
        return lists

    def _rules(self, tables: list[Any], lists: Mapping[str, frozenset[str]]) -> list[Rule]:
        rules: list[Rule] = []
        for number, table in enumerate(tables, 1):
            where = _named("rule", number, table)
            rule = self._convert(table, Rule, where)
            if rule is None:
                continue
            self._problems += (where + problem for problem in rule_problems(rule, lists, self._signals))
            if any(rule.id == earlier.id for earlier in rules):
                self._problems.append(f"{where}the id is used twice")
            if self._signals is None and any(test.fact.startswith(SIGNAL) for test in rule.when):
                rule = msgspec.structs.replace(rule, mode="shadow")
            rules.append(rule)
        return rules

    def _routing(self, lists: Mapping[str, frozenset[str]]) -> Routing | None:
        if "routing" not in self._document:
            return None
        table = self._table("routing")
        routes: list[Route] = []
        for number, entry in enumerate(table.get("realtime", []), 1):
            where = _named("route", number, entry)
            route = self._convert(entry, Route, where)
            if route is not None:
                self._problems += (where + problem for problem in route_problems(route, lists, self._signals))
                routes.append(route)
        return self._convert(table | {"realtime": routes}, Routing, "routing: ")

    def _table(self, name: str) -> dict[str, Any]:
        value = self._document.pop(name, {})
        if isinstance(value, dict):
            return value
        self._problems.append(f"{name}: expected a table, [{name}...]")
        return {}

    def _array(self, name: str) -> list[Any]:
        value = self._document.pop(name, [])
        if isinstance(value, list):
            return value
        self._problems.append(f"{name}: expected an array of tables, [[{name}]]")
        return []

    def _convert(self, table: object, form: type[_Part], where: str) -> _Part | None:
        try:
            return msgspec.convert(table, form)
        except msgspec.ValidationError as error:
            self._problems.append(f"{where}{error}")
            return None


def _named(what: str, number: int, table: object) -> str:
    name = table.get("id") if isinstance(table, dict) else None
    return f"{what} {name!r}: " if isinstance(name, str) and name else f"{what} {number}: "
