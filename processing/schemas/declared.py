"""The schemas as the code declares them now: one for each kind of record."""

from __future__ import annotations

from typing import Any

from processing.events.labels import RawLabel
from processing.events.transactions import RawTransaction
from processing.schemas.avro_types import AvroType, record
from processing.schemas.records import DeadLetter, EnrichedTransaction, Prediction

NAMESPACE = "fraudline"

_RECORDS: dict[str, tuple[Any, str, str]] = {
    "transactions-raw": (RawTransaction, "Transaction", "A card transaction as the customer sends it"),
    "transactions-enriched": (EnrichedTransaction, "EnrichedTransaction", "A transaction's features"),
    "fraud-labels": (RawLabel, "Label", "The outcome of an investigation"),
    "model-predictions": (Prediction, "Prediction", "A decision, with what it was decided on"),
    "dead-letters": (DeadLetter, "DeadLetter", "A record that was not applied, with its original bytes"),
}


def declared(name: str) -> AvroType:
    """The Avro schema of one of `processing.schemas.files.SCHEMAS`, from the declarations."""
    struct, title, doc = _RECORDS[name]
    return {"type": "record", "name": title, "namespace": NAMESPACE, **record(struct, title, doc)}
