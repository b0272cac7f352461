"""The job operations of the SageMaker API. Importing this module registers them."""

from __future__ import annotations

from mirror.jobs import processing_api, training_api

__all__ = ["processing_api", "training_api"]
