"""What real producers also send: records twice, and records that are broken in a known way.

Every injected record has one expected outcome, so a run can check its dead letters exactly.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from processing.sources.records import Record

Document = dict[str, Any]


class Defect(NamedTuple):
    """A way to break a transaction, and the dead-letter kind that has to catch it."""

    name: str
    kind: str
    break_: Callable[[Document], bytes]


def _without(field: str) -> Callable[[Document], bytes]:
    def break_(document: Document) -> bytes:
        return _dump({name: value for name, value in document.items() if name != field})

    return break_


def _with(field: str, value: object) -> Callable[[Document], bytes]:
    def break_(document: Document) -> bytes:
        return _dump({**document, field: value})

    return break_


def _truncated(document: Document) -> bytes:
    return _dump(document)[:-7]


def _not_utf8(document: Document) -> bytes:
    return _dump(document).replace(b'"currency":"', b'"currency":"\xff\xfe')


def _dump(document: Document) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


DEFECTS = (
    Defect("truncated JSON", "schema-errors", _truncated),
    Defect("invalid UTF-8", "schema-errors", _not_utf8),
    Defect("negative amount", "schema-errors", _with("amount", -12.5)),
    Defect("amount as text", "schema-errors", _with("amount", "a lot")),
    Defect("unknown currency", "schema-errors", _with("currency", "ZZZ")),
    Defect("timestamp in the future", "schema-errors", _with("timestamp", "2999-01-01T00:00:00.000Z")),
    Defect("no user_id", "incomplete", _without("user_id")),
    Defect("no amount", "incomplete", _without("amount")),
    Defect("null merchant_id", "incomplete", _with("merchant_id", None)),
)


class Dirt:
    """Adds duplicates and defective copies to a stream of records, and counts what it expects of them.

    Args:
        duplicate_rate: share of the records that are sent again, unchanged, right after themselves.
        defect_rate: share of the records that are followed by a broken one.
        seed: equal seeds break equal records in equal ways.

    Raises:
        ValueError: a rate is not between 0 and 1.
    """

    def __init__(self, duplicate_rate: float, defect_rate: float, seed: int = 0) -> None:
        for name, rate in (("duplicate_rate", duplicate_rate), ("defect_rate", defect_rate)):
            if not 0 <= rate <= 1:
                raise ValueError(f"{name} = {rate}: use a share from 0 to 1")
        self._duplicate_rate = duplicate_rate
        self._defect_rate = defect_rate
        self._rng = np.random.default_rng(seed)
        self._serial = 0
        self.expected: Counter[str] = Counter()

    def add_to(self, records: Iterable[Record]) -> Iterator[Record]:
        """The records in their order, with the injected ones between them."""
        for record in records:
            yield record
            self.expected["accepted"] += 1
            coin = self._rng.random()
            if coin < self._duplicate_rate:
                self.expected["duplicates"] += 1
                yield record
            elif coin < self._duplicate_rate + self._defect_rate:
                defect = DEFECTS[self._serial % len(DEFECTS)]
                self._serial += 1
                self.expected[defect.kind] += 1
                yield record._replace(data=self._break(record, defect))

    def _break(self, record: Record, defect: Defect) -> bytes:
        document = json.loads(record.data)
        # An identifier of its own: a broken record must not pass for a duplicate of the good one.
        document["transaction_id"] = f"{document['transaction_id']}-x"
        return defect.break_(document)
