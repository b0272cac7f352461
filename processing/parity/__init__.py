"""Parity: are the features that two computations give the same, bit for bit?

`compare_files` compares two feature tables, `replay` the outputs of two engines for one log, and
`processing.parity.served` what the endpoint served with what the batch computes.
"""

from __future__ import annotations

from processing.parity.report import Difference, FeatureParity, Parity
from processing.parity.tables import compare_files

__all__ = ["Difference", "FeatureParity", "Parity", "compare_files"]
