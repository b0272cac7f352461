"""Stack operations: create, update and delete, each ending in a status, each undone when it fails."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from mirror.api import Document, ServiceError
from mirror.aws import Aws
from mirror.cloudformation.applier import Applier, StepError
from mirror.cloudformation.desired import Desired
from mirror.cloudformation.graph import creation_order, deletion_order
from mirror.cloudformation.store import GONE, Store
from mirror.documents import utcnow

log = logging.getLogger(__name__)

_PATIENCE_S = 15.0


@dataclass
class Engine:
    """Runs one operation on one stack. Every method returns when the stack has its final status.

    Args:
        begun: called by ``start_...`` once the stack is in progress, before any resource is touched.
    """

    aws: Aws
    store: Store
    stack: Document
    token: str = ""
    begun: Callable[[], None] | None = None

    def __post_init__(self) -> None:
        self.applier = Applier(self.aws, self.store, self.stack, self.token)

    def start_create(self, desired: Desired, on_failure: str) -> None:
        """Put the stack in progress and create it in the background."""
        self._start("CREATE_IN_PROGRESS", lambda: self.create(desired, on_failure))

    def start_update(self, desired: Desired, disable_rollback: bool) -> None:
        """Put the stack in progress and update it in the background."""
        self._start("UPDATE_IN_PROGRESS", lambda: self.update(desired, disable_rollback))

    def start_delete(self, retain: list[str] | None) -> None:
        """Put the stack in progress and delete it in the background."""
        self._start("DELETE_IN_PROGRESS", lambda: self.delete(retain))

    def start_roll_back(self, desired: Desired | None) -> None:
        """Bring the stack back in the background."""
        self._start(
            "UPDATE_ROLLBACK_IN_PROGRESS" if desired else "ROLLBACK_IN_PROGRESS",
            lambda: self.roll_back(desired),
        )

    def create(self, desired: Desired, on_failure: str = "ROLLBACK") -> None:
        """Create every resource; on failure keep (``DO_NOTHING``) or delete what was created."""
        try:
            self._build(desired)
        except (StepError, ServiceError) as error:
            if on_failure == "DO_NOTHING":
                self._status("CREATE_FAILED", _reason(error))
                return
            self._status("ROLLBACK_IN_PROGRESS", _reason(error))
            if not self._undo():
                self._status("ROLLBACK_FAILED", _reason(error))
            elif on_failure == "DELETE":
                self._status(GONE)
            else:
                self._status("ROLLBACK_COMPLETE", _reason(error))
        else:
            self._status("CREATE_COMPLETE")

    def update(self, desired: Desired, disable_rollback: bool = False) -> None:
        """Bring the stack to `desired`; on failure bring it back to where it was."""
        before = {key: self.stack[key] for key in _DESIRED_FIELDS}
        self.stack["LastUpdatedTime"] = utcnow()
        existing = self._existing()
        try:
            self._build(desired, existing)
        except (StepError, ServiceError) as error:
            if disable_rollback:
                self._status("UPDATE_FAILED", _reason(error))
                return
            self._status("UPDATE_ROLLBACK_IN_PROGRESS", _reason(error))
            self.stack |= before
            good = self._undo()
            touched = {done.after["LogicalResourceId"] for done in self.applier.journal}
            for name, row in existing.items():
                if name not in touched:  # its policies and dependencies may have changed
                    self.store.put_resource(self.stack, row)
            self._status("UPDATE_ROLLBACK_COMPLETE" if good else "UPDATE_ROLLBACK_FAILED", _reason(error))
            return
        self._status("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
        self._clean_up(desired, existing)
        self._status("UPDATE_COMPLETE")

    def roll_back(self, desired: Desired | None) -> None:
        """Bring a stack back that an operation left half way.

        Args:
            desired: what the stack was before the update; None when it was being created.
        """
        if desired is None:
            failed = self._delete_all([])
            self._status("ROLLBACK_FAILED" if failed else "ROLLBACK_COMPLETE", failed)
            return
        self.applier.undoing = True
        existing = self._existing()
        try:
            self._build(desired, existing)
        except (StepError, ServiceError) as error:
            self._status("UPDATE_ROLLBACK_FAILED", _reason(error))
            return
        self._clean_up(desired, existing)
        self._status("UPDATE_ROLLBACK_COMPLETE")

    def delete(self, retain: list[str] | None = None) -> None:
        """Delete every resource, the last created first, except those that are to be retained."""
        used = [
            f"Export {output['ExportName']} cannot be deleted as it is in use by {', '.join(users)}"
            for output in self.stack["Outputs"]
            if "ExportName" in output and (users := self.store.importers(output["ExportName"]))
        ]
        if used:
            self._status("DELETE_FAILED", "; ".join(used))
            return
        failed = self._delete_all(retain or [])
        if failed:
            self._status("DELETE_FAILED", failed)
            return
        self.stack["Outputs"], self.stack["imports"] = [], []
        self.store.drop_change_sets(self.stack["StackId"])
        self._status(GONE)

    def _delete_all(self, retain: list[str]) -> str:
        """Delete every resource, each before what it needs; returns what failed, as a reason."""
        failed = []
        for row in deletion_order(self.store.resources(self.stack["StackId"])):
            retained = row["LogicalResourceId"] in retain or row["deletion_policy"] != "Delete"
            try:
                self.applier.delete(row, policy="Retain" if retained else "Delete")
            except StepError as error:
                failed.append(error.logical_id)
        return f"The following resource(s) failed to delete: [{', '.join(failed)}]." if failed else ""

    def _existing(self) -> dict[str, Document]:
        """Resources that exist, by logical id; rows of such as were never created are dropped."""
        existing = {}
        for row in self.store.resources(self.stack["StackId"]):
            if row["PhysicalResourceId"]:
                existing[row["LogicalResourceId"]] = row
            else:
                self.store.drop_resource(self.stack, row)
        return existing

    def _build(self, desired: Desired, existing: dict[str, Document] | None = None) -> None:
        """Apply every resource in dependency order, then the outputs."""
        active = desired.active
        for logical_id in creation_order(desired.document):
            if logical_id in active:
                self.applier.apply(logical_id, desired, (existing or {}).get(logical_id))
        outputs = desired.outputs()
        self._check_exports(outputs)
        self.stack |= {
            "Description": desired.document.get("Description", ""),
            "Outputs": outputs,
            "Parameters": desired.shown_parameters,
            "Tags": desired.tags,
            "given": desired.parameters.given,
            "imports": sorted(desired.imports),
            "template": desired.body,
        }

    def _check_exports(self, outputs: list[Document]) -> None:
        values = {o["ExportName"]: o["OutputValue"] for o in outputs if "ExportName" in o}
        for export in self.store.exports():
            if export["ExportingStackId"] != self.stack["StackId"] and export["Name"] in values:
                raise ServiceError(
                    "ValidationError",
                    f"Export with name {export['Name']} is already exported by stack "
                    f"{export['ExportingStackId'].split('/')[1]}",
                )
        for output in self.stack["Outputs"]:
            name = output.get("ExportName")
            if name and values.get(name) != output["OutputValue"] and (users := self.store.importers(name)):
                raise ServiceError(
                    "ValidationError",
                    f"Cannot update or delete export {name} as it is in use by {', '.join(users)}",
                )

    def _undo(self) -> bool:
        """Take back the journal, newest first; whether all of it could be taken back."""
        good = True
        for done in reversed(self.applier.journal):
            try:
                self.applier.undo(done)
            except StepError:
                good = False
        return good

    def _clean_up(self, desired: Desired, existing: dict[str, Document]) -> None:
        """Delete what the update replaced or removed. A failure here does not fail the update."""
        replaced = [
            done.before
            for done in self.applier.journal
            if done.kind == "replaced" and done.before is not None
        ]
        active = desired.active
        removed = [row for name, row in existing.items() if name not in active]
        for row in deletion_order(replaced + removed):
            still_declared = row["LogicalResourceId"] in active
            policy = row["update_replace_policy" if still_declared else "deletion_policy"]
            try:
                self.applier.delete(row, policy=policy, keep_row=still_declared)
            except StepError as error:
                log.warning("cleanup of %s: %s", self.stack["StackName"], error)

    def _start(self, status: str, work: Callable[[], None]) -> None:
        """Run `work` in the background; a short one is over when this returns.

        Clients poll every five seconds: a stack that is complete at their first look saves them one
        such wait.

        Raises:
            ServiceError: another operation on the stack began first.
        """
        self.store.begin(self.stack, status, self.token)
        if self.begun:
            self.begun()
        thread = threading.Thread(target=work, name=f"stack-{self.stack['StackName']}", daemon=True)
        thread.start()
        thread.join(_PATIENCE_S)

    def _status(self, status: str, reason: str = "") -> None:
        self.store.set_status(self.stack, status, reason, self.token)


_DESIRED_FIELDS = ("Outputs", "Parameters", "Tags", "given", "imports", "template")


def _reason(error: StepError | ServiceError) -> str:
    if isinstance(error, StepError):
        return f"The following resource(s) failed: [{error.logical_id}]. {error.reason}"
    return error.message
