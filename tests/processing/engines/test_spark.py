"""Spark itself, over many generated logs at once: bit for bit the oracle and the embedded engine."""

from __future__ import annotations

from pathlib import Path
from random import Random

import numpy as np
import pyarrow.parquet as pq
import pytest

from feature_groups import MERCHANT_FEATURES, USER_FEATURES
from processing.engines import embedded, spark
from processing.engines.job import FeatureJob
from processing.engines.spark.launch import run_in_spark
from tests.processing.engines import spark_logs
from tests.processing.windows import logs

_WINDOW_FEATURES = [feature.name for feature in (*USER_FEATURES, *MERCHANT_FEATURES)]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_spark_is_the_oracle_and_the_embedded_engine(tmp_path: Path) -> None:
    random = Random(3)
    small, hot = logs.many(60, 3), logs.hot()
    log = spark_logs.merged([*small, hot], random)
    spark_logs.write(log, tmp_path, random)
    summary = spark.run(FeatureJob(tmp_path, None, tmp_path / "spark.parquet"))
    wanted = embedded.run(FeatureJob(tmp_path, None, tmp_path / "embedded.parquet"))
    assert (summary.rows, summary.users, summary.merchants) == (wanted.rows, wanted.users, wanted.merchants)
    assert summary.cpu_seconds

    found, expected = pq.read_table(summary.out), pq.read_table(wanted.out)
    assert found.schema.names == expected.schema.names
    for name in expected.schema.names:
        np.testing.assert_array_equal(found[name].to_numpy(), expected[name].to_numpy(), err_msg=name)

    ids = found["transaction_id"].to_pylist()
    assert ids == [row.transaction_id for row in spark_logs.in_event_order(log)]
    values = np.column_stack([found[name].to_numpy() for name in _WINDOW_FEATURES])
    computed = dict(zip(ids, values, strict=True))
    # The oracle needs seconds for a row whose history is beyond the cap: one of a user, one of a merchant.
    asked = {row.transaction_id for one in small for row in one.rows[::5]}
    asked |= {row.transaction_id for row in hot.rows[-2:]}
    oracle = spark_logs.window_features(log, asked)
    assert len(oracle) == len(asked)
    np.testing.assert_array_equal([computed[key] for key in oracle], list(oracle.values()))
    assert max(values[:, _WINDOW_FEATURES.index("user_transaction_count_30d")]) > 1024


@pytest.mark.drill
@pytest.mark.timeout(600)
def test_a_folder_of_files_becomes_files_that_follow_each_other(tmp_path: Path) -> None:
    random = Random(4)
    log = spark_logs.merged(logs.many(30, 4), random)
    spark_logs.write(log, tmp_path / "whole", random)
    wanted = embedded.run(FeatureJob(tmp_path / "whole", None, tmp_path / "embedded.parquet"))
    rows = pq.read_table(tmp_path / "whole" / "transactions.parquet")
    cut = rows.num_rows // 2
    for path, part in (("a/9.parquet", rows.slice(0, cut)), ("b/1.parquet", rows.slice(cut))):
        (tmp_path / "log" / path).parent.mkdir(parents=True)
        pq.write_table(part, tmp_path / "log" / path)

    out = tmp_path / "out"
    inputs = {"source": tmp_path / "log", "out": out}
    inputs |= {name: tmp_path / "whole" / f"{name}.parquet" for name in ("labels", "users")}
    arguments = [text for name, path in inputs.items() for text in (f"--{name}", str(path))]
    done = run_in_spark("processing.engines.spark", [*arguments, "--parts", "3"], tmp_path)
    assert (done["rows"], done["users"], done["merchants"]) == (wanted.rows, wanted.users, wanted.merchants)
    assert len(list(out.glob("part-*.parquet"))) == 3
    found, expected = pq.read_table(out), pq.read_table(wanted.out)
    for name in expected.schema.names:
        np.testing.assert_array_equal(found[name].to_numpy(), expected[name].to_numpy(), err_msg=name)
