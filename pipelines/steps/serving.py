"""MeasureServing: how fast the real server answers with the new model."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from pipelines.evaluation.model import ARCHIVE, unpack
from pipelines.evaluation.places import SERVING_FILE
from pipelines.evaluation.serving.server import measure, served
from pipelines.evaluation.serving.world import populate
from pipelines.steps.container import StepError, processing_input, processing_output, run
from pipelines.steps.dataset import read_manifest, read_split, write_json


def main(arguments: list[str]) -> None:
    """Start the server with the bundle, send it transactions of the test window, and write ``serving.json``.

    Raises:
        StepError: an input is missing, or the server does not serve this model.
    """
    parser = argparse.ArgumentParser(prog="pipelines.steps.serving", description=__doc__)
    parser.add_argument("--training-set-sha256", help="content that it must find")
    options = parser.parse_args(arguments)
    manifest = read_manifest(processing_input("manifest"), options.training_set_sha256)
    test = read_split(processing_input("test"), "test", manifest)
    archive = processing_input("model") / ARCHIVE
    if not archive.is_file():
        raise StepError(f"model: {archive} does not exist; run pipelines.steps.train first")
    with tempfile.TemporaryDirectory(prefix="serving-") as folder:
        scratch = Path(folder)
        unpack(archive, scratch / "model", "model")
        bodies = populate(test, scratch / "store")
        with served(scratch / "model", scratch / "store", scratch) as port:
            found = measure(port, bodies)
    # A text, which arguments of a step have to be.
    found["summary"] = {"p95_ms": str(found["p95_ms"])}
    write_json(found, processing_output("serving") / SERVING_FILE)
    print(f"{found['requests']} requests: p50 {found['p50_ms']} ms, p95 {found['p95_ms']} ms")


if __name__ == "__main__":
    raise SystemExit(run(main))
