"""A past decision explained to people: as text, and as a page."""

from __future__ import annotations

from inference.decision_log.explanation.page import page
from inference.decision_log.explanation.text import lines

__all__ = ["lines", "page"]
