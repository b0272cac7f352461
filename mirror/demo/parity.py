"""Are the features that the endpoint served those that the batch computes?"""

from __future__ import annotations

import time

from rich.markup import escape

from mirror.demo.run import DemoError, Run
from processing.parity.served import Decision, compare_served
from processing.parity.served.collect import Clients, Collector
from processing.parity.served.compare import LAG_MS

_SHOWN = 3
_LOG_TIMEOUT_S = 15.0
_POLL_S = 0.25


def compare_with_batch(run: Run) -> None:
    """Recompute every live decision's features from the lake, and compare them with the endpoint's log.

    The consumer has worked through everything by now, so the lake is complete.

    Raises:
        DemoError: decisions are missing in the log, or differ and no late input explains it.
    """
    collector = Collector(Clients.of(run.client), run.names)
    decisions = _logged(run, collector)
    inputs = collector.inputs(decisions, LAG_MS)
    parity = compare_served(decisions, inputs)
    run.results.parity = parity
    for late in parity.late[:_SHOWN]:
        run.screen.line(f"[dim]late: {escape(str(late))}[/]")
    for mismatched in parity.mismatched[:_SHOWN]:
        run.screen.line(f"[red]mismatch: {escape(str(mismatched))}[/]")
    picture = run.folder / "parity.svg"
    picture.write_text(parity.picture(), encoding="utf-8")
    run.screen.line(parity.summary())
    run.screen.line(f"picture: {picture}")
    if not parity.ok:
        raise DemoError(
            f"{len(parity.mismatched)} decisions were made on features that the batch does not have"
        )


def _logged(run: Run, collector: Collector) -> list[Decision]:
    """The live decisions in the log, which is written a moment after the answers.

    Raises:
        DemoError: some do not appear.
    """
    made = sum(run.results.decisions.values())
    deadline = time.monotonic() + _LOG_TIMEOUT_S
    while True:
        decisions = collector.decisions(run.results.live_since_ms)
        if len(decisions) >= made:
            return decisions
        if time.monotonic() > deadline:
            raise DemoError(f"{made} decisions were made, the log has {len(decisions)}", run.mirror.log)
        time.sleep(_POLL_S)
