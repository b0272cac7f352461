"""Event times of the job's records (`processing.stream.event_times`), told by what the Feature Store has.

The consumer notes them with its states. The job cannot: after a failure it may hear of an entity's inputs
in another order, or in other bundles, and would give an event time that the store has already seen to
another state. So whoever writes asks the store once for each entity, and remembers.
"""

from __future__ import annotations

import base64
import logging
import math
from typing import Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from feature_groups import MERCHANT, USER_ACTIVITY, FeatureGroup
from feature_groups.groups import EVENT_TIME, STATE
from feature_groups.names import Names
from processing.events.moments import milliseconds
from processing.stream.event_times import following, latest_time
from processing.stream.look_up import LookUp

_log = logging.getLogger(__name__)
_MOST_REMEMBERED = 1_000_000


class _Kind(NamedTuple):
    group: FeatureGroup
    name: str
    stored: LookUp[int]


class EventTimes:
    """One per writer. What two writers write of one entity is not kept in order.

    Args:
        client: a Feature Store runtime client.
    """

    def __init__(self, client: Any, names: Names) -> None:
        self._client = client
        self._kinds = {
            kind: _Kind(group, name, _stored(client, group, name))
            for kind, group in (("u", USER_ACTIVITY), ("m", MERCHANT))
            for name in [names.feature_group(group.name)]
        }
        self._written: dict[tuple[str, str], int] = {}

    def ask(self, kind: str, entities: list[str]) -> None:
        """Read at once what will be needed for these entities."""
        unknown = [entity for entity in entities if (kind, entity) not in self._written]
        if unknown:
            self._kinds[kind].stored(unknown)

    def of(self, kind: str, entity: str, state: bytes) -> int | None:
        """The event time to write a state under; None when the store has this state, or a newer one.

        Args:
            kind: ``u`` for a user's, ``m`` for a merchant's.
        """
        latest_ms = latest_time(kind.encode(), state)
        if latest_ms is None:
            return None
        key = (kind, entity)
        before_ms = self._written.get(key)
        if before_ms is None:
            stored_ms = self._kinds[kind].stored([entity]).get(entity)
            if stored_ms is not None and latest_ms <= stored_ms:
                stored = self._state(kind, entity)
                if stored == state or latest_ms < (latest_time(kind.encode(), stored) or 0):
                    return None  # written before a failure, and what it replays is on its way to it
                before_ms = stored_ms
        if len(self._written) >= _MOST_REMEMBERED:
            self._written.clear()
        event_ms = self._written[key] = following(before_ms, latest_ms)
        return event_ms

    def _state(self, kind: str, entity: str) -> bytes | None:
        try:
            answer = self._client.get_record(
                FeatureGroupName=self._kinds[kind].name,
                RecordIdentifierValueAsString=entity,
                FeatureNames=[STATE],
            )
        except (ClientError, BotoCoreError) as error:
            _log.warning("%s of %s could not be read: %s", STATE, entity, error)
            return None
        values = {value["FeatureName"]: value["ValueAsString"] for value in answer.get("Record", [])}
        return base64.b64decode(values[STATE]) if STATE in values else None


def _stored(client: Any, group: FeatureGroup, name: str) -> LookUp[int]:
    return LookUp(
        client,
        name,
        [group.record_identifier, EVENT_TIME],
        lambda record: milliseconds(record[EVENT_TIME]),
        refresh_seconds=math.inf,
        absent_seconds=math.inf,
    )
