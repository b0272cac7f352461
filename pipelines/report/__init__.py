"""Pages that a reviewer or an on-call engineer reads: one file each, without links."""

REPORT_FILE = "report.html"
"""Beside the evaluation."""
QUALITY_FILE = "quality.html"
"""Beside ``quality.json``."""
