"""Deploys templates to a running mirror as an AWS client does."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

from tests.mirror.running import RunningMirror

Template = dict[str, Any]
_SETTLED_S = 60.0


@dataclass
class Stack:
    """One stack of a running mirror."""

    mirror: RunningMirror
    name: str

    @property
    def api(self) -> Any:
        return self.mirror.client("cloudformation")

    def create(self, resources: Template, **sections: Any) -> str:
        """Create the stack and return its final status."""
        self.api.create_stack(StackName=self.name, TemplateBody=body(resources, **sections))
        return self.settled()

    def update(self, resources: Template, **sections: Any) -> str:
        """Update the stack and return its final status."""
        self.api.update_stack(StackName=self.name, TemplateBody=body(resources, **sections))
        return self.settled()

    def delete(self) -> str:
        """Delete the stack and return its final status."""
        stack_id = self.describe()["StackId"]
        self.api.delete_stack(StackName=self.name)
        return self.settled(stack_id)

    def settled(self, name_or_id: str = "") -> str:
        """Wait for a final status."""
        deadline = time.monotonic() + _SETTLED_S
        while (status := self.describe(name_or_id)["StackStatus"]).endswith("_IN_PROGRESS"):
            assert time.monotonic() < deadline, status
            time.sleep(0.05)
        return str(status)

    def describe(self, name_or_id: str = "") -> dict[str, Any]:
        (stack,) = self.api.describe_stacks(StackName=name_or_id or self.name)["Stacks"]
        found: dict[str, Any] = stack
        return found

    def physical_id(self, logical_id: str) -> str:
        found = self.api.describe_stack_resource(StackName=self.name, LogicalResourceId=logical_id)
        return str(found["StackResourceDetail"]["PhysicalResourceId"])

    def outputs(self) -> dict[str, str]:
        return {output["OutputKey"]: output["OutputValue"] for output in self.describe()["Outputs"]}

    def reasons(self) -> str:
        """Reasons of all failed resources, newest first."""
        events = self.api.describe_stack_events(StackName=self.name)["StackEvents"]
        failed = (event for event in events if event["ResourceStatus"].endswith("FAILED"))
        return "\n".join(event.get("ResourceStatusReason", "") for event in failed)


def body(resources: Template, **sections: Any) -> str:
    return json.dumps({"Resources": resources, **sections})
