"""How risky a merchant is."""

from __future__ import annotations

from datetime import datetime, timedelta

import pandas as pd

from feature_groups.aggregates import MERCHANT_AGGREGATES
from pipelines.steps.aggregates.windows import over_windows, with_amounts
from pipelines.steps.targets import known_labels, targets

PRIOR_TRANSACTIONS = 100.0
"""How many settled transactions of an average merchant a merchant's own are added to."""


def merchant_risk(
    transactions: pd.DataFrame, labels: pd.DataFrame, as_of: datetime, *, label_delay_days: int
) -> pd.DataFrame:
    """A row for each merchant with a transaction in the longest window: its id and `MERCHANT_AGGREGATES`.

    A transaction is settled when it is older than the label delay: by then its label is known, or nobody
    disputed it. Younger ones with a label would be mostly frauds. The rate is the m-estimate

        (frauds + m * p) / (settled + m),   m = `PRIOR_TRANSACTIONS`

    with p the rate of all merchants in the same window: the posterior mean of a Beta(m p, m (1 - p)) prior
    (Cestnik 1990, "Estimating probabilities: a crucial task in machine learning", ECAI). One fraud among
    three transactions is then no 33 %, and a merchant without a settled transaction has the average rate.
    It is missing where nothing is settled at all.

    Args:
        transactions: columns of `processing.lake.RAW_TRANSACTIONS`, one row per id.
        labels: columns of `processing.lake.LABELS`, in the order they became known.

    Raises:
        StepError: a currency is unknown.
    """
    rows = with_amounts(transactions, as_of)
    settled = rows["timestamp"] < as_of - timedelta(days=label_delay_days)
    fraud = targets(rows["transaction_id"], known_labels(labels, as_of)).astype("int64")
    rows = rows.assign(
        user=pd.factorize(rows["user_id"])[0],
        settled=settled.astype("int64"),
        fraud=fraud.where(settled, 0),
    )
    found = over_windows(rows, as_of, "merchant_id", _aggregate)
    return found.reset_index()[["merchant_id", *(column.name for column in MERCHANT_AGGREGATES)]]


def _aggregate(rows: pd.DataFrame) -> pd.DataFrame:
    merchants = rows.groupby("merchant_id")
    settled, frauds = merchants["settled"].sum(), merchants["fraud"].sum()
    everywhere = rows["fraud"].sum() / rows["settled"].sum() if rows["settled"].any() else float("nan")
    return pd.DataFrame(
        {
            "transaction_count": merchants.size(),
            "amount_sum": merchants["hundredths"].sum() / 100.0,
            "distinct_users": merchants["user"].nunique(),
            "settled_count": settled,
            "fraud_count": frauds,
            "fraud_rate": (frauds + PRIOR_TRANSACTIONS * everywhere) / (settled + PRIOR_TRANSACTIONS),
        }
    )
