"""The contract of a resource type: create, update and delete one resource by API calls."""

from __future__ import annotations

import secrets
import string
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar

from mirror.api import Context, Coverage, Document, ServiceError
from mirror.aws import Aws
from mirror.cloudformation.coverage import Schema, TypeCoverage

_SUFFIX = string.ascii_uppercase + string.digits


@dataclass(frozen=True, slots=True)
class Request:
    """One resource to bring into its desired state. `properties` are resolved: no intrinsics."""

    aws: Aws
    stack_name: str
    stack_id: str
    logical_id: str
    type: str
    properties: Document
    name: str
    """The explicit name, or the one CloudFormation would generate."""
    created: Callable[[str], None]
    """To be told the physical id as soon as there is something to delete if a later call fails."""
    physical_id: str = ""
    attributes: Document = field(default_factory=dict)
    old: Document = field(default_factory=dict)
    """On an update: the properties before it."""

    @property
    def ctx(self) -> Context:
        return self.aws.ctx

    def pick(self, *names: str) -> Document:
        """Those of the named properties that the template sets."""
        return {name: self.properties[name] for name in names if name in self.properties}

    def changed(self, *names: str) -> bool:
        """Whether an update touches one of the named properties."""
        return any(self.properties.get(name) != self.old.get(name) for name in names)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A resource as it now is: what ``Ref`` and ``Fn::GetAtt`` answer."""

    physical_id: str
    attributes: Document = field(default_factory=dict)


class RefusedError(Exception):
    """A change the resource type does not make; the message says what to do instead."""


class ResourceType(ABC):
    """One CloudFormation type. Subclasses register themselves by being listed in `types`."""

    type: ClassVar[str]
    properties: ClassVar[Schema | None]
    attributes: ClassVar[frozenset[str] | None] = frozenset()
    replaced_by: ClassVar[frozenset[str]] = frozenset()
    """Properties whose change needs a new resource, as the AWS documentation says."""
    name_property: ClassVar[str | None] = None
    name_limit: ClassVar[int] = 63
    lower_case_name: ClassVar[bool] = False
    coverage: ClassVar[Coverage] = "real"
    note: ClassVar[str] = ""
    how: ClassVar[str] = "moto"

    @abstractmethod
    def create(self, request: Request) -> Outcome:
        """Create the resource and wait until it is usable."""

    @abstractmethod
    def update(self, request: Request) -> Outcome:
        """Change the resource in place. A changed physical id means it was replaced."""

    @abstractmethod
    def delete(self, request: Request) -> None:
        """Delete the resource. One that is gone already is not an error."""

    def needs_replacement(self, old: Document, new: Document) -> bool:
        """Whether CloudFormation would build a new resource for this change."""
        return any(old.get(name) != new.get(name) for name in self.replaced_by)

    def physical_name(self, properties: Document, stack: str, logical_id: str) -> str:
        """The explicit name, else a fresh one made of the stack, the logical id and chance."""
        if self.name_property and self.name_property in properties:
            return str(properties[self.name_property])
        suffix = "".join(secrets.choice(_SUFFIX) for _ in range(12))
        name = f"{f'{stack}-{logical_id}'[: self.name_limit - 13]}-{suffix}"
        return name.lower() if self.lower_case_name else name

    def with_stack_tags(self, own: Any, stack_tags: list[Document]) -> Any:
        """The resource's tags, and the stack's where the resource has no tag of that key."""
        merged = {tag["Key"]: tag for tag in [*stack_tags, *(own or [])]}
        return list(merged.values())

    def table(self) -> TypeCoverage:
        return TypeCoverage(self.properties, self.attributes, self.coverage, self.note, self.how)


class Immutable(ResourceType):
    """A type of which every change is a replacement."""

    def needs_replacement(self, old: Document, new: Document) -> bool:
        return old != new

    def update(self, request: Request) -> Outcome:
        raise RefusedError(f"{request.type} cannot change in place")


def tags(properties: Document) -> dict[str, str]:
    """CloudFormation's tag list as a mapping."""
    return {tag["Key"]: str(tag["Value"]) for tag in properties.get("Tags", [])}


def tag_changes(request: Request) -> tuple[dict[str, str], list[str]]:
    """Tags to set and keys to remove for an update."""
    old, new = tags({"Tags": request.old.get("Tags", [])}), tags(request.properties)
    return {k: v for k, v in new.items() if old.get(k) != v}, [k for k in old if k not in new]


def boolean(value: object) -> bool:
    """A template's boolean, which may be written as text."""
    return str(value).lower() == "true"


def numbers(properties: Document, *names: str) -> Document:
    """The named properties that are set, as integers: templates may write numbers as text."""
    return {name: int(properties[name]) for name in names if name in properties}


def wait_until(ready: Callable[[], bool], what: str, timeout: float = 120.0, interval: float = 0.05) -> None:
    """Poll until `ready`.

    Raises:
        ServiceError: ``NotStabilized`` after `timeout` seconds.
    """
    deadline = time.monotonic() + timeout
    while not ready():
        if time.monotonic() > deadline:
            raise ServiceError("NotStabilized", f"{what} did not become ready within {timeout:.0f} s")
        time.sleep(interval)


@contextmanager
def ignoring(*codes: str) -> Iterator[None]:
    """A ServiceError with one of `codes` is success: what was to be deleted is gone already."""
    try:
        yield
    except ServiceError as error:
        if error.code not in codes:
            raise
