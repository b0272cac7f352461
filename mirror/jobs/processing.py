"""Processing jobs: inputs below ``/opt/ml/processing``, outputs uploaded at the end."""

from __future__ import annotations

import json
from pathlib import Path

from mirror.api import Context, Document, ServiceError
from mirror.docker.images import Image
from mirror.jobs import spark, transfer
from mirror.jobs.container import OPT_ML, Command
from mirror.jobs.storage import StorageError
from mirror.jobs.supervision import Outcome
from mirror.jobs.work import JobError, read_text

_ROOT = f"{OPT_ML}/processing"


class ProcessingWork:
    """The file contract of ``CreateProcessingJob``."""

    def prepare(self, ctx: Context, job: Document, image: Image, ml: Path) -> Command:
        for item in job.get("ProcessingInputs", []):
            _fetch(ctx, item, ml)
        for output in _outputs(job):
            _local(output["S3Output"]["LocalPath"], ml).mkdir(parents=True, exist_ok=True)
        _write_config(job, ml)
        specification = job["AppSpecification"]
        # As docker does: another entrypoint than the image's does not get the image's command.
        entrypoint = specification.get("ContainerEntrypoint")
        command = [] if entrypoint else image.cmd
        argv = [
            *(entrypoint or image.entrypoint),
            *(specification.get("ContainerArguments") or command),
        ]
        if not argv:
            raise JobError(
                f"AppSpecification.ContainerEntrypoint: the image {specification['ImageUri']} has no "
                "entrypoint of its own; give one, e.g. ['python3', '/opt/ml/processing/input/code/job.py']"
            )
        if argv[0] == spark.COMMAND:
            try:
                argv = spark.local_command(argv)
            except FileNotFoundError as error:
                raise JobError(str(error)) from error
        environ = {**job.get("Environment", {}), "PROCESSING_JOB_ARN": job["ProcessingJobArn"]}
        return Command(argv, environ, image.workdir or OPT_ML)

    def observe(self, line: str) -> None:
        """Processing jobs have no metrics."""

    def finish(self, ctx: Context, job: Document, ml: Path, outcome: Outcome) -> Document:
        message = self.message(ml)
        for output in _outputs(job):
            target = output["S3Output"]
            if outcome.succeeded or target["S3UploadMode"] == "Continuous":
                try:
                    transfer.upload(ctx.account, _local(target["LocalPath"], ml), target["S3Uri"])
                except StorageError as error:
                    raise JobError(
                        f"Data upload failed for output {output['OutputName']!r}: {error}"
                    ) from error
        return {"ExitMessage": message} if message else {}

    def message(self, ml: Path) -> str:
        return read_text(ml / "output" / "message")


def check(params: Document) -> None:
    """Refuse what this mirror would otherwise ignore.

    Raises:
        ServiceError: ``ValidationException`` naming the field.
    """
    for index, item in enumerate(params.get("ProcessingInputs", [])):
        where = f"ProcessingInputs[{index}]"
        if "S3Input" not in item:
            raise _invalid(f"{where}.DatasetDefinition: only S3Input is supported here")
        source = item["S3Input"]
        _check_local(source.get("LocalPath"), f"{where}.S3Input.LocalPath")
        if source.get("S3InputMode", "File") != "File":
            raise _invalid(f"{where}.S3Input.S3InputMode: only File is supported here")
        if source.get("S3CompressionType", "None") != "None":
            raise _invalid(f"{where}.S3Input.S3CompressionType: only None is supported here")
    for index, output in enumerate(params.get("ProcessingOutputConfig", {}).get("Outputs", [])):
        where = f"ProcessingOutputConfig.Outputs[{index}]"
        if "S3Output" not in output:
            raise _invalid(f"{where}.FeatureStoreOutput: only S3Output is supported here")
        _check_local(output["S3Output"].get("LocalPath"), f"{where}.S3Output.LocalPath")


def _check_local(path: str | None, field: str) -> None:
    if path is None or not (path == _ROOT or path.startswith(_ROOT + "/")) or ".." in path.split("/"):
        raise _invalid(f"{field}: {path!r} has to begin with {_ROOT}")


def _invalid(message: str) -> ServiceError:
    return ServiceError("ValidationException", message)


def _fetch(ctx: Context, item: Document, ml: Path) -> None:
    source = item["S3Input"]
    destination = _local(source["LocalPath"], ml)
    destination.mkdir(parents=True, exist_ok=True)
    manifest = source["S3DataType"] == "ManifestFile"
    try:
        (transfer.download_manifest if manifest else transfer.download)(
            ctx.account, source["S3Uri"], destination
        )
    except StorageError as error:
        raise JobError(f"Data download failed for input {item['InputName']!r}: {error}") from error


def _outputs(job: Document) -> list[Document]:
    outputs: list[Document] = job.get("ProcessingOutputConfig", {}).get("Outputs", [])
    return outputs


def _local(path: str, ml: Path) -> Path:
    return ml / Path(path).relative_to(OPT_ML)


def _write_config(job: Document, ml: Path) -> None:
    config = ml / "config"
    config.mkdir(parents=True, exist_ok=True)
    described = {
        key: job[key]
        for key in (
            "ProcessingJobArn",
            "ProcessingJobName",
            "AppSpecification",
            "Environment",
            "ProcessingInputs",
            "ProcessingOutputConfig",
            "ProcessingResources",
            "RoleArn",
            "StoppingCondition",
        )
        if key in job
    }
    (config / "processingjobconfig.json").write_text(json.dumps(described, indent=2))
    resources = {"current_host": "algo-1", "hosts": ["algo-1"], "network_interface_name": "eth0"}
    (config / "resourceconfig.json").write_text(json.dumps(resources))
