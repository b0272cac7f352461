"""The Feature Store groups: those derived from the model's features, and the nightly aggregates."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from feature_groups.aggregates import MERCHANT_AGGREGATES, USER_AGGREGATES
from feature_groups.feature import DataType, Feature
from feature_groups.merchant import MERCHANT_FEATURES
from feature_groups.user_activity import USER_FEATURES
from feature_groups.windows import MEMORY_DAYS

EVENT_TIME = "event_time"
STATE = "state"
PROCESSED_TO = "processed_to"


class GroupFeature(NamedTuple):
    """A column of a group: its name and its Feature Store type."""

    name: str
    type: DataType


@dataclass(frozen=True, slots=True)
class FeatureGroup:
    """One Feature Store group: a record per entity.

    Attributes:
        name: short name; `Names.feature_group` makes the physical one.
        record_identifier: the column that names the entity.
        event_time: the ISO-8601 column that orders versions of a record.
        features: every column, record identifier and event time first.
        ttl_days: days after `event_time` when the online record expires; None never.
    """

    name: str
    description: str
    record_identifier: str
    features: tuple[GroupFeature, ...]
    event_time: str = EVENT_TIME
    ttl_days: int | None = None
    online: bool = True
    offline: bool = True


def _group(
    name: str,
    description: str,
    record_identifier: str,
    columns: Iterable[GroupFeature],
    ttl_days: int | None = None,
    offline: bool = True,
) -> FeatureGroup:
    keys = (GroupFeature(record_identifier, "String"), GroupFeature(EVENT_TIME, "String"))
    return FeatureGroup(
        name, description, record_identifier, (*keys, *columns), ttl_days=ttl_days, offline=offline
    )


def _columns(features: Iterable[Feature]) -> tuple[GroupFeature, ...]:
    return tuple(GroupFeature(feature.name, feature.dtype) for feature in features)


USER_PROFILE = _group(
    "user-profile",
    "Who the card holder is: home, and account facts that change rarely",
    "user_id",
    (
        GroupFeature("home_lat", "Fractional"),
        GroupFeature("home_lon", "Fractional"),
        GroupFeature("home_country", "String"),
        GroupFeature("account_created_at", "String"),
        GroupFeature("account_type", "String"),
        GroupFeature("kyc_status", "String"),
    ),
)

USER_ACTIVITY = _group(
    "user-activity",
    "Window aggregates of a user as of event_time, and the packed history they are computed from",
    "user_id",
    (*_columns(USER_FEATURES), GroupFeature(STATE, "String")),
    # The store's clock is not the transactions': what still counts is still there.
    ttl_days=MEMORY_DAYS + 1,
)

MERCHANT = _group(
    "merchant",
    "Window aggregates and known frauds of a merchant as of event_time, and the packed history",
    "merchant_id",
    (*_columns(MERCHANT_FEATURES), GroupFeature(STATE, "String")),
)

# Read with the other groups, so that a decision can tell how stale its features are. A record a second
# has no place in the history.
STREAM_PROGRESS = _group(
    "stream-progress",
    "Up to which arrival time, in milliseconds since 1970, a stream's events are in the other groups",
    "stream",
    (GroupFeature(PROCESSED_TO, "Integral"),),
    offline=False,
)

# Written once a night, as of the night. When the records of an entity are no longer renewed, nothing of
# its windows is left either by the time they expire.
USER_BASELINE = _group(
    "user-baseline",
    "What is usual for a user over 30 and 90 days, as of a night",
    "user_id",
    (GroupFeature(column.name, column.dtype) for column in USER_AGGREGATES),
    ttl_days=MEMORY_DAYS + 1,
)

MERCHANT_RISK = _group(
    "merchant-risk",
    "Volume and settled fraud rate of a merchant over 30 and 90 days, as of a night",
    "merchant_id",
    (GroupFeature(column.name, column.dtype) for column in MERCHANT_AGGREGATES),
    ttl_days=MEMORY_DAYS + 1,
)

GROUPS: tuple[FeatureGroup, ...] = (
    USER_PROFILE,
    USER_ACTIVITY,
    MERCHANT,
    STREAM_PROGRESS,
    USER_BASELINE,
    MERCHANT_RISK,
)
