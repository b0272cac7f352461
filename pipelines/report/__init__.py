"""Pages that a reviewer or an on-call engineer reads: one file each, without links."""

REPORT_FILE = "report.html"
"""Beside the evaluation."""
REPORT_JSON = "report.json"
"""All that the page is made of, for programs."""
QUALITY_FILE = "quality.html"
"""Beside ``quality.json``."""
