"""What the lake knew at a moment: transactions, labels and profiles as tables for pandas."""

from __future__ import annotations

from datetime import date, datetime

import pandas as pd

from processing.lake.keys import LABEL_PREFIX, RAW_PREFIX, day_prefixes
from processing.lake.reading import LakeReader
from processing.lake.schema import LABELS, RAW_TRANSACTIONS


def transactions_of(reader: LakeReader, first: date, last: date, as_of: datetime) -> pd.DataFrame:
    """Transactions of whole days before `as_of`, of each id the first to arrive, in event order.

    Raises:
        LakeError: a file cannot be read.
    """
    prefixes = day_prefixes(RAW_PREFIX, first, last)
    frame: pd.DataFrame = reader.read(prefixes, RAW_TRANSACTIONS).to_pandas()
    frame = frame[frame["timestamp"] < as_of]
    arrived = frame.sort_values(["arrival_time", "timestamp", "transaction_id"], kind="stable")
    kept = arrived.drop_duplicates("transaction_id")
    return kept.sort_values(["timestamp", "transaction_id"], kind="stable").reset_index(drop=True)


def profiles_now(versions: pd.DataFrame, as_of: datetime) -> pd.DataFrame:
    """Of each user the newest version by `as_of`, without users whose newest version is their deletion.

    Args:
        versions: with ``user_id``, ``event_time`` and ``is_deleted``, the mark of the Feature Store.
    """
    known = versions[versions["event_time"] <= as_of].sort_values("event_time", kind="stable")
    newest = known.drop_duplicates("user_id", keep="last")
    return newest[~newest["is_deleted"].eq(True)]


def labels_known(reader: LakeReader, first: date, as_of: datetime) -> pd.DataFrame:
    """Labels that became known from `first` on and by `as_of`, in the order they became known.

    Raises:
        LakeError: a file cannot be read.
    """
    prefixes = day_prefixes(LABEL_PREFIX, first, as_of.date())
    frame: pd.DataFrame = reader.read(prefixes, LABELS).to_pandas()
    frame = frame[frame["investigation_complete_time"] <= as_of]
    order = ["investigation_complete_time", "transaction_id"]
    return frame.sort_values(order, kind="stable").reset_index(drop=True)
