"""The end of a night: its mail, and which registrations it ends. Real nights: tests/mirror/pipelines."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from typing import Any

import pytest

from cdk_app.functions.nightly.card import attach
from cdk_app.functions.nightly.documents import read_bundle
from cdk_app.functions.nightly.message import compose
from cdk_app.functions.nightly.night import Night, Written, read_night
from cdk_app.functions.nightly.supersede import supersede

EXECUTION = "arn:aws:sagemaker:eu-central-1:123456789012:pipeline/fraudline-dev-nightly/execution/abc"
PACKAGE = "arn:aws:sagemaker:eu-central-1:123456789012:model-package/fraudline-dev-fraud/"
NIGHT = "2026-03-01T02:00:00Z"

Document = dict[str, Any]


def step(name: str, status: str = "Succeeded", **members: Any) -> Document:
    return {"StepName": name, "StepStatus": status, "Metadata": {}, **members}


def night(*steps: Document, status: str = "Failed", **members: Any) -> Night:
    values: Document = {"quality": None, "evaluation": None, "package": None, **members}
    return Night(EXECUTION, NIGHT, status, {item["StepName"]: item for item in steps}, **values)


def quality(*findings: tuple[str, str], folder: str = "s3://lake/night/quality") -> Written:
    found = [
        {"check": check, "layer": "batch", "severity": severity, "message": f"about {check}", "rows": []}
        for check, severity in findings
    ]
    critical = sum(one["severity"] == "critical" for one in found)
    document = {"findings": found, "critical": critical, "warnings": len(found) - critical}
    return Written(folder, "quality.html", document)


def test_a_failure_names_the_step_its_reason_and_the_way_on() -> None:
    mail = compose(
        night(step("BuildFeatures"), step("TrainModel", "Failed", FailureReason="AlgorithmError: no memory")),
        [],
        "prod",
    )
    assert mail.subject == "Fraudline prod, night of 2026-03-01: failed in TrainModel"
    assert mail.text.startswith("The night failed in TrainModel: AlgorithmError: no memory\n")
    assert f"fraudline pipeline retry {EXECUTION}\n" in mail.text


def test_a_step_that_failed_beside_a_registered_model_is_told_too() -> None:
    aside = step("LongAggregates", "Failed", FailureReason="AlgorithmError: no such group")
    package = {"ModelPackageVersion": 2, "ModelPackageArn": f"{PACKAGE}2"}
    text = compose(night(aside, package=package), [], "dev").text
    assert text.startswith("Version 2 is registered and waits for review.\n")
    assert "LongAggregates failed: AlgorithmError: no such group\n" in text
    assert f"fraudline pipeline retry {EXECUTION}\n" in text


def test_a_model_whose_refusal_a_failed_step_hid_is_told_too() -> None:
    found = {"gate": {"failed": 1, "summary": {"reason": "AUC 0.6 (minimum 0.85)"}}, "summary": {}}
    evaluated = Written("s3://lake/evaluation", "report.html", found)
    text = compose(night(step("CleanUp", "Failed"), evaluation=evaluated), [], "dev").text
    assert text.startswith("The night failed in CleanUp: no reason\n")
    assert "The model would not have been registered either: AUC 0.6 (minimum 0.85).\n" in text


def test_a_stopped_night_is_told_too() -> None:
    mail = compose(night(step("BuildFeatures", "Stopped"), status="Stopped"), [], "dev")
    assert mail.subject.endswith("night of 2026-03-01: stopped")
    assert "fraudline pipeline retry" in mail.text


def test_data_at_fault_comes_first_and_its_checks_are_named() -> None:
    rejection = step(
        "RejectData", "Failed", Metadata={"Fail": {"ErrorMessage": "The data is not sound: volume"}}
    )
    found = quality(("drift", "warning"), ("volume", "critical"), ("constant", "critical"))
    mail = compose(night(step("BuildFeatures"), rejection, quality=found), [], "dev")
    assert mail.subject.endswith(": the data is not sound (volume, constant)")
    assert mail.text.startswith("No model: The data is not sound: volume\n")
    assert mail.text.index("critical batch/volume") < mail.text.index("warning  batch/drift: about drift")
    assert "retry" not in mail.text, "the same data would be rejected again"
    assert (
        "https://eu-central-1.console.aws.amazon.com/s3/object/lake?region=eu-central-1&prefix=night/quality/quality.html"
        in mail.text
    )


def test_sound_data_is_one_line_and_a_long_list_is_cut() -> None:
    sound = compose(
        night(status="Succeeded", quality=quality(("drift", "warning"), ("drift", "warning"))), [], "dev"
    )
    assert "Data: sound, 2 warning(s): drift.\n" in sound.text
    many = quality(*((f"check{number}", "critical") for number in range(25)))
    assert "  and 5 more in the page." in compose(night(quality=many), [], "dev").text


def test_the_subject_is_what_sns_takes() -> None:
    rejection = step("RejectData", "Failed", Metadata={"Fail": {"ErrorMessage": "ü"}})
    found = quality(*((f"prüfung{number}", "critical") for number in range(25)))
    subject = compose(night(rejection, quality=found), [], "dev").subject
    assert len(subject) < 100
    assert subject.isascii()


class _SageMaker:
    """A group of model packages; `approves` decides on one right before it is described the nth time."""

    def __init__(self, *packages: tuple[int, str, str]) -> None:
        self.packages: dict[str, Document] = {
            f"{PACKAGE}{version}": {
                "ModelPackageArn": f"{PACKAGE}{version}",
                "ModelPackageGroupName": "fraudline-dev-fraud",
                "ModelPackageVersion": version,
                "ModelApprovalStatus": status,
                "CustomerMetadataProperties": {"as_of": as_of},
                "InferenceSpecification": {"Containers": [{"ModelDataUrl": "s3://lake/model.tar.gz"}]},
            }
            for version, status, as_of in packages
        }
        self.described = 0
        self.approve_at: int | None = None

    def get_paginator(self, name: str) -> _SageMaker:
        assert name == "list_model_packages"
        return self

    def paginate(self, **request: str) -> Iterator[Document]:
        wanted = request["ModelApprovalStatus"]
        found = [item for item in self.packages.values() if item["ModelApprovalStatus"] == wanted]
        yield {"ModelPackageSummaryList": found}

    def describe_model_package(self, **request: str) -> Document:
        self.described += 1
        package = self.packages[request["ModelPackageName"]]
        if self.described == self.approve_at:
            package["ModelApprovalStatus"] = "Approved"
        return dict(package)

    def update_model_package(self, **request: Any) -> None:
        self.packages[request.pop("ModelPackageArn")].update(request)

    def statuses(self) -> dict[int, str]:
        return {item["ModelPackageVersion"]: item["ModelApprovalStatus"] for item in self.packages.values()}


def test_only_undecided_older_versions_of_the_same_night_are_superseded() -> None:
    pending = "PendingManualApproval"
    other = "2026-02-28T02:00:00Z"
    service = _SageMaker(
        (1, pending, NIGHT), (2, "Approved", NIGHT), (3, pending, other), (4, "Rejected", NIGHT),
        (5, pending, NIGHT), (6, pending, NIGHT), (7, pending, NIGHT),
    )  # fmt: skip
    assert supersede(service, service.packages[f"{PACKAGE}6"]) == [1, 5]
    assert service.statuses() == {
        1: "Rejected", 2: "Approved", 3: pending, 4: "Rejected", 5: "Rejected", 6: pending, 7: pending,
    }  # fmt: skip
    comment = service.packages[f"{PACKAGE}5"]["ApprovalDescription"]
    assert comment.startswith("Superseded by version 6: the night of 2026-03-01T02:00:00Z ran again")
    assert "ApprovalDescription" not in service.packages[f"{PACKAGE}4"]


def test_what_is_approved_meanwhile_stays_approved() -> None:
    service = _SageMaker((1, "PendingManualApproval", NIGHT), (2, "PendingManualApproval", NIGHT))
    service.approve_at = 1
    assert supersede(service, service.packages[f"{PACKAGE}2"]) == []
    assert service.statuses()[1] == "Approved"


class _Objects:
    """S3 with one model archive."""

    def __init__(self, **files: bytes) -> None:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
            for name, content in files.items():
                entry = tarfile.TarInfo("./" + name.replace("_", "."))
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
        self._body = buffer.getvalue()

    def get_object(self, **request: str) -> Document:
        assert request == {"Bucket": "lake", "Key": "model.tar.gz"}
        return {"Body": io.BytesIO(self._body)}


BUNDLE = {
    "trained_at_as_of": NIGHT, "code_version": "0123", "xgboost_version": "3.2.0", "model_sha256": "ab",
    "thresholds": {"review": 0.1, "decline": 0.9}, "costs": {"review": 0.04}, "feature_names": ["a"],
    "metrics": {"rounds": 7}, "training_window": {"start": "a", "end": "b"},
    "settings": {"max_depth": 5, "rounds": 60}, "calibration": {"slope": 1.25, "intercept": -0.5},
}  # fmt: skip


@pytest.mark.parametrize("approve_at", [1, 2])
def test_a_verdict_that_falls_while_the_card_is_written_reaches_it(approve_at: int) -> None:
    service = _SageMaker((1, "PendingManualApproval", NIGHT))
    service.approve_at = approve_at
    objects = _Objects(bundle_json=json.dumps(BUNDLE).encode())
    attach(service, objects, night(package=service.packages[f"{PACKAGE}1"]))
    assert service.packages[f"{PACKAGE}1"]["ModelCard"]["ModelCardStatus"] == "Approved"


def test_a_model_without_a_bundle_is_named() -> None:
    with pytest.raises(ValueError, match=r"s3://lake/model.tar.gz has no bundle.json"):
        read_bundle(_Objects(model_ubj=b""), "s3://lake/model.tar.gz")


def test_what_an_earlier_run_left_in_the_nights_folder_is_not_told() -> None:
    class _Failed:
        """An execution whose first step failed; its folder holds the documents of another."""

        def describe_pipeline_execution(self, **_: str) -> Document:
            return {"PipelineExecutionStatus": "Failed"}

        def get_paginator(self, name: str) -> _Failed:
            self._listed = name
            return self

        def paginate(self, **_: str) -> Iterator[Document]:
            failed = step("BuildFeatures", "Failed", Metadata={"ProcessingJob": {"Arn": "arn:job/one"}})
            yield {
                "PipelineExecutionSteps": [failed],
                "PipelineParameters": [{"Name": "AsOf", "Value": NIGHT}],
            }

    found = read_night(_Failed(), None, EXECUTION)
    assert (found.as_of, found.status, found.quality, found.evaluation) == (NIGHT, "Failed", None, None)
