"""Adding a transaction to the histories it belongs to."""

from __future__ import annotations

from processing.events.records import Transaction
from processing.windows import APPROVED, DECLINED, UNKNOWN, MerchantState, UserState, identity
from processing.windows.user import country_code

_STATUS = {None: UNKNOWN, "approved": APPROVED, "declined": DECLINED}


def observe(transaction: Transaction, user: UserState, merchant: MerchantState) -> None:
    """Let later transactions see this one. Compute its own `vector` first or after: it is the same."""
    device = transaction.device
    user.update(
        transaction.timestamp_ms,
        transaction.hundredths,
        identity(transaction.merchant_id),
        identity(device) if device else 0,
        country_code(transaction.country),
        _STATUS[transaction.status],
    )
    merchant.update(transaction.timestamp_ms, identity(transaction.user_id))
