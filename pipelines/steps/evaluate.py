"""EvaluateModel: the model on the test window and against production; figures and the reviewer's page."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from pipelines.evaluation.calibration import calibration_figures
from pipelines.evaluation.champion import Champion, read_champion
from pipelines.evaluation.changes import changes
from pipelines.evaluation.gate import Limits, judge
from pipelines.evaluation.measuring import NAMES, Measurement, amounts_of, measure
from pipelines.evaluation.model import Model, load_model
from pipelines.evaluation.money import by_currency
from pipelines.evaluation.places import NO_CHAMPION, SERVING_FILE
from pipelines.evaluation.production import compared, not_compared
from pipelines.evaluation.reasons import reasons_overall
from pipelines.evaluation.resampling import RESAMPLES, measured
from pipelines.evaluation.segments import segments
from pipelines.evaluation.summary import summary
from pipelines.quality import findings
from pipelines.quality.document import FILE, document
from pipelines.quality.trained import Trained
from pipelines.report import REPORT_FILE, REPORT_JSON
from pipelines.report.figures import calibration_bins, cost_points
from pipelines.report.nightly import report_page, verdict
from pipelines.steps.container import StepError, processing_input, processing_output, run
from pipelines.steps.dataset import (
    Dataset,
    content_hash,
    hold_against,
    read_manifest,
    read_split,
    write_json,
)
from pipelines.steps.metrics import Scores, binary_classification_metrics, decisions, fraud_metrics
from pipelines.steps.plots import draw
from pipelines.steps.thresholds import Costs

Document = dict[str, Any]


def main(arguments: list[str]) -> None:
    """Score the test window and write the report.

    Raises:
        StepError: an input is missing or made for other features, or the champion is not the one found.
    """
    options = _parser().parse_args(arguments)
    limits = Limits(
        options.minimum_auc, options.minimum_average_precision, options.tolerance, options.slowest_ms
    )
    manifest = read_manifest(processing_input("manifest"), options.training_set_sha256)
    test = read_split(processing_input("test"), "test", manifest)
    quality = _json(processing_input("quality") / FILE, "pipelines.steps.features")
    if options.quality_sha256 is not None:
        hold_against("quality", content_hash(quality), options.quality_sha256)
    model = load_model(processing_input("model"))
    champion = read_champion(processing_input("champion"))
    found = NO_CHAMPION if champion is None else champion.package
    if options.champion not in ("", found):
        raise StepError(f"champion: the input has {found}, not {options.champion}; run FindChampion again")
    scores = model.scores(test)
    production = None
    test_start = manifest["splits"]["test"]["start"]
    if champion is not None and not champion.why_not_comparable(test_start):
        production = champion.model.scores(test)
    report = evaluation(model, scores, champion, production, test, manifest, limits)
    report["serving"] = _json(processing_input("serving") / SERVING_FILE, "pipelines.steps.serving")
    measured_ms = report["serving"]["summary"]["p95_ms"]
    if options.serving_p95_ms not in (None, measured_ms):
        raise StepError(
            f"serving: the input has a p95 of {measured_ms} ms, not {options.serving_p95_ms}: another "
            "execution of the night replaced it; run MeasureServing again"
        )
    report["gate"] = judge(report, limits)
    report["summary"] = summary(report)
    _write(report, quality, scores, production, test)


def evaluation(
    model: Model,
    scores: Scores,
    champion: Champion | None,
    production: Scores | None,
    test: Dataset,
    manifest: Document,
    limits: Limits,
) -> Document:
    """All that depends on the data alone.

    Args:
        scores: of the model, [rows].
        production: of the champion, [rows]; None where it cannot be compared.
    """
    target, thresholds = test.target, model.thresholds
    classification = binary_classification_metrics(scores, target, thresholds["review"])
    trained = Trained(scores, classification["auc"]["value"], model.importances(), thresholds)
    measurements = _measurements(model, scores, champion, production, test)
    own = measurements[0]
    report: Document = {
        "binary_classification_metrics": classification,
        "fraud_metrics": {
            **fraud_metrics(scores, target, test.keys),
            "decisions": decisions(scores, target, thresholds["review"], thresholds["decline"]),
        },
        "intervals": {
            name: measured(float(own.figures[number]), own.samples[:, number])
            for number, name in enumerate(NAMES)
        },
        "bootstrap": {"resamples": RESAMPLES, "by": "card", "level": 0.95},
        "thresholds": thresholds,
        "dataset": {"as_of": manifest["as_of"], "splits": manifest["splits"]},
        "model": {name: model.bundle[name] for name in ("code_version", "metrics", "training_data_sha256")},
        "quality": document(findings("model", trained), ("model",)),
        "calibration": calibration_bins(scores, target),
        "calibration_figures": calibration_figures(scores, target),
        "costs": cost_points(scores, target, Costs(**model.bundle["costs"])),
        "money": by_currency(own.decided, target, amounts_of(test), test.keys["currency"]),
        "segments": segments(scores, test, thresholds["review"], production),
        "importances": trained.importances,
        "reasons": reasons_overall(model.booster, test, scores, thresholds["decline"]),
        "comparison": not_compared(champion, manifest["splits"]["test"]["start"]),
        "changes": None,
    }
    if champion is not None:
        report["changes"] = changes(
            model, champion.model, manifest["splits"]["train"]["rows"], champion.summary
        )
    if champion is not None and production is not None:
        report["comparison"] = compared(
            champion, (scores, own), (production, measurements[1]), test, limits.tolerance
        )
    return report


def _measurements(
    model: Model, scores: Scores, champion: Champion | None, production: Scores | None, test: Dataset
) -> list[Measurement]:
    models = [(scores, model.thresholds)]
    if champion is not None and production is not None:
        models.append((production, champion.model.thresholds))
    return measure(models, test)


def _write(
    report: Document, quality: Document, scores: Scores, production: Scores | None, test: Dataset
) -> None:
    folder = processing_output("evaluation")
    draw(scores, test.target, folder)
    write_json(report, folder / "evaluation.json")
    write_json({"verdict": verdict(report), "evaluation": report, "data": quality}, folder / REPORT_JSON)
    page = report_page(report, quality, scores, test.target, production)
    (folder / REPORT_FILE).write_text(page, encoding="utf-8")
    for name, value in report["summary"].items():
        print(f"{name}: {value}")


def _json(file: Path, step: str) -> Document:
    if not file.is_file():
        raise StepError(f"{file.parent.name}: {file} does not exist; run {step} first")
    found: Document = json.loads(file.read_text(encoding="utf-8"))
    return found


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pipelines.steps.evaluate", description=__doc__)
    parser.add_argument("--training-set-sha256", help="content that it must find")
    parser.add_argument("--quality-sha256", help="content of quality.json that it must find")
    parser.add_argument("--serving-p95-ms", help="what MeasureServing found")
    parser.add_argument("--champion", default="", help="package that FindChampion found")
    parser.add_argument("--minimum-auc", type=float, required=True)
    parser.add_argument("--minimum-average-precision", type=float, required=True)
    parser.add_argument("--tolerance", type=float, required=True, help="loss against production allowed")
    parser.add_argument("--slowest-ms", type=float, required=True, help="p95 of an answer allowed")
    return parser


if __name__ == "__main__":
    raise SystemExit(run(main))
