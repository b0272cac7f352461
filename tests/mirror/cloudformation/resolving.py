"""A resolver for a template, without a mirror behind it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mirror.api import Context, ServiceError
from mirror.aws import Aws
from mirror.cloud import Cloud
from mirror.cloudformation.intrinsics import Resolver
from mirror.cloudformation.resource import Outcome

PSEUDO = {"AWS::Region": "us-east-1", "AWS::AccountId": "123456789012", "AWS::NoValue": None}


def resolver(
    document: dict[str, Any],
    parameters: dict[str, Any] | None = None,
    resources: dict[str, Outcome] | None = None,
    exports: dict[str, str] | None = None,
) -> Resolver:
    """A resolver that knows these parameters, resources and exports."""

    def export(name: str) -> str:
        try:
            return (exports or {})[name]
        except KeyError:
            raise ServiceError("ValidationError", f"No export named {name} found.") from None

    nowhere = Aws(Context(Cloud(Path("nowhere"), port=1), "us-east-1"))
    return Resolver(nowhere, {"Resources": {}, **document}, PSEUDO, parameters or {}, export, resources or {})
