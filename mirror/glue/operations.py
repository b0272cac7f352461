"""Imports every module that registers operations of Glue's Schema Registry."""

from __future__ import annotations

from mirror.glue import registries_api, schemas_api, versions_api

__all__ = ["registries_api", "schemas_api", "versions_api"]
