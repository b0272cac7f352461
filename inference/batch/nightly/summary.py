"""How many transactions went where, what that cost, and what the batch found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.batch.nightly.day import Day
from inference.batch.nightly.scores import Turned
from inference.policy.comparison.prices import PRICED, Prices
from inference.predictions import Prediction

Mask = NDArray[np.bool_]


def summary(
    day: Day, realtime: Mask, records: Sequence[Prediction], turned: Turned | None, prices: Prices
) -> dict[str, Any]:
    """The figures of one night.

    Args:
        realtime: what the policy routes to real time.
        records: the batch's decisions, of every transaction that had none.
    """
    flagged = {record.transaction_id for record in records if record.decision != "approve"}
    frauds = {
        transaction.transaction_id
        for transaction, fraud, decided in zip(day.transactions, day.fraud, day.decided, strict=True)
        if fraud and not decided
    }
    return {
        "transactions": len(day.transactions),
        "decided_in_real_time": int(day.decided.sum()),
        "left_to_the_batch": int((~day.decided & ~realtime).sum()),
        # Nobody asked the endpoint, or its answer was never logged: the policy wanted them decided then.
        "missed_in_real_time": int((~day.decided & realtime).sum()),
        "batch": {
            "scored": len(records),
            "decisions": dict(sorted(Counter(record.decision for record in records).items())),
            "frauds_known_by_now": len(frauds),
            "frauds_found_by_now": len(frauds & flagged),
            "turned_out": None if turned is None else asdict(turned),
        },
        "cost": _cost(day.decided, realtime, prices),
    }


def _cost(decided: Mask, realtime: Mask, prices: Prices) -> dict[str, Any]:
    rows = len(decided)
    in_time = {
        "all_in_real_time": rows,
        "by_the_policy": int(realtime.sum()),
        "as_it_was": int(decided.sum()),
        "all_in_the_batch": 0,
    }
    usd = {name: prices.cost(count, rows - count) for name, count in in_time.items()}
    return {
        "priced": PRICED,
        "usd_per_million": {
            "real_time": round(prices.cost(1_000_000, 0), 6),
            "batch": round(prices.cost(0, 1_000_000), 6),
        },
        "choices": {
            name: {
                "real_time": in_time[name],
                "batch": rows - in_time[name],
                "usd": usd[name],
                "usd_per_million": round(usd[name] / rows * 1e6, 6) if rows else 0.0,
            }
            for name in in_time
        },
    }
