"""What a card holder did lately: 8 aggregates over 4 windows."""

from __future__ import annotations

from feature_groups.feature import Feature
from feature_groups.windows import WINDOWS, Window


def _over(window: Window) -> tuple[Feature, ...]:
    """The user's aggregates over one window, in model order."""
    when, suffix = window.phrase, window.name
    no_purchase = f"no purchase in {when}"
    return (
        Feature(
            f"user_transaction_count_{suffix}",
            "user",
            "count",
            "transaction_id",
            f"Transactions of the user in {when}",
            "count",
            f"{{value}} purchase{{s}} in {when}",
            no_purchase,
            zero=no_purchase,
            window=window,
            sensitivity="personal",
        ),
        Feature(
            f"user_amount_sum_{suffix}",
            "user",
            "sum",
            "amount",
            f"Sum of the user's amounts in {when}, in major units",
            "money",
            f"{{value}} spent in {when}",
            no_purchase,
            zero=no_purchase,
            window=window,
            dtype="Fractional",
            sensitivity="personal",
        ),
        Feature(
            f"user_amount_avg_{suffix}",
            "user",
            "avg",
            "amount",
            f"Average of the user's amounts in {when}, in major units",
            "money",
            f"an average purchase of {{value}} in {when}",
            no_purchase,
            zero=no_purchase,
            window=window,
            default=None,
            dtype="Fractional",
            sensitivity="personal",
        ),
        Feature(
            f"user_amount_max_{suffix}",
            "user",
            "max",
            "amount",
            f"Largest amount of the user in {when}, in major units",
            "money",
            f"a largest purchase of {{value}} in {when}",
            no_purchase,
            zero=no_purchase,
            window=window,
            default=None,
            dtype="Fractional",
            sensitivity="personal",
        ),
        Feature(
            f"user_distinct_merchants_{suffix}",
            "user",
            "distinct",
            "merchant_id",
            f"Different merchants the user paid in {when}",
            "count",
            f"{{value}} different merchant{{s}} in {when}",
            no_purchase,
            zero=no_purchase,
            window=window,
            sensitivity="personal",
        ),
        Feature(
            f"user_distinct_countries_{suffix}",
            "user",
            "distinct",
            "country",
            f"Different countries the user paid in during {when}",
            "count",
            f"purchases in {{value}} {{country}} in {when}",
            f"country of purchases in {when} unknown",
            zero=no_purchase,
            window=window,
            sensitivity="personal",
        ),
        Feature(
            f"user_declined_count_{suffix}",
            "user",
            "count",
            "status",
            f"Declined transactions of the user in {when}",
            "count",
            f"{{value}} declined purchase{{s}} in {when}",
            f"outcome of purchases in {when} unknown",
            window=window,
            filter="status = declined",
            sensitivity="personal",
        ),
        Feature(
            f"user_device_changes_{suffix}",
            "user",
            "changes",
            "device",
            f"Transactions of the user in {when} from another device than the one before",
            "count",
            f"{{value}} change{{s}} of device in {when}",
            f"device of purchases in {when} unknown",
            window=window,
            sensitivity="personal",
        ),
    )


USER_FEATURES: tuple[Feature, ...] = tuple(feature for window in WINDOWS for feature in _over(window))
