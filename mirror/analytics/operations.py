"""The API of Managed Service for Apache Flink: applications and their life."""

from __future__ import annotations

import shutil
from datetime import timedelta
from typing import Any

from mirror import tags
from mirror.analytics import applications, code, history
from mirror.analytics.applications import collection, get, shown
from mirror.analytics.runs import folder
from mirror.analytics.service import runs
from mirror.api import Context, Document, ServiceError, operation
from mirror.listing import page
from mirror.timestamps import moment

SERVICE = "kinesisanalyticsv2"
_SECOND = timedelta(seconds=1)  # callers may know the time of creation to the second only
_LOCAL = "runs the zip's Python file on a local Flink; no autoscaling, networks or system rollback"


@operation(SERVICE, "CreateApplication", coverage="partial", note="Flink applications in a zip file only")
def create_application(ctx: Context, params: Document) -> Document:
    """Make an application, which is READY: it runs when it is started."""
    name = params["ApplicationName"]
    if collection(ctx).get(ctx.region, name) is not None:
        raise ServiceError("ResourceInUseException", f"Application already exists with name {name}")
    document = applications.create(ctx, params)
    document["Code"] = code.load(ctx, document["Configuration"])
    collection(ctx).put(ctx.region, name, document)
    if params.get("Tags"):
        tags.put(ctx.cloud, document["ApplicationARN"], [{"Value": "", **tag} for tag in params["Tags"]])
    return {"ApplicationDetail": shown(document)}


@operation(SERVICE, "DescribeApplication")
def describe_application(ctx: Context, params: Document) -> Document:
    """The application as it now is."""
    return {"ApplicationDetail": shown(get(ctx, params["ApplicationName"]))}


@operation(SERVICE, "ListApplications")
def list_applications(ctx: Context, params: Document) -> Document:
    """Summaries of all applications, by name."""
    members = (
        "ApplicationName",
        "ApplicationARN",
        "ApplicationStatus",
        "ApplicationVersionId",
        "RuntimeEnvironment",
    )
    found = [
        {**{name: document[name] for name in members}, "ApplicationMode": "STREAMING"}
        for document in collection(ctx).values(ctx.region)
    ]
    return page(found, {**params, "MaxResults": params.get("Limit", 50)}, "ApplicationSummaries")


@operation(SERVICE, "UpdateApplication", coverage="partial", note=_LOCAL)
def update_application(ctx: Context, params: Document) -> Document:
    """Change an application; one that runs is started again from a snapshot of its state."""
    name = params["ApplicationName"]
    document = get(ctx, name)
    _check_version(document, params)
    if document["ApplicationStatus"] not in ("READY", "RUNNING"):
        raise _busy(document)
    before = document["ApplicationVersionId"]
    applications.update(document, params)
    document["Code"] = code.load(ctx, document["Configuration"], document["Code"])
    was_running = document["ApplicationStatus"] == "RUNNING"
    document["ApplicationStatus"] = "UPDATING" if was_running else "READY"
    document["ApplicationVersionUpdatedFrom"] = before
    collection(ctx).put(ctx.region, name, document)
    operation_id = history.begin(ctx, document, "UpdateApplication")
    if was_running:
        runs(ctx.cloud).stop(
            ctx, name, force=False, then=lambda: runs(ctx.cloud).start(ctx, name, operation_id)
        )
    else:
        history.finish(ctx, name, operation_id)
    return {"ApplicationDetail": shown(document), "OperationId": operation_id}


@operation(SERVICE, "StartApplication", coverage="partial", note=_LOCAL)
def start_application(ctx: Context, params: Document) -> Document:
    """Start an application that is READY. Its operation tells whether it came to run."""
    name = params["ApplicationName"]
    document = get(ctx, name)
    if document["ApplicationStatus"] != "READY":
        raise _busy(document)
    run = params.get("RunConfiguration", {})
    restore = run.get("ApplicationRestoreConfiguration", {}).get("ApplicationRestoreType")
    if restore == "RESTORE_FROM_CUSTOM_SNAPSHOT":
        raise ServiceError(
            "UnsupportedOperationException",
            "ApplicationRestoreType: the mirror keeps the latest snapshot only",
        )
    _change(ctx, name, ApplicationStatus="STARTING", RunConfiguration=run)
    operation_id = history.begin(ctx, document, "StartApplication")
    runs(ctx.cloud).start(ctx, name, operation_id)
    return {"OperationId": operation_id}


@operation(SERVICE, "StopApplication", coverage="partial", note="one snapshot is kept, the latest")
def stop_application(ctx: Context, params: Document) -> Document:
    """Stop an application, with a snapshot of its state unless that is switched off or forced."""
    name, force = params["ApplicationName"], params.get("Force", False)
    document = get(ctx, name)
    stoppable = ("STARTING", "UPDATING", "STOPPING", "RUNNING") if force else ("RUNNING",)
    if document["ApplicationStatus"] not in stoppable:
        raise _busy(document)
    _change(ctx, name, ApplicationStatus="FORCE_STOPPING" if force else "STOPPING")
    operation_id = history.begin(ctx, document, "StopApplication")

    def stopped() -> None:
        history.finish(ctx, name, operation_id)
        _change(ctx, name, ApplicationStatus="READY")

    runs(ctx.cloud).stop(ctx, name, force=force, then=stopped)
    return {"OperationId": operation_id}


@operation(SERVICE, "DeleteApplication")
def delete_application(ctx: Context, params: Document) -> Document:
    """Stop an application, and forget it with its state."""
    name = params["ApplicationName"]
    document = get(ctx, name)
    if abs(moment(params["CreateTimestamp"]) - document["CreateTimestamp"]) >= _SECOND:
        raise ServiceError("InvalidArgumentException", "CreateTimestamp: it is not the application's")
    _change(ctx, name, ApplicationStatus="DELETING")

    def forget() -> None:
        shutil.rmtree(folder(ctx, name), ignore_errors=True)
        history.forget(ctx, name)
        tags.forget(ctx.cloud, document["ApplicationARN"])
        collection(ctx).delete(ctx.region, name)

    runs(ctx.cloud).stop(ctx, name, force=True, then=forget)
    return {}


@operation(SERVICE, "AddApplicationCloudWatchLoggingOption", note="heard from the next start on")
def add_logging_option(ctx: Context, params: Document) -> Document:
    """Send an application's output to a log stream."""

    def change(document: Document) -> None:
        _check_version(document, params)
        applications.new_version(document)
        applications.add_logging_option(document, params["CloudWatchLoggingOption"])

    return _logging_options(
        ctx, collection(ctx).update(ctx.region, params["ApplicationName"], change), params
    )


@operation(SERVICE, "DeleteApplicationCloudWatchLoggingOption", note="heard from the next start on")
def delete_logging_option(ctx: Context, params: Document) -> Document:
    """Send an application's output to one log stream less."""

    def change(document: Document) -> None:
        _check_version(document, params)
        wanted = params["CloudWatchLoggingOptionId"]
        kept = [each for each in document["LoggingOptions"] if each["CloudWatchLoggingOptionId"] != wanted]
        if len(kept) == len(document["LoggingOptions"]):
            raise ServiceError("InvalidArgumentException", f"CloudWatchLoggingOptionId: there is no {wanted}")
        document["LoggingOptions"] = kept
        applications.new_version(document)

    return _logging_options(
        ctx, collection(ctx).update(ctx.region, params["ApplicationName"], change), params
    )


@operation(SERVICE, "TagResource")
def tag_resource(ctx: Context, params: Document) -> Document:
    tags.put(ctx.cloud, _tagged(ctx, params), [{"Value": "", **tag} for tag in params["Tags"]])
    return {}


@operation(SERVICE, "UntagResource")
def untag_resource(ctx: Context, params: Document) -> Document:
    tags.remove(ctx.cloud, _tagged(ctx, params), params["TagKeys"])
    return {}


@operation(SERVICE, "ListTagsForResource")
def list_tags_for_resource(ctx: Context, params: Document) -> Document:
    return {"Tags": tags.get(ctx.cloud, _tagged(ctx, params))}


def _tagged(ctx: Context, params: Document) -> str:
    arn: str = params["ResourceARN"]
    get(ctx, arn.rpartition("application/")[2])
    return arn


def _logging_options(ctx: Context, document: Document | None, params: Document) -> Document:
    if document is None:
        raise applications.missing(ctx, params["ApplicationName"])
    return {
        "ApplicationARN": document["ApplicationARN"],
        "ApplicationVersionId": document["ApplicationVersionId"],
        "CloudWatchLoggingOptionDescriptions": document["LoggingOptions"],
    }


def _check_version(document: Document, params: Document) -> None:
    current = document["ApplicationVersionId"]
    if params.get("CurrentApplicationVersionId", current) != current:
        raise ServiceError(
            "ConcurrentModificationException", f"CurrentApplicationVersionId: the application's is {current}"
        )


def _change(ctx: Context, name: str, **members: Any) -> None:
    collection(ctx).update(ctx.region, name, lambda found: found.update(members))


def _busy(document: Document) -> ServiceError:
    name, status = document["ApplicationName"], document["ApplicationStatus"]
    return ServiceError(
        "ResourceInUseException", f"Application {name} is {status}; wait until that has changed"
    )
