"""The stream job (F1, F2): what watches it, and what runs it where that is Flink."""

from __future__ import annotations

from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_kms as kms
from constructs import Construct

from cdk_app.arns import Arns
from cdk_app.constructs.flink_application import FlinkApplication
from cdk_app.constructs.stream_alarms import StreamAlarms
from cdk_app.settings import Settings


class StreamStack(Stack):
    """Alarms for either engine; the application with ``stream_engine=flink``.

    The consumer, the other engine, is one process with a disk that runs outside of this stack: see
    docs/decisions/0005-three-engines.md.

    Args:
        keys: of the streams, and of the feature store.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        keys: list[kms.IKey],
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, construct_id, description="The stream job and its alarms", **kwargs)
        StreamAlarms(self, "Alarms", settings=settings)
        if settings.stream_engine == "flink":
            FlinkApplication(self, "Flink", settings=settings, arns=Arns(self, settings.names), keys=keys)
