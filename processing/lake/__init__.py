"""The lake's layout: which columns, under which keys. Everything that reads or writes it asks here."""

from __future__ import annotations

from processing.lake.keys import label_key, marker_keys, raw_key
from processing.lake.schema import FEATURES, LABELS, RAW_TRANSACTIONS
from processing.lake.tables import label_table, parquet, transaction_table

__all__ = [
    "FEATURES",
    "LABELS",
    "RAW_TRANSACTIONS",
    "label_key",
    "label_table",
    "marker_keys",
    "parquet",
    "raw_key",
    "transaction_table",
]
