"""CleanUp: training sets, models that were never registered and aggregates beyond their retention."""

from __future__ import annotations

import argparse

from botocore.exceptions import BotoCoreError, ClientError

from pipelines.steps.clean_up.references import References
from pipelines.steps.clean_up.removal import clean
from pipelines.steps.clean_up.retention import RETENTION
from pipelines.steps.container import StepError, processing_output, run
from pipelines.steps.dataset import write_json
from pipelines.steps.night import add_night, client, night_of
from pipelines.steps.windows import text

OUTPUT = "clean-up"
REPORT = "clean-up.json"
MODES = ("remove", "report")


def main(arguments: list[str]) -> None:
    """Remove, and write what was removed; ages count from the as-of time, so that an old night removes less.

    Raises:
        StepError: a parameter does not fit, or the registry cannot be read: then nothing is removed.
    """
    options = _parser().parse_args(arguments)
    night = night_of(options)
    if options.mode not in MODES:
        raise StepError(f"clean-up: {options.mode!r} is unknown; use {' or '.join(MODES)}")
    dry_run = options.mode == "report"
    try:
        references = References.of(client("sagemaker"), night.lake, night.names.model_package_group)
    except (ClientError, BotoCoreError) as error:
        raise StepError(f"the model registry cannot be read, so nothing was removed: {error}") from error
    areas = clean(client("s3"), night.lake, RETENTION, references, night.as_of, dry_run=dry_run)
    folder = processing_output(OUTPUT) / night.partition()
    folder.mkdir(parents=True, exist_ok=True)
    write_json({"as_of": text(night.as_of), "dry_run": dry_run, "areas": areas}, folder / REPORT)
    verb = "would be removed" if dry_run else "removed"
    for name, area in areas.items():
        objects = sum(item["objects"] for item in area["removed"])
        kept = len(area["kept_for_packages"])
        print(
            f"{name}: {len(area['removed'])} folders with {objects} objects {verb}, {kept} kept for packages"
        )
        for item in area["removed"]:
            print(f"  {item['name']}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pipelines.steps.clean_up", description=__doc__)
    add_night(parser)
    parser.add_argument("--mode", default="remove", help="remove, or report: remove nothing")
    return parser


if __name__ == "__main__":
    raise SystemExit(run(main))
