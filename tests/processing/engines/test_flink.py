"""Flink itself over many generated logs at once: bit for bit the oracle and the embedded engine."""

from __future__ import annotations

from pathlib import Path
from random import Random

import numpy as np
import pyarrow.parquet as pq
import pytest

from feature_groups import FEATURE_NAMES, MERCHANT_FEATURES, USER_FEATURES
from processing.engines import embedded, flink
from processing.engines.job import FeatureJob
from processing.generator import Scenario, generate
from processing.parity.tables import compare_files
from tests.processing.engines import spark_logs
from tests.processing.windows import logs

pytestmark = pytest.mark.slow

_WINDOW_FEATURES = [feature.name for feature in (*USER_FEATURES, *MERCHANT_FEATURES)]


@pytest.mark.timeout(600)
def test_flink_is_the_oracle_and_the_embedded_engine(tmp_path: Path) -> None:
    random = Random(4)
    hot = logs.hot()
    log = spark_logs.merged([*logs.many(40, 4), hot], random)
    spark_logs.write(log, tmp_path, random)
    found_by = flink.run(FeatureJob(tmp_path, None, tmp_path / "flink.parquet"))
    wanted = embedded.run(FeatureJob(tmp_path, None, tmp_path / "embedded.parquet"))
    assert (found_by.rows, found_by.users, found_by.merchants) == (
        wanted.rows,
        wanted.users,
        wanted.merchants,
    )
    assert found_by.cpu_seconds

    found, expected = pq.read_table(found_by.out), pq.read_table(wanted.out)
    assert found.schema.names == expected.schema.names
    for name in expected.schema.names:
        np.testing.assert_array_equal(found[name].to_numpy(), expected[name].to_numpy(), err_msg=name)

    ids = found["transaction_id"].to_pylist()
    assert ids == [row.transaction_id for row in spark_logs.in_event_order(log)]
    values = np.column_stack([found[name].to_numpy() for name in _WINDOW_FEATURES])
    computed = dict(zip(ids, values, strict=True))
    # The oracle needs seconds for a row whose history is beyond the cap: one of a user, one of a merchant.
    asked = [key for key in ids if not key.startswith("hot-")][::5]
    asked += [row.transaction_id for row in hot.rows[-2:]]
    oracle = spark_logs.window_features(log, asked)
    assert len(oracle) == len(asked)
    np.testing.assert_array_equal([computed[key] for key in oracle], list(oracle.values()))
    assert max(values[:, _WINDOW_FEATURES.index("user_transaction_count_30d")]) > 1024


@pytest.mark.drill  # starting Python beside Flink takes half a minute of processor time
@pytest.mark.timeout(600)
def test_process_mode_gives_the_same_cells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    generate(Scenario(events=20_000, days=40)).write(tmp_path)
    wanted = embedded.run(FeatureJob(tmp_path, None, tmp_path / "embedded.parquet"))
    monkeypatch.setenv("FRAUDLINE_FLINK_MODE", "process")
    found = flink.run(FeatureJob(tmp_path, None, tmp_path / "flink.parquet"))
    parity = compare_files(wanted.out, found.out, ("embedded", "flink"))
    assert parity.equal, "\n".join(parity.lines())
    assert (parity.rows_left, len(parity.features)) == (20_000, len(FEATURE_NAMES))
