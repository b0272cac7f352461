"""The operators of a bounded job: numbers of chunks in, rows of features out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from pyflink.common import Types
from pyflink.datastream import KeyedProcessFunction, OutputTag, ProcessFunction

from processing.engines.flink import states
from processing.engines.flink.bundles import (
    Fraud,
    MerchantEvent,
    Step,
    UserEvent,
    bucket,
    bundles,
    events_of,
    steps_of,
)
from processing.engines.flink.kernel import MERCHANT_WIDTH, USER_WIDTH, of_merchants, of_users
from processing.engines.flink.log import CHUNK, Log

ELEMENT = Types.PRIMITIVE_ARRAY(Types.BYTE())
# What goes to merchants, in the order of the log; everything else goes to users.
TO_MERCHANTS = OutputTag("merchants", ELEMENT)
_TIME = 2  # its column in the log
_MERCHANT = slice(USER_WIDTH, USER_WIDTH + MERCHANT_WIDTH)


class Read(ProcessFunction):  # type: ignore[misc]  # PyFlink is untyped
    """A number to the transactions of that chunk, after the frauds that became known meanwhile."""

    def __init__(self, folder: str) -> None:
        self._log = Log(Path(folder))

    def open(self, _context: Any) -> None:
        self._columns = [self._log.open(f"column{number}") for number in range(9)]
        self._merchants, self._known = self._log.open("fraud_merchant"), self._log.open("fraud_known")

    def process_element(self, number: int, _context: Any) -> Iterator[Any]:
        start = number * CHUNK
        frauds = slice(self._known_before(start), self._known_before(start + CHUNK))
        reports = zip(self._merchants[frauds].tolist(), self._known[frauds].tolist(), strict=True)
        steps: list[Step] = [Fraud(merchant, known) for merchant, known in reports]
        columns = [column[start : start + CHUNK].tolist() for column in self._columns]
        events = [
            UserEvent(*row) for row in zip(*columns, range(start, start + len(columns[0])), strict=True)
        ]
        steps += [MerchantEvent(event.merchant, event.user, event.time, event.row) for event in events]
        for bundle in bundles((bucket(step.merchant), step) for step in steps):
            yield TO_MERCHANTS, bundle
        yield from bundles((bucket(event.user), event) for event in events)

    def _known_before(self, row: int) -> int:
        """How many frauds are read before the chunk that begins at `row`: those known before its first row.

        One that becomes known inside a chunk is read with that chunk: a state ignores it until then.
        """
        times = self._columns[_TIME]
        if row == 0:
            return 0
        return int(np.searchsorted(self._known, times[min(row, len(times)) - 1]))


class Users(KeyedProcessFunction):  # type: ignore[misc]
    """Writes the user's and the request-time features of each row; writing them again changes nothing."""

    def __init__(self, folder: str) -> None:
        self._log = Log(Path(folder))

    def open(self, context: Any) -> None:
        self._states = states.by_identity(context, "users", states.USERS)
        self._features, self._written = self._log.open("features", "r+"), self._log.open("written", "r+")

    def process_element(self, bundle: bytes, _context: Any) -> None:
        done = list(of_users(self._states, events_of(memoryview(bundle)[1:])))
        rows, values = [event.row for event, _ in done], np.array([values for _, values in done])
        self._features[rows, :USER_WIDTH] = values[:, :USER_WIDTH]
        self._features[rows, USER_WIDTH + MERCHANT_WIDTH :] = values[:, USER_WIDTH:]
        self._written[rows, 0] = True


class Merchants(KeyedProcessFunction):  # type: ignore[misc]
    """Writes the merchant's features of each row."""

    def __init__(self, folder: str) -> None:
        self._log = Log(Path(folder))

    def open(self, context: Any) -> None:
        self._states = states.by_identity(context, "merchants", states.FOREVER)
        self._features, self._written = self._log.open("features", "r+"), self._log.open("written", "r+")

    def process_element(self, bundle: bytes, _context: Any) -> None:
        done = list(of_merchants(self._states, steps_of(memoryview(bundle)[1:])))
        if done:
            rows = [step.row for step, _ in done]
            self._features[rows, _MERCHANT] = [values for _, values in done]
            self._written[rows, 1] = True
