"""The tables of decisions in PostgreSQL: ``NNNN_name.sql`` files, each applied once and in order.

A file that was applied is never edited: the next change is the next file.
"""

from __future__ import annotations

from inference.decision_log.migrations.runner import Migration, MigrationError, migrate, migrations

__all__ = ["Migration", "MigrationError", "migrate", "migrations"]
