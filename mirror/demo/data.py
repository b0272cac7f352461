"""First phase: the data, its history and its last day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow.compute as pc

from mirror.demo.run import DemoError, Run
from processing.generator import Scenario, generate
from processing.sources.column_map import ColumnMap, ColumnMapError
from processing.sources.dataset import Dataset
from processing.sources.files import read_file

# The pipeline needs 7 days of label delay, 7 to validate, 7 to test, and some to train.
SHORTEST_DAYS = 28
# What a model of the generated data has to reach; a column map brings its own.
CRITERIA = {"minimum_auc": 0.9, "minimum_average_precision": 0.4}


def prepare(run: Run) -> None:
    """Generate or read, move to the present, and hold the last day back for the live phase.

    Raises:
        DemoError: the source cannot be read, or is too short.
    """
    options = run.options
    if options.days < SHORTEST_DAYS:
        raise DemoError(f"--days {options.days}: the pipeline needs {SHORTEST_DAYS} days or more")
    try:
        dataset = _dataset(run)
    except (ColumnMapError, FileNotFoundError, ValueError) as error:
        raise DemoError(str(error)) from error
    dataset = dataset.between(None, _midnight(dataset.start) + timedelta(days=options.days))
    dataset = dataset.moved_to_end_before(datetime.now(UTC))
    live_from = _midnight(dataset.end)
    if (live_from - dataset.start).days < SHORTEST_DAYS - 1:
        raise DemoError(
            f"the source covers {dataset.start:%Y-%m-%d} to {dataset.end:%Y-%m-%d}: "
            f"the pipeline needs {SHORTEST_DAYS} days or more"
        )
    run.history = dataset.between(None, live_from)
    # Nothing from the future: labels that become known after the data's end are not known yet.
    run.live = dataset.between(live_from, dataset.end + timedelta(milliseconds=1))
    _describe(run, dataset)


def _dataset(run: Run) -> Dataset:
    options = run.options
    if options.source is None and options.columns is not None:
        raise DemoError(f"--columns {options.columns} needs --source, the file whose columns it maps")
    if options.source is None:
        run.dirty = True
        run.criteria = dict(CRITERIA)
        return generate(Scenario(events=options.events, days=options.days, seed=options.seed))
    if options.columns is not None:
        columns = ColumnMap.load(options.columns)
        run.criteria = dict(columns.criteria)
        return read_file(options.source, columns)
    if options.source.is_dir():
        run.criteria = dict(CRITERIA)
        return Dataset.read(options.source)
    raise DemoError(f"{options.source} needs --columns MAP.toml, which says what its columns are")


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _describe(run: Run, dataset: Dataset) -> None:
    transactions = dataset.transactions
    users = pc.count_distinct(transactions["user_id"]).as_py()
    merchants = pc.count_distinct(transactions["merchant_id"]).as_py()
    labels = run.history_data.labels.num_rows + run.live_data.labels.num_rows
    where = "generated" if run.options.source is None else str(run.options.source)
    run.screen.line(
        f"{transactions.num_rows:,} transactions of {users:,} users at {merchants:,} merchants ({where})"
    )
    run.screen.line(
        f"{dataset.start:%Y-%m-%d} to {dataset.end:%Y-%m-%d}, of which the last day is held back for the "
        f"live phase; {labels:,} labels, each on the day it became known"
    )
    if dataset.truth is not None:
        rate = pc.mean(dataset.truth["is_fraud"].cast("int8")).as_py()
        run.screen.line(f"fraud rate {rate:.2%}")
