"""Reads from the lake what concerns some users and merchants."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from processing.lake.keys import LABEL_PREFIX, RAW_PREFIX
from processing.lake.reading import LakeReader
from processing.lake.schema import LABELS, RAW_TRANSACTIONS
from processing.parity.served.inputs import PROFILE_VERSIONS


class Lake:
    """The Parquet files of one lake.

    Args:
        s3: a client that threads may share.
        bucket: the lake.
    """

    def __init__(self, s3: Any, bucket: str) -> None:
        self._reader = LakeReader(s3, bucket)

    def transactions(self, users: set[str], merchants: set[str]) -> pa.Table:
        """Every transaction of these users and at these merchants, as `RAW_TRANSACTIONS`."""
        of_user, of_merchant = pa.array(sorted(users), pa.string()), pa.array(sorted(merchants), pa.string())

        def keep(table: pa.Table) -> Any:
            return pc.or_(
                pc.is_in(table["user_id"], value_set=of_user),
                pc.is_in(table["merchant_id"], value_set=of_merchant),
            )

        return self._reader.read([RAW_PREFIX], RAW_TRANSACTIONS, keep)

    def labels(self, transactions: pa.Table) -> pa.Table:
        """Every label of these transactions, as `LABELS`."""
        ids = pc.unique(transactions["transaction_id"])
        return self._reader.read(
            [LABEL_PREFIX], LABELS, lambda table: pc.is_in(table["transaction_id"], value_set=ids)
        )

    def profiles(self, prefix: str, users: set[str]) -> pa.Table:
        """Every version of these users' profiles in the offline store, as `PROFILE_VERSIONS`."""
        of_user = pa.array(sorted(users), pa.string())
        return self._reader.read(
            [prefix], PROFILE_VERSIONS, lambda table: pc.is_in(table["user_id"], value_set=of_user)
        )
