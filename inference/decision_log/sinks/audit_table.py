"""Records of decisions as a table of the audit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from inference.predictions import Prediction, contributions
from inference.reasons import Reason
from processing.lake.audit import AUDIT

_OTHERWISE = {
    "timestamp", "decided_at", "rules_live", "rules_shadow", "reasons", "signals", "features_used",
    "contributions", "features_as_of",
}  # fmt: skip
_PLAIN = tuple(name for name in AUDIT.names if name not in _OTHERWISE)


def audit_table(records: Sequence[Prediction], features: Sequence[str]) -> pa.Table:
    """Records as a table of `AUDIT`.

    Args:
        features: names of the records' features, in their order.

    Raises:
        ValueError: a record has another number of features, or a time that is none.
    """
    columns: dict[str, pa.Array] = {
        name: pa.array([getattr(record, name) for record in records], AUDIT.field(name).type)
        for name in _PLAIN
    }
    columns["timestamp"] = _moments([record.timestamp for record in records])
    columns["decided_at"] = _moments([record.decided_at for record in records])
    columns["rules_live"] = _lists([record.rules_live for record in records], _strings)
    columns["rules_shadow"] = _lists([record.rules_shadow for record in records], _strings)
    columns["reasons"] = _lists([record.reasons for record in records], _reasons)
    columns["signals"] = pa.array([_json(record.signals) for record in records], pa.string())
    columns["features_used"] = _by_name([record.features_used for record in records], features, pa.float64())
    columns["contributions"] = _by_name([contributions(record) for record in records], features, pa.float32())
    columns["features_as_of"] = _as_of(records)
    return pa.table([columns[name] for name in AUDIT.names], schema=AUDIT)


def _moments(texts: Sequence[str | None]) -> pa.Array:
    return pa.array(texts, pa.string()).cast(pa.timestamp("ms", tz="UTC"))


def _json(value: dict[str, Any] | None) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()


def _strings(values: list[str]) -> pa.Array:
    return pa.array(values, pa.string())


def _lists(rows: Sequence[Sequence[Any]], items: Callable[[list[Any]], pa.Array]) -> pa.Array:
    """A list column, its items made in one go."""
    return pa.ListArray.from_arrays(_offsets(map(len, rows)), items([item for row in rows for item in row]))


def _reasons(reasons: list[Reason]) -> pa.Array:
    kind = AUDIT.field("reasons").type.value_type
    values = {
        "feature": [reason.feature for reason in reasons],
        "value": [None if isinstance(reason.value, str) else reason.value for reason in reasons],
        "text_value": [reason.value if isinstance(reason.value, str) else None for reason in reasons],
        "contribution": [reason.contribution for reason in reasons],
        "direction": [reason.direction for reason in reasons],
        "share": [reason.share for reason in reasons],
        "text": [reason.text for reason in reasons],
    }
    arrays = [pa.array(values[field.name], field.type) for field in kind]
    return pa.StructArray.from_arrays(arrays, fields=list(kind))


def _by_name(rows: Sequence[Sequence[float] | None], names: Sequence[str], kind: pa.DataType) -> pa.Array:
    """A map column from vectors: missing values are null, and so is a row without a vector."""
    for row in rows:
        if row is not None and len(row) != len(names):
            raise ValueError(f"a record has {len(row)} features, and its release had {len(names)}")
    present = [row for row in rows if row is not None]
    keys = pa.array(names, pa.string()).take(pa.array(np.tile(np.arange(len(names)), len(present))))
    values = pa.array(np.array(present, np.float64).ravel(), from_pandas=True).cast(kind)
    lengths = [0 if row is None else len(names) for row in rows]
    return pa.MapArray.from_arrays(_offsets(lengths, [row is None for row in rows]), keys, values)


def _offsets(lengths: Iterable[int], null: Sequence[bool] | None = None) -> pa.Array:
    """Where each row's items begin; a null there makes the row null."""
    bounds = list(accumulate(lengths, initial=0))
    return pa.array(bounds, pa.int32(), mask=None if null is None else np.array([*null, False]))


def _as_of(records: Sequence[Prediction]) -> pa.Array:
    kind = AUDIT.field("features_as_of").type
    seen = [record.features_as_of for record in records]
    arrays = [_moments([None if one is None else getattr(one, field.name) for one in seen]) for field in kind]
    return pa.StructArray.from_arrays(arrays, fields=list(kind), mask=pa.array([one is None for one in seen]))
