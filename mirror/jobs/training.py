"""Training jobs: channels and configuration below ``/opt/ml/input``, the model as ``model.tar.gz``."""

from __future__ import annotations

import json
from pathlib import Path

from mirror.api import Context, Document, ServiceError
from mirror.docker.images import Image
from mirror.jobs import scriptmode, transfer
from mirror.jobs.container import OPT_ML, Command
from mirror.jobs.metrics import Metrics
from mirror.jobs.storage import Location, StorageError
from mirror.jobs.supervision import Outcome
from mirror.jobs.work import JobError, read_text

CODE = f"{OPT_ML}/code"
_RESOURCES = {"current_host": "algo-1", "hosts": ["algo-1"], "network_interface_name": "eth0"}


class TrainingWork:
    """The file contract of ``CreateTrainingJob``. One instance serves one job."""

    def __init__(self) -> None:
        self._metrics = Metrics([])

    def prepare(self, ctx: Context, job: Document, image: Image, ml: Path) -> Command:
        self._metrics = Metrics(job["AlgorithmSpecification"].get("MetricDefinitions", []))
        for folder in ("model", "output/data", "output/intermediate", "code", "input/data", "checkpoints"):
            (ml / folder).mkdir(parents=True, exist_ok=True)
        for channel in job.get("InputDataConfig", []):
            _fetch(ctx, channel, ml / "input" / "data" / channel["ChannelName"])
        if checkpoint := job.get("CheckpointConfig"):
            _restore(ctx, checkpoint["S3Uri"], ml / "checkpoints")
        channels = {item["ChannelName"]: _channel_entry(item, job) for item in job.get("InputDataConfig", [])}
        _write_config(job, channels, ml / "input" / "config")
        values = scriptmode.decode(job.get("HyperParameters", {}))
        environ = {
            **scriptmode.environ(values, channels, _RESOURCES),
            **job.get("Environment", {}),
            "TRAINING_JOB_NAME": job["TrainingJobName"],
            "TRAINING_JOB_ARN": job["TrainingJobArn"],
        }
        if argv := _own_entrypoint(job, image):
            return Command(argv, environ, image.workdir or OPT_ML)
        try:
            transfer.extract(ctx.account, str(values[scriptmode.SUBMIT_DIRECTORY]), ml / "code")
        except StorageError as error:
            raise JobError(f"HyperParameters.{scriptmode.SUBMIT_DIRECTORY}: {error}") from error
        environ["PYTHONPATH"] = ":".join(filter(None, [CODE, environ.get("PYTHONPATH")]))
        argv = ["python3", str(values[scriptmode.PROGRAM]), *scriptmode.arguments(values)]
        return Command(argv, environ, CODE)

    def observe(self, line: str) -> None:
        self._metrics.observe(line)

    def finish(self, ctx: Context, job: Document, ml: Path, outcome: Outcome) -> Document:
        target = _output(job)
        fields: Document = {"FinalMetricDataList": self._metrics.final()}
        keeps_model = outcome.succeeded or outcome.cause != "exit"  # SageMaker saves what a stopped job has
        try:
            if any((ml / "output" / "data").iterdir()):
                transfer.upload_archive(ctx.account, ml / "output" / "data", target.child("output.tar.gz"))
            if keeps_model:
                _store_model(ctx, job, ml / "model")
            if checkpoint := job.get("CheckpointConfig"):
                transfer.upload(ctx.account, ml / "checkpoints", checkpoint["S3Uri"])
        except StorageError as error:
            raise JobError(f"OutputDataConfig.S3OutputPath: Data upload failed: {error}") from error
        return fields

    def message(self, ml: Path) -> str:
        return read_text(ml / "output" / "failure")


def check(params: Document) -> None:
    """Refuse what this mirror would otherwise ignore.

    Raises:
        ServiceError: ``ValidationException`` naming the field.
    """
    specification = params["AlgorithmSpecification"]
    if "TrainingImage" not in specification:
        raise _invalid("AlgorithmSpecification.TrainingImage: required here; AlgorithmName is not supported")
    if specification["TrainingInputMode"] == "Pipe":
        raise _invalid("AlgorithmSpecification.TrainingInputMode: Pipe is not supported here; use File")
    for index, channel in enumerate(params.get("InputDataConfig", [])):
        where = f"InputDataConfig[{index}]"
        if "S3DataSource" not in channel["DataSource"]:
            raise _invalid(f"{where}.DataSource: only S3DataSource is supported here")
        if channel.get("InputMode") == "Pipe":
            raise _invalid(f"{where}.InputMode: Pipe is not supported here; use File")
        if channel.get("CompressionType", "None") != "None":
            raise _invalid(f"{where}.CompressionType: only None is supported here")
        if channel.get("RecordWrapperType", "None") != "None":
            raise _invalid(f"{where}.RecordWrapperType: only None is supported here")
    checkpoint = params.get("CheckpointConfig", {})
    if checkpoint.get("LocalPath", f"{OPT_ML}/checkpoints").rstrip("/") != f"{OPT_ML}/checkpoints":
        raise _invalid(f"CheckpointConfig.LocalPath: only {OPT_ML}/checkpoints is supported here")
    Metrics(specification.get("MetricDefinitions", []))
    try:
        Location.parse(params["OutputDataConfig"]["S3OutputPath"])
    except StorageError as error:
        raise _invalid(f"OutputDataConfig.S3OutputPath: {error}") from error


def _own_entrypoint(job: Document, image: Image) -> list[str]:
    """The command of the request or the image; empty when the job runs a script of its own.

    Raises:
        JobError: there is neither.
    """
    specification = job["AlgorithmSpecification"]
    if entrypoint := specification.get("ContainerEntrypoint"):
        return [*entrypoint, *specification.get("ContainerArguments", [])]
    hyperparameters = job.get("HyperParameters", {})
    if scriptmode.PROGRAM in hyperparameters and scriptmode.SUBMIT_DIRECTORY in hyperparameters:
        return []
    if image.kind == "built":
        return [*image.entrypoint, *(specification.get("ContainerArguments") or ["train"])]
    raise JobError(
        f"HyperParameters: {specification['TrainingImage']} has no built-in algorithm here; set "
        f"{scriptmode.PROGRAM} and {scriptmode.SUBMIT_DIRECTORY} (script mode)"
    )


def _fetch(ctx: Context, channel: Document, destination: Path) -> None:
    source = channel["DataSource"]["S3DataSource"]
    destination.mkdir(parents=True, exist_ok=True)
    manifest = source["S3DataType"] == "ManifestFile"
    try:
        (transfer.download_manifest if manifest else transfer.download)(
            ctx.account, source["S3Uri"], destination
        )
    except StorageError as error:
        raise JobError(f"Data download failed for channel {channel['ChannelName']!r}: {error}") from error


def _restore(ctx: Context, uri: str, destination: Path) -> None:
    location = Location.parse(uri)
    prefix = Location(location.bucket, location.key.rstrip("/") + "/")
    try:
        transfer.download_if_any(ctx.account, prefix.uri, destination)
    except StorageError as error:
        raise JobError(f"CheckpointConfig.S3Uri: {error}") from error


def model_location(job: Document) -> str:
    """Where the model of a job will be, as DescribeTrainingJob shows it from the start."""
    if job["OutputDataConfig"].get("CompressionType") == "NONE":
        return _output(job).child("model").uri + "/"
    return _output(job).child("model.tar.gz").uri


def _store_model(ctx: Context, job: Document, model: Path) -> None:
    uri = model_location(job)
    if uri.endswith("/"):
        transfer.upload(ctx.account, model, uri)
    else:
        transfer.upload_archive(ctx.account, model, Location.parse(uri))


def _output(job: Document) -> Location:
    return (
        Location.parse(job["OutputDataConfig"]["S3OutputPath"]).child(job["TrainingJobName"]).child("output")
    )


def _channel_entry(channel: Document, job: Document) -> Document:
    return {
        "TrainingInputMode": channel.get("InputMode") or job["AlgorithmSpecification"]["TrainingInputMode"],
        "S3DistributionType": channel["DataSource"]["S3DataSource"].get(
            "S3DataDistributionType", "FullyReplicated"
        ),
        "RecordWrapperType": channel.get("RecordWrapperType", "None"),
        **({"ContentType": channel["ContentType"]} if "ContentType" in channel else {}),
    }


def _write_config(job: Document, channels: Document, config: Path) -> None:
    config.mkdir(parents=True, exist_ok=True)
    files = {
        "hyperparameters": job.get("HyperParameters", {}),
        "inputdataconfig": channels,
        "resourceconfig": {
            **_RESOURCES,
            "current_instance_type": job.get("ResourceConfig", {}).get("InstanceType"),
        },
    }
    for name, content in files.items():
        (config / f"{name}.json").write_text(json.dumps(content))


def _invalid(message: str) -> ServiceError:
    return ServiceError("ValidationException", message)
