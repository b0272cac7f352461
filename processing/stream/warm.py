"""Does once, before the first event, what its micro-batch would otherwise wait for."""

from __future__ import annotations

from processing.events import Transaction
from processing.lake import transaction_table
from processing.stream.steps.entities import Entities


def warm() -> None:
    """Compile the kernel, or load it compiled, and let pyarrow import what it imports on first use."""
    Entities("user", lambda _: {}, ()).applied(["-"], [[0], [1], [1], [0], [0]])
    Entities("merchant", lambda _: {}, ()).applied(["-"], [[0], [1]])
    transaction_table([(Transaction("-", "-", "-", 1, "EUR", 0), 0)])
