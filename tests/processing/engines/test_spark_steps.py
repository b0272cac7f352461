"""The steps of the Spark job as Spark calls them, without Spark."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from feature_groups import FEATURE_NAMES
from processing.engines.embedded import EmbeddedEngine
from processing.engines.homes import Homes
from processing.engines.job import EngineError, FeatureJob
from processing.engines.source import load
from processing.engines.spark import run
from processing.engines.spark.arrivals import first_arrivals
from processing.engines.spark.histories import MerchantFeatures, UserFeatures
from processing.engines.spark.reading import ReadTransactions, read_reports, row_groups
from processing.engines.spark.rows import EVENT, FEATURES, REPORT, ROW, VECTOR, ddl, pack, rows, unpack
from processing.engines.spark.writing import WriteFeatures, finish, prepare
from processing.sources.column_map import ColumnMap, ColumnMapError
from processing.sources.dataset import TRANSACTIONS
from tests.processing.engines import spark_logs
from tests.processing.windows import logs

OURS = ColumnMap({name: name for name in TRANSACTIONS.names})


def groups(uri: str) -> Iterator[pa.RecordBatch]:
    """Row groups as Spark hands them over, one batch each."""
    for group in row_groups(uri, ()):
        columns = dict(zip(("path", "file", "row_group", "first"), group, strict=True))
        yield pa.RecordBatch.from_pylist([columns])


def split(batches: Iterator[pa.RecordBatch], by: list[str], random: Random) -> Iterator[pa.RecordBatch]:
    """What an exchange and a sort do, with batches of any size, some of them empty."""
    table = pa.Table.from_batches(batches, schema=ROW).sort_by([(name, "ascending") for name in by])
    start = 0
    while start < table.num_rows:
        size = random.choice((0, 1, 2, 30, 1000))
        part = table.slice(start, size).combine_chunks()
        yield from part.to_batches() if size else [pa.RecordBatch.from_pylist([], schema=ROW)]
        start += size


class Total:
    def __init__(self) -> None:
        self.counts: list[int] = []

    def __call__(self, count: int) -> None:
        self.counts.append(count)


@pytest.mark.parametrize("seed", range(3))
def test_the_chain_of_steps_is_the_embedded_engine(tmp_path: Path, seed: int) -> None:
    random = Random(seed)
    log = spark_logs.merged(logs.many(12, seed), random)
    spark_logs.write(log, tmp_path, random)
    job = FeatureJob(tmp_path, None, tmp_path / "out.parquet")
    events, reports = load(job)
    engine = EmbeddedEngine()
    engine.learn(reports)
    expected = engine.apply(events)

    homes = Homes.of_profiles(pq.read_table(tmp_path / "users.parquet"))
    users, merchants = Total(), Total()
    source = [
        *ReadTransactions(OURS, homes, with_labels=False)(groups(str(tmp_path / "transactions.parquet"))),
        *read_reports(groups(str(tmp_path / "labels.parquet"))),
    ]
    arrived = first_arrivals(split(iter(source), ["transaction_id", "place"], random))
    by_user = UserFeatures(users)(split(arrived, ["key", "time"], random))
    by_merchant = MerchantFeatures(merchants)(split(by_user, ["key", "time"], random))
    out = f"{tmp_path}/parts"
    prepare(out)
    write = WriteFeatures(out, lambda: 3)
    (written,) = write(split(by_merchant, ["time", "place"], random))
    finish(out, written=1)
    assert sorted(path.name for path in Path(out).iterdir()) == ["_SUCCESS", "part-00003.parquet"]
    table = pq.read_table(out)
    assert table.schema.equals(FEATURES)

    assert table["transaction_id"].to_pylist() == events.ids.to_pylist()
    values = np.column_stack([table[name].to_numpy() for name in FEATURE_NAMES])
    np.testing.assert_array_equal(values, expected)
    assert written.to_pydict() == {"rows": [len(events)]}
    assert users.counts == [len(events.user_identity)]
    assert merchants.counts == [len(events.merchant_identity)]


def test_the_first_arrival_counts_with_its_earliest_report() -> None:
    random = Random(5)
    found = []
    for _ in range(30):
        given = [(f"t{random.randrange(8)}", random.choice((REPORT, place))) for place in range(40)]
        batch = rows(
            np.arange(40),
            np.array([random.randrange(100) for _ in given]),
            np.array([place for _, place in given]),
            pa.array([name for name, _ in given]),
            np.zeros(40, EVENT),
        )
        expected = {}
        times = batch.column("time").to_pylist()
        for name in sorted({name for name, _ in given}):
            places = [place for other, place in given if other == name and place != REPORT]
            known = [
                t for t, (other, place) in zip(times, given, strict=True) if other == name and place == REPORT
            ]
            if places:
                expected[name] = (min(places), min(known, default=None))
        kept = list(first_arrivals(split(iter([batch]), ["transaction_id", "place"], random)))
        table = pa.Table.from_batches(kept, schema=ROW)
        events = [unpack(part.column("record"), EVENT) for part in kept]
        records = np.concatenate(events) if events else np.empty(0, EVENT)
        assert (
            dict(
                zip(
                    table["transaction_id"].to_pylist(),
                    [
                        (place, int(record["known"]) if record["fraud"] else None)
                        for place, record in zip(table["place"].to_pylist(), records, strict=True)
                    ],
                    strict=True,
                )
            )
            == expected
        )
        assert table.num_rows == len(expected)
        found.append(len(expected))
    assert max(found) == 8


def test_records_travel_without_a_copy_and_only_as_what_they_are() -> None:
    vectors = np.arange(3.0 * len(FEATURE_NAMES)).reshape(3, -1)
    column = pack(vectors)
    np.testing.assert_array_equal(unpack(column, VECTOR), vectors)
    np.testing.assert_array_equal(unpack(column.slice(1, 2), VECTOR), vectors[1:])
    assert unpack(pack(vectors[:0]), VECTOR).shape == (0, len(FEATURE_NAMES))
    with pytest.raises(ValueError, match="not of one version"):
        unpack(column, EVENT)
    assert ddl(ROW) == (
        "`key` bigint, `time` bigint, `place` bigint, `transaction_id` string, `record` binary"
    )


def test_a_folder_is_one_log_in_the_order_of_its_paths(tmp_path: Path) -> None:
    for name, size in (("b/2.parquet", 3), ("a/1.parquet", 5), ("_temporary/0.parquet", 1), ("a/x.crc", 1)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        pq.write_table(pa.table({"x": range(size)}), tmp_path / name, row_group_size=2)
    found = [
        (Path(path).name, group, first) for path, _, group, first in row_groups(str(tmp_path / "a"), ["x"])
    ]
    assert found == [("1.parquet", 0, 0), ("1.parquet", 1, 2), ("1.parquet", 2, 4)]
    both = row_groups(tmp_path.as_uri(), ["x"])
    assert [Path(path).name for path, *_ in both] == ["0.parquet"] + ["1.parquet"] * 3 + ["2.parquet"] * 2
    firsts = [first for *_, first in both]
    assert firsts == sorted(firsts)
    with pytest.raises(FileNotFoundError, match="no Parquet file there"):
        row_groups(str(tmp_path / "nothing"), ["x"])
    with pytest.raises(ColumnMapError, match=r"1.parquet has no column 'y': it has x"):
        row_groups(str(tmp_path / "a"), ["x", "y"])


def test_a_column_map_finds_columns_and_labels(tmp_path: Path) -> None:
    foreign = pa.table(
        {
            "ID": pa.array([7, 8], pa.uint32()),
            "WHEN": pa.array([1_772_323_200_123_456_789, 1_772_323_201_000_000_000], pa.timestamp("ns")),
            "WHO": [1.0, 2.0],
            "WHERE": ["m", "m"],
            "PAID": [285.79999999999995, 0.5],
            "BAD": pa.array([1, None], pa.int8()),
        }
    )
    pq.write_table(foreign, tmp_path / "f.parquet")
    columns = {"transaction_id": "ID", "user_id": "WHO", "merchant_id": "WHERE", "amount": "PAID"}
    document = {
        "columns": {**columns, "timestamp": "WHEN"},
        "defaults": {"currency": "EUR"},
        "labels": {"is_fraud": "BAD", "delay_days": 1},
    }
    read = ReadTransactions(ColumnMap.parse(document), None, with_labels=True)
    (batch,) = read(groups(str(tmp_path / "f.parquet")))
    assert batch.column("transaction_id").to_pylist() == ["7", "8"]
    assert batch.column("time").to_pylist() == [1_772_323_200_123, 1_772_323_201_000]
    events = unpack(batch.column("record"), EVENT)
    assert events["amount"].tolist() == [28_580, 50]
    assert events["fraud"].tolist() == [1, 0]
    assert events["known"][0] == 1_772_323_200_123 + 86_400_000

    wrong = ReadTransactions(
        ColumnMap.parse({**document, "columns": {**columns, "timestamp": "WHERE"}}), None, with_labels=False
    )
    with pytest.raises(ColumnMapError, match=r"'WHERE'.*cannot be read as timestamp"):
        list(wrong(groups(str(tmp_path / "f.parquet"))))


def test_what_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EngineError, match="name its column map with --columns"):
        run(FeatureJob(tmp_path / "f.parquet", None, tmp_path / "out.parquet"))
    monkeypatch.setattr("sys.prefix", str(tmp_path))
    with pytest.raises(EngineError, match=r"Spark is not installed .* run `make engines`"):
        run(FeatureJob(tmp_path, None, tmp_path / "out.parquet"))


def test_of_no_rows_there_is_an_empty_file_and_of_an_earlier_job_nothing(tmp_path: Path) -> None:
    out = tmp_path / "parts"
    out.mkdir()
    (out / "part-00007.parquet").write_text("an earlier job's")
    prepare(str(out))
    finish(str(out), written=0)
    assert sorted(path.name for path in out.iterdir()) == ["_SUCCESS", "part-00000.parquet"]
    assert pq.read_table(out).schema.equals(FEATURES)
    (out / "thesis.txt").write_text("of somebody else")
    with pytest.raises(ValueError, match=r"holds thesis.txt, which is not ours to delete"):
        prepare(str(out))
    assert len(list(out.iterdir())) == 3
