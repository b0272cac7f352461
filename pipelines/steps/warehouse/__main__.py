"""LoadWarehouse: the day's facts, and the dimensions as of the night, as Parquet that the warehouse takes."""

from __future__ import annotations

import argparse
import hashlib
from typing import Any

import pyarrow as pa

from feature_groups import MERCHANT_RISK, USER_BASELINE, FeatureGroup
from pipelines.steps.container import StepError, processing_output, run
from pipelines.steps.dataset import write_json
from pipelines.steps.night import Night, add_night, night_of
from pipelines.steps.warehouse import dimensions, facts
from pipelines.steps.windows import text
from processing.lake import parquet
from processing.lake.audit import AUDIT_PREFIX
from processing.lake.keys import AGGREGATES_PREFIX, BATCH_SCORES_PREFIX, LABEL_PREFIX
from processing.lake.schema import LABELS
from processing.warehouse import (
    DATE_DIM,
    LABELS_FACT,
    MERCHANTS_DIM,
    MODEL_PREDICTIONS_FACT,
    TRANSACTIONS_FACT,
    USERS_DIM,
    Table,
)

OUTPUT = "analytics"
FILE = "part-0.parquet"
LOAD = "load.json"
_TYPES = {"Integral": pa.int64(), "Fractional": pa.float64(), "String": pa.string()}


def main(arguments: list[str]) -> None:
    """Write one file a table and day below ``output/analytics``; the same night writes the same bytes.

    Raises:
        StepError: a parameter does not fit, a file cannot be read, or the night has no aggregates.
    """
    options = _parser().parse_args(arguments)
    night = night_of(options)
    day, of_day, of_night = night.day, night.day_partition(), night.partition()
    written = [
        _write(TRANSACTIONS_FACT, facts.transactions_fact(night.transactions(day, day), day), of_day),
        _write(MODEL_PREDICTIONS_FACT, _predictions(night), of_day),
        _write(LABELS_FACT, _labels(night), of_day),
        _write(USERS_DIM, _users(night, options.profiles), of_night),
        _write(MERCHANTS_DIM, dimensions.merchants_dim(_aggregates(night, MERCHANT_RISK)), of_night),
        _write(DATE_DIM, dimensions.date_dim(day), of_day),
    ]
    folder = processing_output(OUTPUT) / "loads" / of_day
    folder.mkdir(parents=True, exist_ok=True)
    tables = {item.pop("table"): item for item in written}
    write_json({"as_of": text(night.as_of), "day": day.isoformat(), "tables": tables}, folder / LOAD)
    for name, item in tables.items():
        print(f"{name}: {item['rows']} rows in {item['key']}")


def _predictions(night: Night) -> pa.Table:
    realtime = night.read([f"{AUDIT_PREFIX}{night.day_partition()}/"], facts.DECISIONS)
    batch = night.read([f"{BATCH_SCORES_PREFIX}{night.day_partition()}/"], facts.DECISIONS)
    return facts.predictions_fact(realtime, batch, night.day)


def _labels(night: Night) -> pa.Table:
    rows = night.read([f"{LABEL_PREFIX}{night.day_partition()}/"], LABELS).to_pandas()
    return facts.labels_fact(rows, night.day)


def _users(night: Night, uri: str) -> pa.Table:
    profiles = night.profiles(uri, dimensions.PROFILES)
    return dimensions.users_dim(profiles, _aggregates(night, USER_BASELINE), night.as_of)


def _aggregates(night: Night, group: FeatureGroup) -> pa.Table:
    prefix = f"{AGGREGATES_PREFIX}{group.name}/{night.partition()}/"
    if not night.has(prefix):
        raise StepError(f"s3://{night.lake}/{prefix}: there is nothing; run pipelines.steps.aggregates first")
    columns = [(name, _TYPES[kind]) for name, kind in group.features if name != group.event_time]
    return night.read([prefix], pa.schema(columns))


def _write(table: Table, rows: pa.Table, partition: str) -> dict[str, Any]:
    folder = processing_output(OUTPUT) / table.name / partition
    folder.mkdir(parents=True, exist_ok=True)
    content = parquet(rows.sort_by([(name, "ascending") for name in table.sort]).combine_chunks())
    (folder / FILE).write_bytes(content)
    return {
        "table": table.name,
        "key": f"{OUTPUT}/{table.name}/{partition}/{FILE}",
        "rows": rows.num_rows,
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pipelines.steps.warehouse", description=__doc__)
    add_night(parser)
    parser.add_argument("--profiles", required=True, help="S3 prefix of the offline user profiles")
    return parser


if __name__ == "__main__":
    raise SystemExit(run(main))
