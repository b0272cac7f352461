"""What a third party looks like from here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from inference.signals.outputs import Output
from processing.events import Transaction


class Adapter(Protocol):
    """Asks one third party about a transaction. It needs no timeout, cache or check of its own."""

    @property
    def name(self) -> str:
        """Its signals are the facts ``signal.NAME.OUTPUT``."""
        ...

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields of the transaction that the answer depends on; nothing else leaves the house."""
        ...

    @property
    def outputs(self) -> Mapping[str, Output]:
        """What it says."""
        ...

    async def ask(self, transaction: Transaction) -> Mapping[str, object]:
        """One call.

        Raises:
            SignalError: no usable answer.
        """
        ...

    async def close(self) -> None:
        """Give back connections."""
        ...
