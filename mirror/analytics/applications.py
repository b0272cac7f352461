"""The document of an application: made from requests, changed by updates, shown to callers.

A document keeps the configuration in the form of CreateApplication, so that an update is a merge;
the service's description of it is derived when it is asked for.
"""

from __future__ import annotations

from typing import Any

from mirror.api import Context, Document, ServiceError
from mirror.documents import Collection, utcnow

_REFUSED = {
    "SqlApplicationConfiguration": "SQL applications are gone from AWS",
    "ZeppelinApplicationConfiguration": "notebooks",
    "VpcConfigurations": "networks: a local Flink has none",
}
_DEFAULTS: dict[str, Document] = {
    "CheckpointConfiguration": {
        "CheckpointingEnabled": True,
        "CheckpointInterval": 60_000,
        "MinPauseBetweenCheckpoints": 5_000,
    },
    "MonitoringConfiguration": {"MetricsLevel": "APPLICATION", "LogLevel": "INFO"},
    "ParallelismConfiguration": {"Parallelism": 1, "ParallelismPerKPU": 1, "AutoScalingEnabled": True},
}


def collection(ctx: Context) -> Collection:
    return ctx.cloud.documents.collection("flink-application")


def get(ctx: Context, name: str) -> Document:
    """An application's document.

    Raises:
        ServiceError: ``ResourceNotFoundException``.
    """
    found = collection(ctx).get(ctx.region, name)
    if found is None:
        raise missing(ctx, name)
    return found


def missing(ctx: Context, name: str) -> ServiceError:
    arn = ctx.arn("kinesisanalytics", f"application/{name}")
    return ServiceError("ResourceNotFoundException", f"Application {arn} not found")


def create(ctx: Context, params: Document) -> Document:
    """The document of a new application.

    Raises:
        ServiceError: the mirror cannot run such an application.
    """
    name, runtime = params["ApplicationName"], params["RuntimeEnvironment"]
    if not runtime.startswith("FLINK-") or params.get("ApplicationMode", "STREAMING") != "STREAMING":
        raise ServiceError(
            "UnsupportedOperationException",
            f"RuntimeEnvironment {runtime}: the mirror runs FLINK-* applications",
        )
    now = utcnow()
    document = {
        "ApplicationARN": ctx.arn("kinesisanalytics", f"application/{name}"),
        "ApplicationDescription": params.get("ApplicationDescription", ""),
        "ApplicationName": name,
        "RuntimeEnvironment": runtime,
        "ServiceExecutionRole": params["ServiceExecutionRole"],
        "ApplicationStatus": "READY",
        "ApplicationVersionId": 1,
        "CreateTimestamp": now,
        "LastUpdateTimestamp": now,
        "Configuration": _checked(params.get("ApplicationConfiguration", {})),
        "RunConfiguration": {},
        "LoggingOptions": [],
        "NextId": 1,
    }
    for option in params.get("CloudWatchLoggingOptions", []):
        add_logging_option(document, option)
    return document


def update(document: Document, params: Document) -> None:
    """Apply an UpdateApplication request: members are called as in CreateApplication, plus ``Update``."""
    changes = _renamed(params.get("ApplicationConfigurationUpdate", {}))
    if "EnvironmentPropertys" in changes:
        changes["EnvironmentProperties"] = changes.pop("EnvironmentPropertys")
    document["Configuration"] = _checked(_merged(document["Configuration"], changes))
    for name in ("ServiceExecutionRole", "RuntimeEnvironment"):
        document[name] = params.get(f"{name}Update", document[name])
    if "RunConfigurationUpdate" in params:
        document["RunConfiguration"] = params["RunConfigurationUpdate"]
    for change in params.get("CloudWatchLoggingOptionUpdates", []):
        for option in document["LoggingOptions"]:
            if option["CloudWatchLoggingOptionId"] == change["CloudWatchLoggingOptionId"]:
                option["LogStreamARN"] = change.get("LogStreamARNUpdate", option["LogStreamARN"])
    new_version(document)


def new_version(document: Document) -> None:
    document["ApplicationVersionId"] += 1
    document["LastUpdateTimestamp"] = utcnow()


def add_logging_option(document: Document, option: Document) -> None:
    """Send the application's output to one more log stream."""
    identifier = f"{document['ApplicationVersionId']}.{document['NextId']}"
    document["NextId"] += 1
    document["LoggingOptions"].append({**option, "CloudWatchLoggingOptionId": identifier})


def settings(document: Document, part: str) -> Document:
    """One of the Flink configuration's parts with the service's defaults where it has none."""
    given = document["Configuration"].get("FlinkApplicationConfiguration", {}).get(part, {})
    kind = given.get("ConfigurationType", "DEFAULT")
    own = given if kind == "CUSTOM" else {}
    return {"ConfigurationType": kind, **_DEFAULTS[part], **own}


def property_groups(document: Document) -> dict[str, dict[str, str]]:
    """The runtime properties: maps by the name of their group."""
    groups = document["Configuration"].get("EnvironmentProperties", {}).get("PropertyGroups", [])
    return {group["PropertyGroupId"]: group["PropertyMap"] for group in groups}


def shown(document: Document) -> Document:
    """The document as ``ApplicationDetail``."""
    own = ("Configuration", "RunConfiguration", "LoggingOptions", "NextId", "Code", "Restore")
    detail = {key: value for key, value in document.items() if key not in own}
    parallelism = settings(document, "ParallelismConfiguration")
    described: Document = {
        "FlinkApplicationConfigurationDescription": {
            "CheckpointConfigurationDescription": settings(document, "CheckpointConfiguration"),
            "MonitoringConfigurationDescription": settings(document, "MonitoringConfiguration"),
            "ParallelismConfigurationDescription": {
                **parallelism,
                "CurrentParallelism": parallelism["Parallelism"],
            },
        },
        "ApplicationSnapshotConfigurationDescription": {"SnapshotsEnabled": snapshots(document)},
    }
    configuration = document["Configuration"]
    for name in ("ApplicationSystemRollbackConfiguration", "ApplicationEncryptionConfiguration"):
        if name in configuration:
            described[f"{name}Description"] = configuration[name]
    if "EnvironmentProperties" in configuration:
        groups = configuration["EnvironmentProperties"]["PropertyGroups"]
        described["EnvironmentPropertyDescriptions"] = {"PropertyGroupDescriptions": groups}
    if document.get("Code"):
        described["ApplicationCodeConfigurationDescription"] = _code(document)
    if document["RunConfiguration"]:
        run = document["RunConfiguration"]
        described["RunConfigurationDescription"] = {
            f"{name}Description": run[name]
            for name in ("ApplicationRestoreConfiguration", "FlinkRunConfiguration")
            if name in run
        }
    detail["ApplicationConfigurationDescription"] = described
    if document["LoggingOptions"]:
        detail["CloudWatchLoggingOptionDescriptions"] = document["LoggingOptions"]
    detail["ApplicationMode"] = "STREAMING"
    return detail


def snapshots(document: Document) -> bool:
    """Whether a stop takes a snapshot that the next start continues from."""
    chosen = document["Configuration"].get("ApplicationSnapshotConfiguration", {})
    return bool(chosen.get("SnapshotsEnabled", True))


def _code(document: Document) -> Document:
    code = document["Configuration"]["ApplicationCodeConfiguration"]
    described: Document = {"CodeMD5": document["Code"]["MD5"], "CodeSize": document["Code"]["Size"]}
    if "S3ContentLocation" in code["CodeContent"]:
        described["S3ApplicationCodeLocationDescription"] = code["CodeContent"]["S3ContentLocation"]
    return {"CodeContentType": code["CodeContentType"], "CodeContentDescription": described}


def _checked(configuration: Document) -> Document:
    for name, what in _REFUSED.items():
        if configuration.get(name):
            raise ServiceError("UnsupportedOperationException", f"{name}: the mirror does not run {what}")
    code = configuration.get("ApplicationCodeConfiguration")
    if code is None:
        raise ServiceError(
            "InvalidArgumentException", "ApplicationCodeConfiguration: Flink applications need code"
        )
    if code.get("CodeContentType") != "ZIPFILE":
        raise ServiceError("InvalidArgumentException", "CodeContentType: Flink applications are a ZIPFILE")
    return configuration


def _renamed(value: Any) -> Any:
    if isinstance(value, dict):
        # EnvironmentPropertyUpdates holds all property groups: it is the one plural.
        return {
            key.replace("Updates", "s").removesuffix("Update") if key != "PropertyMap" else key: (
                item if key == "PropertyMap" else _renamed(item)
            )
            for key, item in value.items()
        }
    return [_renamed(item) for item in value] if isinstance(value, list) else value


def _merged(old: Any, new: Any) -> Any:
    """`new` over `old`; a location in S3 and inline code exclude each other."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return new
    if {"ZipFileContent", "S3ContentLocation"} & new.keys() and "S3ContentLocation" not in new:
        return new
    kept = {
        key: value for key, value in old.items() if key != "ZipFileContent" or "S3ContentLocation" not in new
    }
    return kept | {key: _merged(kept.get(key), value) for key, value in new.items()}
