"""Everything the kernel answers about generated logs, as one number; run as a module it prints it."""

from __future__ import annotations

import struct
from collections import defaultdict
from hashlib import sha256

from processing.windows import MerchantState, UserState
from processing.windows.compiled import NUMBA
from tests.processing.windows.logs import Log, exact_events, many, merchant_event, user_event


def fingerprint(logs: list[Log]) -> str:
    """A digest of every state after and every value before every transaction, beyond caps and below."""
    digest = sha256()
    for number, log in enumerate(logs):
        with exact_events((1, 4, 16, 1024)[number % 4]):
            users: defaultdict[str, UserState] = defaultdict(UserState)
            merchants: defaultdict[str, MerchantState] = defaultdict(MerchantState)
            for row in log.rows:
                user, merchant = users[row.user], merchants[row.merchant]
                values = user.values(row.t) + merchant.values(row.t)
                user.update(*user_event(row))
                merchant.update(*merchant_event(row))
                for transaction_id, known in log.frauds:
                    if transaction_id == row.transaction_id:
                        merchant.learn_fraud(known)
                digest.update(struct.pack(f"<{len(values)}d", *values) + user.encode() + merchant.encode())
    return digest.hexdigest()


if __name__ == "__main__":
    print("numba" if NUMBA else "python", fingerprint(many(24)))
