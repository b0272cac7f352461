"""The model registry operations of the SageMaker API. Importing this module registers them."""

from __future__ import annotations

from mirror.registry import groups_api, packages_api, policies_api

__all__ = ["groups_api", "packages_api", "policies_api"]
