"""What enters the platform: transactions and fraud labels, decoded and checked once, at the border."""

from __future__ import annotations

from processing.events.labels import decode_label
from processing.events.records import Label, Profile, RejectedRecord, Transaction
from processing.events.transactions import decode_transaction

__all__ = [
    "Label",
    "Profile",
    "RejectedRecord",
    "Transaction",
    "decode_label",
    "decode_transaction",
]
