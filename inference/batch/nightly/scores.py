"""The batch's decisions: what is decided, how it is kept, and how earlier ones turned out."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from feature_groups import FEATURE_NAMES
from inference.batch.nightly.day import Day, frauds_among
from inference.batch.scoring import BatchScorer
from inference.decision_log.sinks.audit_table import audit_table
from inference.policy import Facts, Policy
from inference.predictions import Prediction
from processing.events.moments import iso
from processing.lake.audit import AUDIT
from processing.lake.keys import BATCH_SCORES_PREFIX, day_prefixes
from processing.lake.reading import LakeReader

_OUTCOME = pa.schema([AUDIT.field("transaction_id"), AUDIT.field("decision")])


@dataclass(frozen=True, slots=True)
class Turned:
    """What became of a batch whose labels are complete.

    Attributes:
        found: frauds that it flagged for review or decline; `missed` those that it approved.
    """

    day: str
    scored: int
    flagged: int
    found: int
    missed: int


def realtime_by_policy(policy: Policy, day: Day) -> NDArray[np.bool_]:
    """What the policy routes to real time."""
    facts = map(Facts, day.transactions, day.vectors.tolist())
    return np.array([policy.route(each) == "realtime" for each in facts], bool)


def decide(scorer: BatchScorer, day: Day, as_of: datetime) -> list[Prediction]:
    """Decide what nobody decided.

    Unlike a decision in real time it does not tell when it was computed: the same night gives the same bytes.
    """
    open_ones = np.flatnonzero(~day.decided)
    transactions = [day.transactions[at] for at in open_ones]
    moment = iso(round(as_of.timestamp() * 1000))
    return [
        msgspec.structs.replace(
            record,
            decision_id=_name(record),
            decided_at=moment,
            prediction_latency_ms=0.0,
        )
        for records in scorer.decide(transactions, day.vectors[open_ones])
        for record in records
    ]


def score_table(records: Sequence[Prediction]) -> pa.Table:
    """Decisions with features and exact contributions, in the columns of the audit."""
    return audit_table(records, FEATURE_NAMES)


def turned_out(reader: LakeReader, day: date, as_of: datetime) -> Turned | None:
    """How the batch of an earlier day turned out by the labels known now; None when there was none.

    Raises:
        LakeError: a file cannot be read.
    """
    table = reader.read(day_prefixes(BATCH_SCORES_PREFIX, day, day), _OUTCOME)
    if not table.num_rows:
        return None
    decided = dict(zip(table["transaction_id"].to_pylist(), table["decision"].to_pylist(), strict=True))
    flagged = {identifier for identifier, decision in decided.items() if decision != "approve"}
    frauds = frauds_among(reader, set(decided), day, as_of)
    return Turned(day.isoformat(), len(decided), len(flagged), len(frauds & flagged), len(frauds - flagged))


def _name(record: Prediction) -> str:
    """Of the decision: the same for the same transaction, and no longer than the warehouse's column."""
    digest = hashlib.sha256(record.transaction_id.encode()).hexdigest()[:24]
    return f"b-{record.timestamp[:10].replace('-', '')}-{digest}"
