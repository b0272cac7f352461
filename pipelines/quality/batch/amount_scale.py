"""Amounts of the usual size: cents sent as dollars are a hundred times too large."""

from __future__ import annotations

import math
from collections.abc import Iterator

from pipelines.quality.check import Check, Problem
from pipelines.quality.daily import Batch
from pipelines.quality.rows import some

_MOST_DECADES = 0.5  # a factor of about three


def _look(batch: Batch) -> Iterator[Problem]:
    if batch.is_young:
        return
    usual = float(batch.usual("amount").median())
    for day in batch.present():
        median = float(batch.days["amount"][day])
        if abs(math.log10(median / usual)) > _MOST_DECADES:
            yield Problem(
                "critical",
                f"{day:%Y-%m-%d}: the median amount is {median / 100:,.2f}, {median / usual:.3g} times the "
                f"usual {usual / 100:,.2f}: see whether its unit has changed",
                some(batch.of_day(day), ("transaction_id", "amount_minor", "currency")),
            )


CHECKS = (Check("amount_scale", "Are amounts of the usual size?", _look),)
