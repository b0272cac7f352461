"""The warehouse's star schema as data: facts, dimensions, their columns, and how Redshift keeps them.

The nightly load writes Parquet that fits it; tables in Redshift follow from the same declarations.
"""

from __future__ import annotations

from processing.warehouse.dimensions import DATE_DIM, MERCHANTS_DIM, USERS_DIM
from processing.warehouse.facts import LABELS_FACT, MODEL_PREDICTIONS_FACT, TRANSACTIONS_FACT
from processing.warehouse.table import Column, Kind, Table

TABLES: tuple[Table, ...] = (
    TRANSACTIONS_FACT,
    MODEL_PREDICTIONS_FACT,
    LABELS_FACT,
    USERS_DIM,
    MERCHANTS_DIM,
    DATE_DIM,
)

__all__ = [
    "DATE_DIM",
    "LABELS_FACT",
    "MERCHANTS_DIM",
    "MODEL_PREDICTIONS_FACT",
    "TABLES",
    "TRANSACTIONS_FACT",
    "USERS_DIM",
    "Column",
    "Kind",
    "Table",
]
