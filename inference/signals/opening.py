"""From the signals file to third parties that can be asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import zip_longest

from inference.signals.asking import Asker
from inference.signals.counters import Row
from inference.signals.document import AdapterSettings, SignalsFile
from inference.signals.gathering import Signals


def create(document: SignalsFile, environ: Mapping[str, str], rows: Sequence[Row | None] = ()) -> Signals:
    """Everything that a checked signals file declares; connects to nobody yet.

    Args:
        rows: where to count, one per adapter; see `Counters`.
    """
    each = zip_longest(document.adapter, rows)
    askers = [_asker(settings, environ, row) for settings, row in each]
    return Signals(askers, budget_s=document.budget_ms / 1000)


def _asker(settings: AdapterSettings, environ: Mapping[str, str], row: Row | None) -> Asker:
    from inference.signals.http import HttpAdapter  # costs 0.2 s of start, for those who ask somebody

    token = None if settings.token_env is None else environ[settings.token_env]
    return Asker(
        HttpAdapter(settings, token),
        timeout_s=settings.timeout_ms / 1000,
        concurrency=settings.concurrency,
        cache=settings.cache,
        breaker=settings.breaker,
        hedge=settings.hedge,
        row=row,
    )
