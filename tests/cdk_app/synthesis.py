"""Synthesises the app and reads the templates back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aws_cdk import App

from cdk_app.app import build
from cdk_app.project import ROOT
from cdk_app.settings import Settings

Document = dict[str, Any]


def app(outdir: Path, *, validate: bool = False, **settings: Any) -> App:
    """The app as `cdk` would run it, with the flags of cdk.json.

    Args:
        validate: hold the templates against CloudFormation's schemas, which takes seconds.
    """
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    created = App(
        outdir=str(outdir),
        context=context,
        analytics_reporting=False,
        builtin_cloud_formation_validation=validate,
    )
    build(created, Settings(**settings))
    return created


@dataclass(frozen=True)
class Template:
    """One stack's CloudFormation template."""

    document: Document

    def resources(self, type_: str) -> dict[str, Document]:
        """Properties by logical id."""
        return {
            name: resource["Properties"]
            for name, resource in self.document["Resources"].items()
            if resource["Type"] == type_
        }

    def only(self, type_: str) -> Document:
        (properties,) = self.resources(type_).values()
        return properties

    def by(self, type_: str, key: str) -> dict[str, Document]:
        """Properties by one of them, e.g. the name."""
        return {text(item[key]): item for item in self.resources(type_).values() if key in item}

    def resource(self, type_: str, key: str, value: str) -> Document:
        """The whole resource, with its policies and dependencies."""
        found: Document
        (found,) = (
            resource
            for resource in self.document["Resources"].values()
            if resource["Type"] == type_ and text(resource["Properties"].get(key)) == value
        )
        return found

    def statements(self) -> Iterator[Document]:
        """Every IAM statement."""
        for policy in self.resources("AWS::IAM::Policy").values():
            yield from policy["PolicyDocument"]["Statement"]


@dataclass(frozen=True)
class Assembly:
    """A cloud assembly on disk."""

    directory: Path
    environment: str

    def template(self, stack: str) -> Template:
        path = self.directory / f"fraudline-{self.environment}-{stack}.template.json"
        return Template(json.loads(path.read_text()))

    def templates(self) -> dict[str, Template]:
        prefix = f"fraudline-{self.environment}-"
        found = sorted(self.directory.glob(f"{prefix}*.template.json"))
        return {
            path.name.removeprefix(prefix).removesuffix(".template.json"): Template(
                json.loads(path.read_text())
            )
            for path in found
        }


def synthesise(outdir: Path, **settings: Any) -> Assembly:
    created = app(outdir, **settings)
    created.synth()
    return Assembly(outdir, settings.get("environment", "dev"))


def text(value: Any) -> str:
    """A value with its joins resolved: references become ``<LogicalId>``."""
    if isinstance(value, list):
        return ",".join(text(item) for item in value)
    if not isinstance(value, dict):
        return "" if value is None else str(value)
    ((function, argument),) = value.items()
    if function == "Fn::Join":
        return str(argument[0]).join(text(item) for item in argument[1])
    if function == "Fn::GetAtt":
        return f"<{argument[0]}.{argument[1]}>"
    return f"<{argument}>"
