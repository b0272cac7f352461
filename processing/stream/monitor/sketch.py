"""What is kept of a minute or an hour: how many transactions, and how each feature was distributed.

A sketch is one array of counters, so that two are added as arrays are and one is stored as its bytes.

    [rows read, records sampled, of these with an unknown schema, missing by required field,
     histogram of each feature]

Bins are half octaves of ``1 + value``, read off the exponent and the first bit of the mantissa of a float: no
search, no logarithm. They are fixed, so a histogram of a week is the sum of those of its hours.
"""

from __future__ import annotations

from itertools import chain

import numpy as np
import numpy.typing as npt

from feature_groups import MODEL_FEATURES
from feature_groups.renewal import renews

REQUIRED = ("transaction_id", "user_id", "merchant_id", "amount", "currency", "timestamp")
ROWS, SAMPLED, STRANGE = range(3)
_MISSING = 3
HEAD = _MISSING + len(REQUIRED)

# A minute has one weekday and one hour: against a week they always differ.
_CALENDAR = ("hour_of_day", "day_of_week")
WATCHED = tuple(f.name for f in MODEL_FEATURES if renews(f) and f.name not in _CALENDAR)
"""Features whose distribution is compared; what grows with its history differs from last week's anyway."""

BINS = 32
_ABSENT = BINS - 1
SIZE = HEAD + len(WATCHED) * BINS
Sketch = npt.NDArray[np.int64]

_COLUMNS = np.array([i for i, f in enumerate(MODEL_FEATURES) if f.name in WATCHED])
_OFFSETS = np.arange(len(WATCHED), dtype=np.int32) * BINS
_ONE = np.float32(1).view(np.int32) >> 22


def empty() -> Sketch:
    return np.zeros(SIZE, np.int64)


def histograms(features: npt.NDArray[np.float32]) -> Sketch:
    """Counters of `BINS` for each of `WATCHED`, one feature after the other; the last bin is for NaN.

    Args:
        features: [rows, `WATCHED`], as `watched` makes them.
    """
    bins = ((np.abs(features) + np.float32(1)).view(np.int32) >> 22) - _ONE
    np.minimum(bins, _ABSENT - 1, out=bins)
    bins[np.isnan(features)] = _ABSENT
    bins += _OFFSETS
    found: Sketch = np.bincount(bins.ravel(), minlength=len(WATCHED) * BINS)
    return found


def watched(features: list[list[float]]) -> npt.NDArray[np.float32]:
    """[rows, `WATCHED`] of whole feature vectors."""
    if not features:
        return np.empty((0, len(WATCHED)), np.float32)
    # Flat: from a list of lists numpy makes an array three times slower.
    flat = np.fromiter(chain.from_iterable(features), np.float32, len(features) * len(MODEL_FEATURES))
    return flat.reshape(len(features), -1)[:, _COLUMNS]


def missing_at(field: str) -> int:
    """Where a sketch counts the records that lack a required field."""
    return _MISSING + REQUIRED.index(field)


def distribution(sketch: Sketch, name: str) -> Sketch:
    """[`BINS`] counters of one feature."""
    first = HEAD + WATCHED.index(name) * BINS
    return sketch[first : first + BINS]


def pack(sketch: Sketch) -> bytes:
    return sketch.astype("<u4").tobytes()


def unpack(packed: bytes) -> Sketch | None:
    """None for a sketch of other features: it tells nothing of these."""
    return np.frombuffer(packed, "<u4").astype(np.int64) if len(packed) == 4 * SIZE else None
