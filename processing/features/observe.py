"""Adding a transaction to the histories it belongs to."""

from __future__ import annotations

from processing.events.records import Transaction
from processing.windows import APPROVED, DECLINED, UNKNOWN, MerchantState, UserState, country_code, identity

_STATUS = {None: UNKNOWN, "approved": APPROVED, "declined": DECLINED}


def observe(transaction: Transaction, user: UserState, merchant: MerchantState) -> None:
    """Let later transactions see this one, in both histories or, where an error is raised, in neither.

    Compute its own `vector` first or after: it is the same.
    """
    device = transaction.device
    user_after = user.after(
        transaction.timestamp_ms,
        transaction.hundredths,
        identity(transaction.merchant_id),
        identity(device) if device else 0,
        country_code(transaction.country),
        _STATUS[transaction.status],
    )
    merchant_after = merchant.after(transaction.timestamp_ms, identity(transaction.user_id))
    user.become(user_after)
    merchant.become(merchant_after)
