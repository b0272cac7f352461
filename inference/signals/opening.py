"""From the signals file to third parties that can be asked."""

from __future__ import annotations

from collections.abc import Mapping

from inference.signals.asking import Asker
from inference.signals.document import AdapterSettings, SignalsFile
from inference.signals.gathering import Signals


def create(document: SignalsFile, environ: Mapping[str, str]) -> Signals:
    """Everything that a checked signals file declares; connects to nobody yet."""
    askers = [_asker(settings, environ) for settings in document.adapter]
    return Signals(askers, budget_s=document.budget_ms / 1000)


def _asker(settings: AdapterSettings, environ: Mapping[str, str]) -> Asker:
    from inference.signals.http import HttpAdapter  # costs 0.2 s of start, for those who ask somebody

    token = None if settings.token_env is None else environ[settings.token_env]
    return Asker(
        HttpAdapter(settings, token),
        timeout_s=settings.timeout_ms / 1000,
        concurrency=settings.concurrency,
        cache=settings.cache,
        breaker=settings.breaker,
        hedge=settings.hedge,
    )
