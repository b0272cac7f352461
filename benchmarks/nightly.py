"""How the nightly run grows: seconds, CPU seconds and peak memory of each step by the number of transactions.

Usage: python -m benchmarks.nightly [EVENTS ...]; by default 250,000 to 4,000,000

Each step is a process of its own on the packed code, with its container's folders, as SageMaker starts it.
The lake is the project's own generator's: 90 days, one user for every 30 transactions, a Parquet file a day.
CPU seconds are user and system time of the step's process and its children: what is left when the machine is
shared. The sizes given are measured in turn, smallest first; figures of other sizes stay as they were.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import nightly_lake
from benchmarks.nightly_picture import draw
from benchmarks.nightly_training import against_plain_xgboost
from benchmarks.results import record
from pipelines.bundles import CodeBundles, build_bundles
from processing.lake.nights import NIGHT_FORMAT

SIZES = (250_000, 500_000, 1_000_000, 2_000_000, 4_000_000)
ASKED = 1_000_000
GROWTH = Path(__file__).with_name("nightly.json")
PICTURE = Path(__file__).parents[1] / "docs" / "nightly-speed.svg"
INPUTS = {
    "TrainModel": ("train", "validation", "manifest"),
    "MeasureServing": ("test", "manifest"),
    "EvaluateModel": ("test", "manifest", "quality"),
}
# The defaults of the pipeline's parameters; FindChampion finds none in a lake of its own.
_EVALUATE = [
    "-m", "pipelines.steps.evaluate", "--champion", "none", "--minimum-auc", "0.85",
    "--minimum-average-precision", "0.25", "--tolerance", "0.005", "--slowest-ms", "25",
]  # fmt: skip
_TRAIN = ["--rounds", "600", "--learning-rate", "0.1", "--search-trials", "6"]


@dataclass(frozen=True, slots=True)
class Cost:
    """What a step took: wall `seconds`, `cpu` seconds, `peak` resident memory in GiB."""

    seconds: float
    cpu: float
    peak: float


def main(sizes: list[int]) -> None:
    """Measure, record, and draw what has been measured so far."""
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        bundles = build_bundles(scratch / "bundles")
        for events in sorted(sizes):
            folder = scratch / str(events)
            costs = night(events, folder, bundles)
            _keep(events, costs)
            for step, cost in costs.items():
                figures = f"{cost.seconds:6.1f} s {cost.cpu:6.1f} CPU s {cost.peak:5.2f} GiB"
                print(f"{events:>9,} {step:<14} {figures}", flush=True)
            if events == ASKED:
                _record(costs, events)
                against_plain_xgboost(folder / "BuildFeatures" / "processing" / "output")
            shutil.rmtree(folder)
    draw(json.loads(GROWTH.read_text(encoding="utf-8")), PICTURE)


def night(events: int, folder: Path, bundles: CodeBundles) -> dict[str, Cost]:
    """The steps that compute, one after the other, as the pipeline starts them."""
    features, training, serving, evaluation = (folder / name for name in ("BuildFeatures", *INPUTS))
    # In another process: what the generator holds is not the benchmark's to keep.
    generate = [sys.executable, "-m", "benchmarks.nightly_lake", str(features), str(events)]
    subprocess.run(generate, check=True)
    code = folder / "code"
    with tarfile.open(bundles.training) as archive:
        archive.extractall(code, filter="data")
    as_of = nightly_lake.AS_OF.strftime(NIGHT_FORMAT)
    costs = {
        "BuildFeatures": _step(
            ["-m", "pipelines.steps.features", "--as-of", as_of], features, bundles.processing
        )
    }
    outputs = features / "processing" / "output"
    _link(outputs, training / "input" / "data", INPUTS["TrainModel"])
    costs["TrainModel"] = _step([str(code / "train.py"), *_TRAIN], training, code)
    model = folder / "model"
    model.mkdir()
    with tarfile.open(model / "model.tar.gz", "w:gz") as archive:
        archive.add(training / "model", arcname=".")
    inputs = serving / "processing" / "input"
    _link(outputs, inputs, INPUTS["MeasureServing"])
    (inputs / "model").symlink_to(model)
    costs["MeasureServing"] = _step(["-m", "pipelines.steps.serving"], serving, bundles.processing)
    inputs = evaluation / "processing" / "input"
    _link(outputs, inputs, INPUTS["EvaluateModel"])
    (inputs / "model").symlink_to(model)
    (inputs / "serving").symlink_to(serving / "processing" / "output" / "serving")
    (inputs / "champion").mkdir()
    (inputs / "champion" / "champion.json").write_text(json.dumps({"package": "none"}))
    costs["EvaluateModel"] = _step(_EVALUATE, evaluation, bundles.processing)
    return costs


def _step(command: list[str], opt_ml: Path, code: Path) -> Cost:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": os.environ["HOME"],
        "PYTHONPATH": str(code),
        "PYTHONSAFEPATH": "1",
        "FRAUDLINE_OPT_ML": str(opt_ml),
    }
    log = opt_ml / "log"
    began = time.perf_counter()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, *command], env=environment, cwd=opt_ml, stdout=output, stderr=subprocess.STDOUT
        )
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)  # waited for already
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}:\n{log.read_text()[-3000:]}")
    return Cost(time.perf_counter() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 2**20)


def _link(outputs: Path, inputs: Path, names: tuple[str, ...]) -> None:
    inputs.mkdir(parents=True)
    for name in names:
        (inputs / name).symlink_to(outputs / name)


def _keep(events: int, costs: dict[str, Cost]) -> None:
    growth = json.loads(GROWTH.read_text(encoding="utf-8")) if GROWTH.exists() else {}
    growth[str(events)] = {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "load": round(os.getloadavg()[1], 1),
        "steps": {step: {k: round(v, 2) for k, v in asdict(cost).items()} for step, cost in costs.items()},
    }
    ordered = dict(sorted(growth.items(), key=lambda item: int(item[0])))
    GROWTH.write_text(json.dumps(ordered, indent=1) + "\n", encoding="utf-8")


def _record(costs: dict[str, Cost], events: int) -> None:
    what = f"nightly run of {events:,} transactions"
    record(what, sum(cost.seconds for cost in costs.values()), "s")
    record(f"{what}, CPU", sum(cost.cpu for cost in costs.values()), "CPU s")
    record(f"{what}, peak memory", max(cost.peak for cost in costs.values()), "GiB")


if __name__ == "__main__":
    main([int(argument) for argument in sys.argv[1:]] or list(SIZES))
