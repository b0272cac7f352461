"""A day is replayed in seconds: a card's next payment must not come before the platform saw its last.

In real time minutes lie between the two, and the consumer needs a fraction of a second. Replayed,
both would arrive together, and bursts of payments, which card testing is, would go unseen.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime

from mirror.demo.run import Run
from processing.sources.records import Record

_LONGEST_WAIT_S = 5.0
_POLL_S = 0.02


class Freshness:
    """Knows what each card's activity record has to show before its next decision.

    Attributes:
        stale: decisions for which waiting was given up.
    """

    def __init__(self, run: Run) -> None:
        self._store = run.client("sagemaker-featurestore-runtime")
        self._group = run.names.feature_group("user-activity")
        self._expected: dict[str, int] = {}
        self.stale = 0

    def expect(self, record: Record) -> None:
        """`record` was decided and is on its way to the stream."""
        self._expected[record.partition_key] = record.time_ms

    def needs_wait(self, record: Record) -> bool:
        """Whether the card of `record` has a payment that the store may not show yet."""
        expected = self._expected.get(record.partition_key)
        if expected is None:
            return False
        if self._as_of(record.partition_key) >= expected:
            del self._expected[record.partition_key]
            return False
        return True

    def wait(self, record: Record) -> None:
        """Wait until the store shows the card's last payment; gives up after some seconds."""
        deadline = time.monotonic() + _LONGEST_WAIT_S
        while self.needs_wait(record):
            if time.monotonic() > deadline:
                self.stale += 1
                return
            time.sleep(_POLL_S)

    def _as_of(self, user_id: str) -> int:
        """Event time of the user's activity record in ms since 1970; 0 without a record."""
        answer = self._store.get_record(
            FeatureGroupName=self._group,
            RecordIdentifierValueAsString=user_id,
            FeatureNames=["event_time"],
        )
        if not answer.get("Record"):
            return 0
        moment = datetime.fromisoformat(answer["Record"][0]["ValueAsString"]).astimezone(UTC)
        return round(moment.timestamp() * 1000)
