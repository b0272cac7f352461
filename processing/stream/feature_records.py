"""Committed states as Feature Store records: readable aggregates and the packed state."""

from __future__ import annotations

import base64
import logging
import math
from collections.abc import Sequence
from typing import Any

from feature_groups import MERCHANT, MERCHANT_FEATURES, USER_ACTIVITY, USER_FEATURES, Feature
from feature_groups.groups import STATE, FeatureGroup
from feature_groups.names import Names
from processing.events.moments import iso
from processing.stream.store import Store
from processing.windows import (
    LATENESS_MS,
    MerchantState,
    UserState,
)

_log = logging.getLogger(__name__)

Entry = dict[str, Any]  # an entry of BatchWriteRecord; its members are the arguments of PutRecord

# A record may have 350 KB; the aggregates and names take a few.
_MOST_STATE_BYTES = 330_000


class FeatureRecords:
    """Builds the record of an entity from its committed state."""

    def __init__(self, names: Names, store: Store) -> None:
        self._store = store
        self._user_group = names.feature_group(USER_ACTIVITY.name)
        self._merchant_group = names.feature_group(MERCHANT.name)

    def entry(self, dirty_key: bytes) -> Entry | None:
        """The newest record of an entity by its key in `Store.dirty`; None when it has no state."""
        found = self._store.record(dirty_key)
        if found is None:
            return None
        if dirty_key[:1] == b"u":
            return user_entry(self._user_group, dirty_key[1:].decode(), *found)
        return merchant_entry(self._merchant_group, dirty_key[1:].decode(), *found)


def user_entry(group: str, user_id: str, packed: bytes, event_ms: int) -> Entry | None:
    """A user's record, with the aggregates as of just after the newest transaction.

    Args:
        event_ms: see `processing.stream.event_times`.

    Raises:
        StateError: the bytes are no user's state.
    """
    state = UserState.decode(packed)
    latest = state.latest_time
    if latest is None:
        return None
    values = state.query(latest + 1)
    return _entry(group, USER_ACTIVITY, user_id, event_ms, USER_FEATURES, values, packed)


def merchant_entry(group: str, merchant_id: str, packed: bytes, event_ms: int) -> Entry | None:
    """A merchant's record, as of just after the newest transaction or fraud report; see `user_entry`."""
    state = MerchantState.decode(packed)
    latest = state.latest_time
    if latest is None:
        return None
    values = state.query(latest + 1)
    return _entry(group, MERCHANT, merchant_id, event_ms, MERCHANT_FEATURES, values, packed)


def _entry(
    physical: str,
    group: FeatureGroup,
    entity: str,
    event_ms: int,
    features: Sequence[Feature],
    values: Sequence[float],
    packed: bytes,
) -> Entry:
    record = [_value(group.record_identifier, entity), _value(group.event_time, iso(event_ms))]
    for feature, value in zip(features, values, strict=True):
        if not math.isnan(value):  # a missing value is left out
            text = str(int(value)) if feature.dtype == "Integral" else repr(value)
            record.append(_value(feature.name, text))
    state = base64.b64encode(packed).decode()
    if len(state) <= _MOST_STATE_BYTES:
        record.append(_value(STATE, state))
    else:
        # Beyond the cap only the events of the last minutes are held one by one.
        _log.error(
            "%s %s: its state of %d bytes does not fit a record: decisions go without it until fewer events "
            "come within %d minutes",
            group.name, entity, len(packed), LATENESS_MS // 60_000,
        )  # fmt: skip
    return {"FeatureGroupName": physical, "Record": record}


def _value(name: str, text: str) -> dict[str, str]:
    return {"FeatureName": name, "ValueAsString": text}
