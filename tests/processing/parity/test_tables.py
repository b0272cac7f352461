"""Planted differences between two feature tables are found, counted and told apart."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from feature_groups import FEATURE_NAMES
from processing.parity import Parity, compare_files
from processing.parity.picture import draw
from processing.parity.rows import CHUNK, TableError

A, B, C = FEATURE_NAMES[:3]
ROWS = 40
Table = dict[str, list[float]]


def values() -> Table:
    rng = np.random.default_rng(1)
    table = {name: rng.normal(size=ROWS).tolist() for name in (A, B, C)}
    table[B][7] = math.nan
    return table


def write(path: Path, table: Table, ids: list[str] | None = None) -> Path:
    rows = len(next(iter(table.values())))
    names = ids or [f"t-{row}" for row in range(rows)]
    pq.write_table(pa.table({"transaction_id": names, **table}), path)
    return path


@pytest.fixture
def left(tmp_path: Path) -> Path:
    return write(tmp_path / "left.parquet", values())


def counts(parity: Parity) -> dict[str, tuple[int, int, int, int]]:
    return {f.name: (f.match, f.mismatch, f.missing, f.extra) for f in parity.features}


def test_the_same_table_is_equal_and_missing_values_are_the_same(left: Path, tmp_path: Path) -> None:
    table = values()
    table[B][7] = float(np.array(0x7FF8_0000_0000_0001, np.uint64).view(np.float64))  # another NaN
    parity = compare_files(left, write(tmp_path / "right.parquet", table))
    assert parity.equal
    assert counts(parity) == dict.fromkeys((A, B, C), (ROWS, 0, 0, 0))
    assert "equal in every bit" in parity.lines()[0]


def test_one_bit_a_sign_of_zero_and_a_missing_value_are_mismatches(left: Path, tmp_path: Path) -> None:
    base, table = values(), values()
    base[C][3], table[C][3] = 0.0, -0.0
    table[A][20] = math.nextafter(table[A][20], math.inf)
    table[A][30] += 1
    table[B][7] = 0.0
    parity = compare_files(write(left, base), write(tmp_path / "right.parquet", table))
    assert not parity.equal
    assert counts(parity) == {
        A: (ROWS - 2, 2, 0, 0),
        B: (ROWS - 1, 1, 0, 0),
        C: (ROWS - 1, 1, 0, 0),
    }
    firsts = {f.name: f.first for f in parity.features}
    first = firsts[A]
    assert first is not None
    assert (first.position, first.transaction_id) == (20, "t-20")
    assert (first.left, first.right) == (base[A][20], table[A][20])
    lost = firsts[B]
    assert lost is not None
    assert lost.as_dict() == {"position": 7, "transaction_id": "t-7", "left": "NaN", "right": 0.0}
    assert str(firsts[C]) == "t-3 (event 3): 0.0 | -0.0"
    assert [line for line in parity.lines() if line.startswith(C)]


def test_lost_and_invented_events_are_missing_and_extra(left: Path, tmp_path: Path) -> None:
    table = values()
    ids = [f"t-{row}" for row in range(ROWS)]
    for column in table.values():
        del column[10:12]
        column.append(0.5)
    del ids[10:12]
    parity = compare_files(left, write(tmp_path / "right.parquet", table, [*ids, "invented"]))
    assert (parity.rows_left, parity.rows_right) == (ROWS, ROWS - 1)
    assert counts(parity) == dict.fromkeys((A, B, C), (ROWS - 2, 0, 2, 1))
    first = parity.features[0].first
    assert first is not None
    assert (first.transaction_id, first.right) == ("t-10", None)


def test_a_column_of_one_side_is_missing_or_extra(left: Path, tmp_path: Path) -> None:
    table = values()
    table["a_new_one"] = table.pop(B)
    parity = compare_files(left, write(tmp_path / "right.parquet", table))
    assert counts(parity)[B] == (0, 0, ROWS, 0)
    assert counts(parity)["a_new_one"] == (0, 0, 0, ROWS)
    assert not parity.equal


def test_rows_are_matched_by_id_whatever_their_order(left: Path, tmp_path: Path) -> None:
    order = np.random.default_rng(2).permutation(ROWS)
    table = {name: [column[row] for row in order] for name, column in values().items()}
    right = tmp_path / "right.parquet"
    assert compare_files(left, write(right, table, [f"t-{row}" for row in order])).equal
    at = order.tolist().index(25)
    table[C][at] += 1
    parity = compare_files(left, write(right, table, [f"t-{row}" for row in order]))
    assert counts(parity)[C] == (ROWS - 1, 1, 0, 0)
    first = parity.features[2].first
    assert first is not None
    assert (first.position, first.transaction_id) == (25, "t-25")


def test_of_equal_ids_the_first_is_compared_with_the_first(left: Path, tmp_path: Path) -> None:
    ids = ["twice", "other", "twice"]
    write(left, {A: [1.0, 2.0, 3.0]}, ids)
    right = tmp_path / "right.parquet"
    assert compare_files(left, write(right, {A: [1.0, 3.0, 2.0]}, ["twice", "twice", "other"])).equal
    swapped = compare_files(left, write(right, {A: [3.0, 1.0, 2.0]}, ["twice", "twice", "other"]))
    assert counts(swapped)[A] == (1, 2, 0, 0)


def test_tables_of_several_files_and_several_chunks(tmp_path: Path) -> None:
    rows = 2 * CHUNK + 77
    ids = [f"t-{row}" for row in range(rows)]
    column = np.arange(rows, dtype=float)
    left, right = tmp_path / "left", tmp_path / "right.parquet"
    left.mkdir()
    write(left / "0.parquet", {A: column[:100].tolist()}, ids[:100])
    write(left / "1.parquet", {A: column[100:].tolist()}, ids[100:])
    changed = column.copy()
    changed[rows - 1] = -1.0
    parity = compare_files(left, write(right, {A: changed.tolist()}, ids))
    assert counts(parity)[A] == (rows - 1, 1, 0, 0)
    first = parity.features[0].first
    assert first is not None
    assert first.position == rows - 1


def test_what_is_no_feature_table_is_named(left: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        compare_files(left, tmp_path / "nowhere")
    other = tmp_path / "other.parquet"
    pq.write_table(pa.table({"id": ["1"]}), other)
    with pytest.raises(TableError, match="no column transaction_id"):
        compare_files(left, other)
    pq.write_table(pa.table({"transaction_id": ["1"], A: ["high"]}), other)
    with pytest.raises(TableError, match=f"column {A} holds string"):
        compare_files(left, other)


def test_the_picture_shows_every_feature(left: Path, tmp_path: Path) -> None:
    table = values()
    table[A][0] += 1
    picture = draw(compare_files(left, write(tmp_path / "right.parquet", table)))
    assert picture.startswith("<svg")
    assert all(f">{name}<" in picture for name in (A, B, C))
    assert picture.count('class="mismatch"') == 1
