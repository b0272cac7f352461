"""The model card of a registered package, in the schema of SageMaker's model package cards.

The schema: https://docs.aws.amazon.com/sagemaker/latest/dg/model-registry-details.html#model-card-schema.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from cdk_app.functions.nightly.card_texts import BUSINESS, CAVEATS, ETHICS, INTENDED_USES
from cdk_app.functions.nightly.documents import read_bundle
from cdk_app.functions.nightly.night import EVALUATE, TRAIN, Night, job_of

Document = Mapping[str, Any]

_LONGEST_TEXT, _LONGEST_VALUE = 1024, 255


def attach(sagemaker: Any, s3: Any, night: Night) -> None:
    """Give the night's package its card, whose status follows the reviewer's verdict.

    The reviewer may decide at the same time: the verdict is read after the card is written, until both agree.
    """
    assert night.package is not None
    arn = night.package["ModelPackageArn"]
    bundle = read_bundle(s3, model_uri(night.package))
    training = _training_job(sagemaker, night)
    content = json.dumps(card(night, bundle, training), sort_keys=True)
    status = None
    while status != (wanted := _status(sagemaker, arn)):
        sagemaker.update_model_package(
            ModelPackageArn=arn, ModelCard={"ModelCardContent": content, "ModelCardStatus": wanted}
        )
        status = wanted


def card(night: Night, bundle: Document, training: Document) -> dict[str, Any]:
    """The content of the card.

    Args:
        bundle: ``bundle.json`` of the model.
        training: the training job as SageMaker describes it; empty where it is not known.
    """
    package: Document = night.package or {}
    evaluation: Document = night.evaluation.document if night.evaluation else {}
    properties = package.get("CustomerMetadataProperties", {})
    return {
        "model_overview": {
            "model_creator": f"The nightly pipeline, in {night.execution}",
            "model_artifact": [model_uri(package)],
        },
        "intended_uses": INTENDED_USES,
        "business_details": BUSINESS,
        "training_details": _training(bundle, training, evaluation, properties),
        "evaluation_details": [_evaluation(night, evaluation)] if evaluation else [],
        "additional_information": {
            "ethical_considerations": ETHICS,
            "caveats_and_recommendations": CAVEATS,
            "custom_details": _texts(
                {
                    "as_of": bundle["trained_at_as_of"],
                    "code_version": bundle["code_version"],
                    "xgboost_version": bundle["xgboost_version"],
                    "model_sha256": bundle["model_sha256"],
                    "training_set_sha256": properties.get("training_set_sha256", ""),
                    "thresholds": json.dumps(bundle["thresholds"], sort_keys=True),
                    "costs": json.dumps(bundle["costs"], sort_keys=True),
                    "features": str(len(bundle["feature_names"])),
                    "report": night.evaluation.page_uri if night.evaluation else "",
                    "data_report": night.quality.page_uri if night.quality else "",
                    "pipeline_execution": night.execution,
                }
            ),
        },
    }


def model_uri(package: Document) -> str:
    """Where the package's model archive is."""
    uri: str = package["InferenceSpecification"]["Containers"][0]["ModelDataUrl"]
    return uri


def _training(
    bundle: Document, training: Document, evaluation: Document, properties: Document
) -> dict[str, Any]:
    window, split = (
        bundle["training_window"],
        evaluation.get("dataset", {}).get("splits", {}).get("train", {}),
    )
    observed = f"Transactions from {window['start']} to {window['end']}"
    if split:
        observed += f": {split['rows']:,}, of which {split['frauds']:,} frauds ({split['fraud_rate']:.2%})"
    details: dict[str, Any] = {
        "training_datasets": [uri for uri in (properties.get("training_set"),) if uri],
        "training_metrics": [
            {"name": name, "value": value} for name, value in sorted(bundle["metrics"].items())
        ],
        "hyper_parameters": [
            {"name": name, "value": str(value)[:_LONGEST_VALUE]}
            for name, value in sorted(_settings(bundle, training).items())
            if str(value)
        ],
    }
    if training:
        details["training_arn"] = training["TrainingJobArn"]
        image = training.get("AlgorithmSpecification", {}).get("TrainingImage")
        details["training_environment"] = {"container_image": [image] if image else []}
    return {
        "training_observations": (
            f"{observed}. Labels as they were known at {bundle['trained_at_as_of']}; rounds and thresholds "
            "chosen on the validation window alone."
        )[:_LONGEST_TEXT],
        "training_job_details": details,
    }


def _settings(bundle: Document, training: Document) -> dict[str, Any]:
    """What the job was asked for, over which goes what the search and the calibration chose."""
    asked = {name.replace("-", "_"): value for name, value in training.get("HyperParameters", {}).items()}
    scaling = {f"calibration_{name}": value for name, value in bundle["calibration"].items()}
    return {**asked, **bundle["settings"], **scaling}


def _evaluation(night: Night, evaluation: Document) -> dict[str, Any]:
    test = evaluation["dataset"]["splits"]["test"]
    details: dict[str, Any] = {
        "name": "Test window",
        "evaluation_observation": f"{test['rows']:,} transactions from {test['start']} to {test['end']}, "
        f"{test['frauds']:,} of them fraud, which the model has not learnt from. "
        f"Checks of the model: {evaluation['quality']['summary']['reason']}."[:_LONGEST_TEXT],
        "metadata": _texts(evaluation["summary"]),
        "metric_groups": [
            {
                "name": group,
                "metric_data": [_metric(name, value) for name, value in _numbers(evaluation[group])],
            }
            for group in ("binary_classification_metrics", "fraud_metrics")
        ],
    }
    if job := job_of(night.steps.get(EVALUATE), "ProcessingJob"):
        details["evaluation_job_arn"] = job
    return details


def _numbers(document: Document, prefix: str = "") -> Iterator[tuple[str, float]]:
    """The numbers in a document by their dotted paths; curves, which are lists, are in the report."""
    for name, value in document.items():
        path = f"{prefix}{name}"
        if isinstance(value, Mapping):
            yield from _numbers(value, f"{path}.")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield path, value


def _metric(name: str, value: float) -> dict[str, Any]:
    return {"name": name.removesuffix(".value")[:_LONGEST_VALUE], "type": "number", "value": value}


def _texts(values: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value)[:_LONGEST_TEXT] for name, value in values.items() if value != ""}


def _training_job(sagemaker: Any, night: Night) -> Document:
    job = job_of(night.steps.get(TRAIN), "TrainingJob")
    if job is None:
        return {}
    described: Document = sagemaker.describe_training_job(TrainingJobName=job.rpartition("/")[2])
    return described


def _status(sagemaker: Any, arn: str) -> str:
    approval = sagemaker.describe_model_package(ModelPackageName=arn)["ModelApprovalStatus"]
    return "Approved" if approval == "Approved" else "PendingReview"
