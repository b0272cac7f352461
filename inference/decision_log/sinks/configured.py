"""The sinks that settings ask for."""

from __future__ import annotations

from inference.decision_log.settings import LogSettings
from inference.decision_log.sinks.sink import Sink


def configured(settings: LogSettings) -> list[Sink]:
    """One sink for each place that is set; each imports what it needs only then.

    Raises:
        ValueError: a setting does not fit.
    """
    found: list[Sink] = []
    if settings.stream is not None:
        from inference.decision_log.sinks.stream import StreamSink

        found.append(StreamSink.create(settings.stream, settings.names))
    if settings.audit_uri is not None:
        from inference.decision_log.sinks.audit import AuditSink

        uri, flush_s, days = settings.audit_uri, settings.audit_flush_s, settings.audit_retention_days
        found.append(AuditSink.create(uri, flush_s, days))
    if settings.postgres_dsn is not None:
        from inference.decision_log.sinks.postgres import PostgresSink

        found.append(PostgresSink(settings.postgres_dsn))
    return found
