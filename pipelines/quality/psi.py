"""The population stability index: how differently a value is distributed in two samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

MODERATE, LARGE = 0.25, 0.5
"""Above 0.25 a shift is called significant (Siddiqi 2006, Credit Risk Scorecards); 0.5 stops a night."""

_BINS = 10
_FLOOR = 1e-4


def psi(before: npt.ArrayLike, now: npt.ArrayLike) -> float:
    """``sum((q - p) * ln(q / p))`` over deciles of `before`, and a bin for missing values.

    Args:
        before, now: [rows] each, NaN for missing.

    Returns:
        0 for the same distribution; shares are held above 0.0001, so that an empty bin does not make it
        infinite.
    """
    return Baseline.of(before).psi(now)


@dataclass(frozen=True, slots=True)
class Baseline:
    """The sample before, counted once for all that is held against it."""

    edges: npt.NDArray[np.float64]
    shares: npt.NDArray[np.float64]

    @classmethod
    def of(cls, before: npt.ArrayLike) -> Baseline:
        """Deciles of `before`, [rows], NaN for missing."""
        old = np.asarray(before, np.float64)
        known = old[~np.isnan(old)]
        cuts = np.linspace(0, 1, _BINS + 1)[1:-1]
        edges = np.unique(np.quantile(known, cuts)) if known.size else np.empty(0)
        return cls(edges, _shares(old, edges))

    def psi(self, now: npt.ArrayLike) -> float:
        """As `psi` says."""
        p, q = self.shares, _shares(np.asarray(now, np.float64), self.edges)
        return float(((q - p) * np.log(q / p)).sum())


def _shares(values: npt.NDArray[np.float64], edges: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    missing = np.isnan(values)
    # A value that is an edge itself belongs to the bin that ends there: many features are small counts.
    counts = np.bincount(np.searchsorted(edges, values[~missing], "left"), minlength=edges.size + 1)
    shares = np.append(counts, missing.sum()) / max(len(values), 1)
    return np.maximum(shares, _FLOOR)
