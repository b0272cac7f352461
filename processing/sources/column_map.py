"""Column maps: a TOML file that says which columns of a foreign file are which of ours.

[columns]                      # ours = "theirs"; required: transaction_id, user_id, merchant_id,
transaction_id = "TX_ID"       # amount, timestamp; optional: currency, lat, lon, country, device,
...                            # channel, status; home_lat, home_lon, home_country: the card holder's.
                               # What is not listed is a missing value.
[defaults]                     # one value for a column that the file lacks
currency = "EUR"
[labels]                       # where the truth is, and when it becomes known
is_fraud = "FRAUD"
delay_days = 7                 # or known_at = "COLUMN"
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from processing.sources.dataset import TRANSACTIONS

HOME = ("home_lat", "home_lon", "home_country")
"""Where the card holder lives, as each row says it."""
REQUIRED = ("transaction_id", "user_id", "merchant_id", "amount", "timestamp")
_LABEL_KEYS = ("is_fraud", "fraud_type", "delay_days", "known_at", "investigated")
_CRITERIA = ("minimum_auc", "minimum_average_precision")
_SECTIONS = ("columns", "defaults", "labels", "criteria")
_INVESTIGATED = ("frauds", "all")


class ColumnMapError(ValueError):
    """The map or the file does not fit; the message names the key or column and the fix."""


@dataclass(frozen=True, slots=True)
class LabelColumns:
    """How labels are found.

    Attributes:
        is_fraud: column with 0/1 or true/false.
        fraud_type: column with the kind of fraud, if there is one.
        delay_days: a label is known this long after its transaction; None when `known_at` is set.
        known_at: column with the time at which the label is known.
        investigated: ``frauds`` (only frauds are ever labelled) or ``all`` rows.
    """

    is_fraud: str
    fraud_type: str | None = None
    delay_days: float | None = 7.0
    known_at: str | None = None
    investigated: str = "frauds"


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """A validated map. `columns` and `defaults` are keyed by our names, those of `HOME` included.

    `criteria` are the thresholds a model of this data has to reach, by parameter name.
    """

    columns: Mapping[str, str]
    defaults: Mapping[str, Any] = field(default_factory=dict)
    labels: LabelColumns | None = None
    criteria: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> ColumnMap:
        """Read and check a map.

        Raises:
            ColumnMapError: not TOML, an unknown or missing key, or a value of the wrong type.
        """
        try:
            document = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ColumnMapError(f"{path}: not valid TOML: {error}") from error
        try:
            return cls.parse(document)
        except ColumnMapError as error:
            raise ColumnMapError(f"{path}: {error}") from error

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> ColumnMap:
        """The map in a decoded TOML document. Raises `ColumnMapError` as `load` does."""
        _known("section", document, _SECTIONS)
        for section, value in document.items():
            if not isinstance(value, dict):
                raise ColumnMapError(f"{section}: make it a section, [{section}]")
        columns, defaults = document.get("columns", {}), document.get("defaults", {})
        _known("[columns]", columns, [*TRANSACTIONS.names, *HOME])
        _known("[defaults]", defaults, TRANSACTIONS.names)
        _texts("[columns]", columns)
        for name in REQUIRED:
            if name not in columns:
                raise ColumnMapError(f'[columns] {name}: required; add {name} = "<column of the file>"')
        if "currency" not in columns and "currency" not in defaults:
            raise ColumnMapError('[defaults] currency: required when no column has it; add currency = "EUR"')
        if both := sorted(columns.keys() & defaults.keys()):
            raise ColumnMapError(f"[defaults] {both[0]}: also in [columns]; remove one of the two")
        return cls(
            columns, defaults, _labels(document.get("labels")), _criteria(document.get("criteria", {}))
        )


def _labels(section: Mapping[str, Any] | None) -> LabelColumns | None:
    if section is None:
        return None
    _known("[labels]", section, _LABEL_KEYS)
    if "is_fraud" not in section:
        raise ColumnMapError('[labels] is_fraud: required; add is_fraud = "<column of the file>"')
    if ("delay_days" in section) == ("known_at" in section):
        raise ColumnMapError("[labels]: give exactly one of delay_days (a number) and known_at (a column)")
    _texts("[labels]", {k: v for k, v in section.items() if k != "delay_days"})
    delay = section.get("delay_days")
    if delay is not None and (isinstance(delay, bool) or not isinstance(delay, int | float) or delay < 0):
        raise ColumnMapError(f"[labels] delay_days = {delay!r}: use a number of days, 0 or more")
    investigated = section.get("investigated", "frauds")
    if investigated not in _INVESTIGATED:
        raise ColumnMapError(
            f"[labels] investigated = {investigated!r}: use one of {', '.join(_INVESTIGATED)}"
        )
    return LabelColumns(
        section["is_fraud"], section.get("fraud_type"), delay, section.get("known_at"), investigated
    )


def _criteria(section: Mapping[str, Any]) -> dict[str, float]:
    _known("[criteria]", section, _CRITERIA)
    for name, value in section.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise ColumnMapError(f"[criteria] {name} = {value!r}: use a number from 0 to 1")
    return {name: float(value) for name, value in section.items()}


def _known(where: str, section: Mapping[str, Any], names: tuple[str, ...] | list[str]) -> None:
    for name in section:
        if name not in names:
            close = difflib.get_close_matches(name, names, 1)
            hint = f"did you mean {close[0]}?" if close else f"use one of {', '.join(names)}"
            raise ColumnMapError(f"{where} {name}: unknown; {hint}")


def _texts(where: str, section: Mapping[str, Any]) -> None:
    for name, value in section.items():
        if not isinstance(value, str) or not value:
            raise ColumnMapError(f'{where} {name} = {value!r}: use a text, {name} = "..."')
