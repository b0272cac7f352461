"""The reviewer: looks at the evaluation, its page and its pictures, and approves."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from mirror.demo.run import DemoError, Run
from pipelines.commands import registry
from pipelines.report import REPORT_FILE

PICTURES = ("roc.png", "precision_recall.png")


def review_and_approve(run: Run) -> None:
    """Fetch the report of the model that waits for approval, show its figures, approve it.

    Raises:
        DemoError: no model waits, or its report cannot be read.
    """
    sagemaker, s3 = run.client("sagemaker"), run.client("s3")
    try:
        version = registry.find(sagemaker, run.names.model_package_group, "latest")
        report = registry.report(s3, version)
    except registry.RegistryError as error:
        raise DemoError(str(error), run.mirror.log) from error
    if version.status != registry.PENDING:
        raise DemoError(f"version {version.version} is {version.status}, not {registry.PENDING}")
    run.results.metrics = {
        "auc": report["binary_classification_metrics"]["auc"]["value"],
        "average_precision": report["fraud_metrics"]["average_precision"],
    }
    for name, value in version.summary.items():
        run.screen.line(f"{name.replace('_', ' '):<24} {value}")
    for name in (REPORT_FILE, *PICTURES):
        _fetch(run, s3, version.report_uri or "", name)
    approved = registry.decide(
        sagemaker,
        version,
        registry.APPROVED,
        "approved by the demonstration",
        reviewer=registry.caller(run.client("sts")),
    )
    run.results.model_version = str(approved.version)
    run.screen.line(f"version {approved.version}: {version.status} → [bold green]{approved.status}[/]")


def _fetch(run: Run, s3: Any, report_uri: str, name: str) -> None:
    """Bring a file that lies beside the evaluation."""
    uri = urlsplit(report_uri)
    folder = uri.path.lstrip("/").rpartition("/")[0]
    path = run.folder / name
    try:
        s3.download_file(uri.netloc, f"{folder}/{name}", str(path))
    except ClientError as error:
        raise DemoError(f"s3://{uri.netloc}/{folder}/{name} cannot be read: {error}") from error
    if name in PICTURES:
        run.results.pictures.append(str(path))
    run.screen.line(f"{'picture' if name in PICTURES else 'page'}: {path}")
