"""Stacks that are neither as they were nor as they should be: brought back, or finished."""

from __future__ import annotations

import logging
import threading

from mirror.api import Context, Document, ServiceError, operation
from mirror.aws import Aws
from mirror.cloudformation.desired import Desired, desired
from mirror.cloudformation.engine import Engine
from mirror.cloudformation.store import Store, in_progress

log = logging.getLogger(__name__)

_HALF_CREATED = {"CREATE_FAILED"}


@operation("cloudformation", "RollbackStack")
def rollback_stack(ctx: Context, params: Document) -> Document:
    """Take back an operation that failed with rollback disabled."""
    return {"StackId": _roll_back(ctx, params, {"CREATE_FAILED", "UPDATE_FAILED"})}


@operation("cloudformation", "ContinueUpdateRollback")
def continue_update_rollback(ctx: Context, params: Document) -> Document:
    """Try a rollback again that failed."""
    _roll_back(ctx, params, {"UPDATE_ROLLBACK_FAILED"})
    return {}


def _roll_back(ctx: Context, params: Document, allowed: set[str]) -> str:
    aws, store = Aws(ctx), Store(ctx)
    stack = store.stack(params["StackName"])
    status = stack["StackStatus"]
    if status not in allowed:
        raise ServiceError(
            "ValidationError", f"Stack [{stack['StackName']}] is in {status}: nothing to roll back"
        )
    before = None if status in _HALF_CREATED else _before(aws, store, stack)
    Engine(aws, store, stack, params.get("ClientRequestToken", "")).start_roll_back(before)
    return str(stack["StackId"])


def _before(aws: Aws, store: Store, stack: Document) -> Desired:
    """The template, parameters and tags of the last operation that succeeded."""
    given = [{"ParameterKey": name, "ParameterValue": value} for name, value in stack["given"].items()]
    asked = {"Parameters": given, "Tags": stack["Tags"]}
    return desired(aws, store, stack, stack["template"], asked, returning=True)


def recover(ctx: Context) -> None:
    """Deal with the operations that a stopped mirror left in progress, in the background.

    A creation or an update is rolled back, a deletion is carried on, a clean-up is done again.
    """
    store = Store(ctx)
    for stack in store.live_stacks():
        if in_progress(stack):
            log.warning("stack %s was %s when the mirror stopped", stack["StackName"], stack["StackStatus"])
            threading.Thread(target=_finish, args=(Aws(ctx), store, stack), daemon=True).start()


def _finish(aws: Aws, store: Store, stack: Document) -> None:
    engine = Engine(aws, store, stack)
    status = stack["StackStatus"]
    try:
        if status == "DELETE_IN_PROGRESS":
            engine.delete()
        elif status in ("CREATE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS"):
            engine.roll_back(None)
        elif status == "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS":
            engine.update(_before(aws, store, stack))
        else:
            engine.roll_back(_before(aws, store, stack))
    except ServiceError as error:
        store.set_status(stack, "UPDATE_ROLLBACK_FAILED", error.message)
