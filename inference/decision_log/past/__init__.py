"""Decisions that were made: found again in the audit, in PostgreSQL or in a spool."""

from __future__ import annotations

from inference.decision_log.past.decision import PastDecision

__all__ = ["PastDecision"]
