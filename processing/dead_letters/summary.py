"""What lies in the dead-letter streams, counted."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from feature_groups.names import Names
from processing.dead_letters.letters import KINDS, Letter

ALARM_PERCENT = 0.1
"""The share of dead letters above which the alarm of the ingestion stack rings."""
_VALUES = re.compile(r"'[^']*'|\"[^\"]*\"|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|-?\b\d[\d.:TZ+-]*")
# These errors begin with an id, which may look like anything.
_IDS = re.compile(r"^.*(?= (?:arrived less than|is unknown: put))")
_NAMESPACE = "Fraudline"  # of the stream consumer's metrics
_MOST_POINTS = 1_440  # of one CloudWatch answer


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of letter: how many, since when, and why, the most frequent reason first."""

    kind: str
    count: int
    oldest: datetime | None
    newest: datetime | None
    reasons: Sequence[tuple[str, int]]

    def as_dict(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "count": self.count,
            "oldest": self.oldest.isoformat() if self.oldest else None,
            "newest": self.newest.isoformat() if self.newest else None,
            "reasons": [{"reason": reason, "count": count} for reason, count in self.reasons],
        }


class _Tally:
    """What is counted of one kind."""

    def __init__(self) -> None:
        self.reasons: Counter[str] = Counter()
        self.oldest: datetime | None = None
        self.newest: datetime | None = None

    def add(self, letter: Letter) -> None:
        self.reasons[reason(letter)] += 1
        self.oldest = min(self.oldest or letter.arrived, letter.arrived)
        self.newest = max(self.newest or letter.arrived, letter.arrived)


def summarise(letters: Iterable[Letter], kinds: Sequence[str] = KINDS) -> list[Kind]:
    """Letters counted by kind and by reason; a kind without letters is there with a count of 0."""
    tallies = {kind: _Tally() for kind in kinds}
    for letter in letters:
        tallies[letter.kind].add(letter)
    return [
        Kind(kind, tally.reasons.total(), tally.oldest, tally.newest, tally.reasons.most_common())
        for kind, tally in tallies.items()
    ]


def reason(letter: Letter) -> str:
    """The error without the values of its record: what letters are grouped by."""
    field = f"{letter.field}: " if letter.error.startswith(f"{letter.field}: ") else ""
    return field + _VALUES.sub("…", _IDS.sub("…", letter.error.removeprefix(field)))


def transactions_read(cloudwatch: Any, names: Names, since: datetime) -> int | None:
    """Transactions the consumer counted since a moment, from its metric; None when there is none."""
    now = datetime.now(UTC)
    # CloudWatch wants whole minutes, and no more points than it answers with.
    minutes = int((now - since) / timedelta(minutes=1)) // _MOST_POINTS + 1
    period = timedelta(minutes=minutes)
    found = cloudwatch.get_metric_statistics(
        Namespace=_NAMESPACE,
        MetricName="read",
        Dimensions=[{"Name": "Environment", "Value": names.environment}],
        StartTime=since,
        EndTime=now + period,  # the period that has just begun counts
        Period=int(period.total_seconds()),
        Statistics=["Sum"],
    )["Datapoints"]
    return round(sum(point["Sum"] for point in found)) if found else None
