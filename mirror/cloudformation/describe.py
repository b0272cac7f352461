"""The CloudFormation API's reads: stacks, resources, events, exports, templates."""

from __future__ import annotations

import json

from mirror.api import Context, Document, ServiceError, operation
from mirror.aws import Aws
from mirror.cloudformation.store import Store
from mirror.cloudformation.templates import body_of, parse

_PRIVATE = {"template", "given", "imports"}


@operation("cloudformation", "DescribeStacks")
def describe_stacks(ctx: Context, params: Document) -> Document:
    store = Store(ctx)
    name = params.get("StackName")
    return {"Stacks": [_shown(stack) for stack in ([store.stack(name)] if name else store.live_stacks())]}


@operation("cloudformation", "ListStacks")
def list_stacks(ctx: Context, params: Document) -> Document:
    wanted = params.get("StackStatusFilter")
    stacks = [s for s in Store(ctx).stacks() if not wanted or s["StackStatus"] in wanted]
    return {"StackSummaries": [_shown(stack) for stack in stacks]}


@operation("cloudformation", "DescribeStackEvents")
def describe_stack_events(ctx: Context, params: Document) -> Document:
    store = Store(ctx)
    return {"StackEvents": store.events(store.stack(params["StackName"])["StackId"])}


@operation("cloudformation", "DescribeStackResources")
def describe_stack_resources(ctx: Context, params: Document) -> Document:
    stack, rows = _rows(ctx, params)
    logical_id = params.get("LogicalResourceId")
    wanted = [row for row in rows if logical_id in (None, row["LogicalResourceId"])]
    return {"StackResources": [_resource(stack, row) | {"Timestamp": row["Timestamp"]} for row in wanted]}


@operation("cloudformation", "DescribeStackResource")
def describe_stack_resource(ctx: Context, params: Document) -> Document:
    stack, rows = _rows(ctx, params)
    logical_id = params["LogicalResourceId"]
    for row in rows:
        if row["LogicalResourceId"] == logical_id:
            return {"StackResourceDetail": _resource(stack, row) | {"LastUpdatedTimestamp": row["Timestamp"]}}
    raise ServiceError(
        "ValidationError", f"Resource {logical_id} does not exist for stack {params['StackName']}"
    )


@operation("cloudformation", "ListStackResources")
def list_stack_resources(ctx: Context, params: Document) -> Document:
    stack, rows = _rows(ctx, params)
    summaries = [_resource(stack, row) | {"LastUpdatedTimestamp": row["Timestamp"]} for row in rows]
    return {"StackResourceSummaries": summaries}


@operation("cloudformation", "ListExports")
def list_exports(ctx: Context, params: Document) -> Document:  # noqa: ARG001
    return {"Exports": list(Store(ctx).exports())}


@operation("cloudformation", "ListImports")
def list_imports(ctx: Context, params: Document) -> Document:
    importers = Store(ctx).importers(params["ExportName"])
    if not importers:
        raise ServiceError(
            "ValidationError", f"Export '{params['ExportName']}' is not imported by any stack."
        )
    return {"Imports": importers}


@operation("cloudformation", "GetTemplate")
def get_template(ctx: Context, params: Document) -> Document:
    store = Store(ctx)
    if params.get("ChangeSetName"):
        body = store.change_set(params["ChangeSetName"], params.get("StackName"))["template"]
    else:
        body = store.stack(params["StackName"])["template"]
    return {"TemplateBody": body or "{}", "StagesAvailable": ["Original", "Processed"]}


@operation("cloudformation", "GetTemplateSummary")
def get_template_summary(ctx: Context, params: Document) -> Document:
    name = params.get("StackName")
    return _summary(parse(Store(ctx).stack(name)["template"] if name else body_of(Aws(ctx), params)))


@operation(
    "cloudformation", "ValidateTemplate", coverage="partial", note="checks the form, not the resources"
)
def validate_template(ctx: Context, params: Document) -> Document:
    summary = _summary(parse(body_of(Aws(ctx), params)))
    parameters = [{"ParameterKey": item["ParameterKey"]} for item in summary["Parameters"]]
    return {"Parameters": parameters, "Description": summary["Description"]}


def _summary(document: Document) -> Document:
    resources = document["Resources"].values()
    return {
        "Parameters": [
            {"ParameterKey": name, "ParameterType": declaration.get("Type", "String")}
            | ({"DefaultValue": str(declaration["Default"])} if "Default" in declaration else {})
            for name, declaration in (document.get("Parameters") or {}).items()
        ],
        "Description": document.get("Description", ""),
        "ResourceTypes": sorted({item["Type"] for item in resources}),
        "Metadata": json.dumps(document.get("Metadata") or {}),
    }


def _rows(ctx: Context, params: Document) -> tuple[Document, list[Document]]:
    store = Store(ctx)
    stack = store.stack(params["StackName"])
    return stack, store.resources(stack["StackId"])


def _shown(stack: Document) -> Document:
    return {key: value for key, value in stack.items() if key not in _PRIVATE}


def _resource(stack: Document, row: Document) -> Document:
    shown = {"StackId": stack["StackId"], "StackName": stack["StackName"]}
    names = (
        "LogicalResourceId",
        "PhysicalResourceId",
        "ResourceType",
        "ResourceStatus",
        "ResourceStatusReason",
    )
    return shown | {name: row[name] for name in names if row.get(name)}
