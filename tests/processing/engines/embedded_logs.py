"""Generated logs as columns, and their features by packed states, one transaction after the other."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from processing.engines.columns import EventColumns, FraudReports
from processing.features import observe, vector
from processing.windows import MerchantState, UserState, identity
from tests.processing.windows.logs import Log, transaction, user_event


def columns(log: Log) -> EventColumns:
    """The rows of a log in its order; no profiles."""
    users, merchants = sorted({row.user for row in log.rows}), sorted({row.merchant for row in log.rows})
    user_codes = {user: code for code, user in enumerate(users)}
    merchant_codes = {merchant: code for code, merchant in enumerate(merchants)}
    events = np.array([user_event(row) for row in log.rows], np.int64).T
    unknown = np.full(len(log.rows), np.nan)
    return EventColumns(
        transaction_ids=pa.chunked_array([[row.transaction_id for row in log.rows]]),
        user=np.array([user_codes[row.user] for row in log.rows], np.int32),
        merchant=np.array([merchant_codes[row.merchant] for row in log.rows], np.int32),
        user_identity=np.array([identity(user) for user in users], np.int64),
        merchant_identity=np.array([identity(merchant) for merchant in merchants], np.int64),
        times=events[0],
        amounts=events[1],
        device=events[3],
        country=events[4].astype(np.int32),
        status=events[5].astype(np.int8),
        distance=unknown,
        foreign=unknown,
    )


def reports(log: Log) -> FraudReports:
    """The frauds of a log."""
    merchant_of = {row.transaction_id: row.merchant for row in log.rows}
    return FraudReports.of((merchant_of[number], known) for number, known in log.frauds)


class Packed:
    """The same log by packed states."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.users: dict[str, UserState] = {}
        self.merchants: dict[str, MerchantState] = {}

    def features(self) -> NDArray[np.float64]:
        """Features in the order of the log; the states then hold everything."""
        merchant_of = {row.transaction_id: row.merchant for row in self.log.rows}
        for number, known in self.log.frauds:
            self.merchants.setdefault(merchant_of[number], MerchantState()).learn_fraud(known)
        rows = []
        for row in self.log.rows:
            user = self.users.setdefault(row.user, UserState())
            merchant = self.merchants.setdefault(row.merchant, MerchantState())
            event = transaction(row)
            rows.append(vector(event, None, user, merchant))
            observe(event, user, merchant)
        return np.array(rows)
