r"""The stream job: transactions and labels in; enriched records, dead letters and Feature Store records out.

    transactions-raw --> Intake -----> Users --------------> Join --> transactions-enriched
                        (shard)   \  (user)          /     (sequence number)
                           \       \-> Merchants ---/
                            \          (merchant)
                             \              ^
    fraud-labels --> LabelIntake --> Labels/
                                 (transaction)

Below each operator is what it is keyed by. Every operator may also send dead letters; Users and
Merchants hand changed states to StoreWriter, Intake and LabelIntake accepted rows to LakeWriter, and all
of them what they counted to Metrics.
"""

from __future__ import annotations

from typing import Any

from pyflink.common import Types, WatermarkStrategy

from processing.engines.flink import kinesis
from processing.engines.flink.bundles import first_byte, shard_of
from processing.engines.flink.counting import Metrics, only_key
from processing.engines.flink.histories import Join, Merchants, Users
from processing.engines.flink.intake import Intake, LabelIntake
from processing.engines.flink.labels import Labels
from processing.engines.flink.lake import LakeWriter
from processing.engines.flink.outlets import ACCEPTED, COUNTED, ELEMENT, OUT, ROWS, TO_MERCHANTS
from processing.engines.flink.publish import CHANGED, StoreWriter
from processing.engines.flink.settings import FlinkSettings


def build(env: Any, settings: FlinkSettings) -> None:
    """Add the job to a stream environment. Names of operators are part of the state: keep them."""
    no_watermarks = WatermarkStrategy.no_watermarks()
    raw = env.from_source(
        kinesis.source(settings, "transactions-raw"), no_watermarks, "transactions", ELEMENT
    )
    said = env.from_source(kinesis.source(settings, "fraud-labels"), no_watermarks, "labels", ELEMENT)
    intake = _named(
        raw.uid("transactions").key_by(shard_of, Types.STRING()).process(Intake(settings), ELEMENT), "intake"
    )
    label_intake = _named(said.uid("labels").process(LabelIntake(settings), ELEMENT), "label-intake")
    users = _named(_bucketed(intake).process(Users(settings), ELEMENT), "users")
    known = intake.get_side_output(ACCEPTED).union(label_intake)
    frauds = _named(_bucketed(known).process(Labels(), ELEMENT), "label-join")
    steps = intake.get_side_output(TO_MERCHANTS).union(frauds)
    merchants = _named(_bucketed(steps).process(Merchants(settings), ELEMENT), "merchants")
    join = _named(_bucketed(users.union(merchants)).process(Join(settings), ELEMENT), "join")
    out = [operator.get_side_output(OUT) for operator in (intake, label_intake, join)]
    out[0].union(*out[1:]).sink_to(kinesis.sink(settings)).name("streams").uid("streams")
    changed = users.get_side_output(CHANGED).union(merchants.get_side_output(CHANGED))
    # Each on a thread of its own: the stream does not wait for what they call.
    _apart(changed.process(StoreWriter(settings), ELEMENT), "feature-store")
    rows = intake.get_side_output(ROWS).union(label_intake.get_side_output(ROWS))
    _apart(rows.key_by(shard_of, Types.STRING()).process(LakeWriter(settings), ELEMENT), "lake")
    counts = [operator.get_side_output(COUNTED) for operator in (intake, label_intake, frauds, join)]
    added = counts[0].union(*counts[1:]).key_by(only_key, Types.INT())
    _apart(added.process(Metrics(settings), ELEMENT), "metrics")


def _bucketed(stream: Any) -> Any:
    return stream.key_by(first_byte, Types.INT())


def _apart(operator: Any, name: str) -> Any:
    return _named(operator.disable_chaining(), name)


def _named(operator: Any, name: str) -> Any:
    return operator.name(name).uid(name)
