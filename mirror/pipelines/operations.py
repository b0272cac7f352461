"""The pipeline operations of the SageMaker API. Importing this module registers them."""

from __future__ import annotations

from mirror.pipelines import executions_api, pipelines_api, reading_api

__all__ = ["executions_api", "pipelines_api", "reading_api"]
