"""The CloudFormation API on stacks: requests are validated here and carried out in the background."""

from __future__ import annotations

from mirror.api import Context, Document, ServiceError, operation
from mirror.aws import Aws
from mirror.cloudformation.checks import check_idle, check_name, check_updatable, unchanged
from mirror.cloudformation.desired import desired
from mirror.cloudformation.engine import Engine
from mirror.cloudformation.plan import plan
from mirror.cloudformation.store import Store, exists, new_stack
from mirror.cloudformation.templates import body_of


@operation("cloudformation", "CreateStack")
def create_stack(ctx: Context, params: Document) -> Document:
    aws, store = Aws(ctx), Store(ctx)
    check_name(params["StackName"])
    if found := store.find(params["StackName"]):
        raise exists(found)
    stack = new_stack(
        ctx,
        params["StackName"],
        "CREATE_IN_PROGRESS",
        Tags=params.get("Tags", []),
        Capabilities=params.get("Capabilities", []),
        RoleARN=params.get("RoleARN", ""),
        DisableRollback=bool(params.get("DisableRollback")),
        EnableTerminationProtection=bool(params.get("EnableTerminationProtection")),
    )
    wanted = desired(aws, store, stack, body_of(aws, params), params)
    on_failure = "DO_NOTHING" if params.get("DisableRollback") else params.get("OnFailure", "ROLLBACK")
    Engine(aws, store, stack, params.get("ClientRequestToken", "")).start_create(wanted, on_failure)
    return {"StackId": stack["StackId"]}


@operation("cloudformation", "UpdateStack")
def update_stack(ctx: Context, params: Document) -> Document:
    aws, store = Aws(ctx), Store(ctx)
    stack = store.stack(params["StackName"])
    check_updatable(stack)
    wanted = desired(aws, store, stack, body_of(aws, params, stack["template"]), params)
    if unchanged(stack, wanted):
        raise ServiceError("ValidationError", "No updates are to be performed.")
    plan(wanted, store.resources(stack["StackId"]))  # a refused change is refused before any is made
    engine = Engine(aws, store, stack, params.get("ClientRequestToken", ""))
    engine.start_update(wanted, bool(params.get("DisableRollback")))
    return {"StackId": stack["StackId"]}


@operation("cloudformation", "DeleteStack")
def delete_stack(ctx: Context, params: Document) -> Document:
    aws, store = Aws(ctx), Store(ctx)
    stack = store.find(params["StackName"])
    if stack is None or stack["StackStatus"] == "DELETE_COMPLETE":
        return {}
    if stack["EnableTerminationProtection"]:
        raise ServiceError(
            "ValidationError",
            f"Stack [{stack['StackName']}] cannot be deleted while TerminationProtection is enabled",
        )
    check_idle(stack)
    engine = Engine(aws, store, stack, params.get("ClientRequestToken", ""))
    engine.start_delete(params.get("RetainResources"))
    return {}


@operation("cloudformation", "UpdateTerminationProtection")
def update_termination_protection(ctx: Context, params: Document) -> Document:
    store = Store(ctx)
    stack = store.stack(params["StackName"])
    stack["EnableTerminationProtection"] = bool(params["EnableTerminationProtection"])
    store.put_stack(stack)
    return {"StackId": stack["StackId"]}
