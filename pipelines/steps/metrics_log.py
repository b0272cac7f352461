"""Metrics as log lines that the training service collects by pattern."""

from __future__ import annotations

METRICS = ("validation:auc", "validation:average_precision", "train:average_precision", "rounds")
METRIC_PATTERNS = {name: rf"fraudline metric {name}=([0-9.eE+-]+);" for name in METRICS}


def log_metric(name: str, value: float) -> None:
    """Print one metric in the form that `METRIC_PATTERNS` matches.

    Raises:
        KeyError: the metric has no pattern, so the service would not see it.
    """
    if name not in METRIC_PATTERNS:
        raise KeyError(f"{name}: add it to METRICS")
    print(f"fraudline metric {name}={value:.6g};", flush=True)
