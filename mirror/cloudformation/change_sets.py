"""Change sets: what an update would do, shown before it is done."""

from __future__ import annotations

from uuid import uuid4

from mirror.api import Context, Document, ServiceError, operation
from mirror.aws import Aws
from mirror.cloudformation.checks import check_idle, check_name, check_updatable, unchanged
from mirror.cloudformation.desired import desired
from mirror.cloudformation.engine import Engine
from mirror.cloudformation.plan import plan
from mirror.cloudformation.store import Store, new_stack
from mirror.cloudformation.templates import body_of
from mirror.documents import utcnow

NO_CHANGES = (
    "The submitted information didn't contain changes. Submit different information to create a change set."
)
_UNSUPPORTED = ("ResourcesToImport", "DeploymentMode", "ResourceTypes")


@operation(
    "cloudformation",
    "CreateChangeSet",
    coverage="partial",
    note="imports nothing: a resource that exists already fails the execution",
)
def create_change_set(ctx: Context, params: Document) -> Document:
    aws, store = Aws(ctx), Store(ctx)
    refused = [name for name in _UNSUPPORTED if params.get(name)]
    kind = params.get("ChangeSetType", "UPDATE")
    if refused or kind == "IMPORT":
        raise ServiceError(
            "ValidationError", f"CreateChangeSet: the mirror does not import resources ({refused or kind})"
        )
    stack = _stack(ctx, store, kind, params)
    wanted = desired(aws, store, stack, body_of(aws, params, stack["template"]), params)
    changes = plan(wanted, store.resources(stack["StackId"]))
    nothing = kind == "UPDATE" and unchanged(stack, wanted)
    name = params["ChangeSetName"]
    change_set = {
        "ChangeSetName": name,
        "ChangeSetId": ctx.arn("cloudformation", f"changeSet/{name}/{uuid4()}"),
        "StackId": stack["StackId"],
        "StackName": stack["StackName"],
        "Description": params.get("Description", ""),
        "Parameters": wanted.shown_parameters,
        "Tags": wanted.tags,
        "CreationTime": utcnow(),
        "ExecutionStatus": "UNAVAILABLE" if nothing else "AVAILABLE",
        "Status": "FAILED" if nothing else "CREATE_COMPLETE",
        "StatusReason": NO_CHANGES if nothing else "",
        "Changes": changes,
        "Capabilities": params.get("Capabilities", []),
        "OnStackFailure": params.get("OnStackFailure", ""),
        "type": kind,
        "template": wanted.body,
        "given": wanted.parameters.given,
    }
    if kind == "CREATE" and store.find(stack["StackId"]) is None:
        store.begin(stack, "REVIEW_IN_PROGRESS", params.get("ClientToken", ""))
    store.put_change_set(change_set)
    return {"Id": change_set["ChangeSetId"], "StackId": stack["StackId"]}


def _stack(ctx: Context, store: Store, kind: str, params: Document) -> Document:
    name = params["StackName"]
    if kind == "UPDATE":
        stack = store.stack(name)
        check_idle(stack)
        check_updatable(stack)
        return stack
    found = store.find(name)
    if found is None:
        check_name(name)
        return new_stack(ctx, name, "REVIEW_IN_PROGRESS", Capabilities=params.get("Capabilities", []))
    if found["StackStatus"] != "REVIEW_IN_PROGRESS":
        raise ServiceError(
            "ValidationError",
            f"Stack [{name}] already exists and cannot be created again with the changeSet.",
        )
    return found


@operation("cloudformation", "DescribeChangeSet")
def describe_change_set(ctx: Context, params: Document) -> Document:
    return Store(ctx).change_set(params["ChangeSetName"], params.get("StackName"))


@operation("cloudformation", "ListChangeSets")
def list_change_sets(ctx: Context, params: Document) -> Document:
    store = Store(ctx)
    return {"Summaries": store.change_sets(store.stack(params["StackName"])["StackId"])}


@operation("cloudformation", "DeleteChangeSet")
def delete_change_set(ctx: Context, params: Document) -> Document:
    store = Store(ctx)
    try:
        store.drop_change_set(store.change_set(params["ChangeSetName"], params.get("StackName")))
    except ServiceError as error:
        if error.code != "ChangeSetNotFound":
            raise
    return {}


@operation("cloudformation", "ExecuteChangeSet")
def execute_change_set(ctx: Context, params: Document) -> Document:
    aws, store = Aws(ctx), Store(ctx)
    change_set = store.change_set(params["ChangeSetName"], params.get("StackName"))
    if change_set["ExecutionStatus"] != "AVAILABLE":
        raise ServiceError(
            "InvalidChangeSetStatus",
            f"ChangeSet [{change_set['ChangeSetId']}] cannot be executed in its current status of "
            f"[{change_set['Status']}]",
        )
    stack = store.stack(change_set["StackId"])
    check_idle(stack)
    asked = {
        "Parameters": [{"ParameterKey": k, "ParameterValue": v} for k, v in change_set["given"].items()],
        "Tags": change_set["Tags"],
    }
    wanted = desired(aws, store, stack, change_set["template"], asked)

    def begun() -> None:
        store.drop_change_sets(stack["StackId"])
        store.put_change_set(change_set | {"ExecutionStatus": "EXECUTE_COMPLETE"})

    engine = Engine(aws, store, stack, params.get("ClientRequestToken", ""), begun)
    if change_set["type"] == "CREATE":
        keep = params.get("DisableRollback")
        engine.start_create(wanted, "DO_NOTHING" if keep else change_set["OnStackFailure"] or "ROLLBACK")
    else:
        engine.start_update(wanted, bool(params.get("DisableRollback")))
    return {}
