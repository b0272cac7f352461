"""The registry of API operations that the mirror answers itself; everything else goes to moto.

A handler takes the decoded request and returns the decoded response, both in the shape of
botocore's service model, so the same function serves HTTP, CloudFormation and tests:

    @operation("sagemaker", "DescribeFeatureGroup")
    def describe_feature_group(ctx: Context, params: Document) -> Document: ...
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import botocore.session
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

from mirror.constraints import violations

if TYPE_CHECKING:
    from mirror.cloud import Cloud

Document = dict[str, Any]
Coverage = Literal["real", "partial"]


class ServiceError(Exception):
    """An error the API returns: ``code`` and ``message`` as AWS names them, HTTP ``status``."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


@dataclass(frozen=True, slots=True)
class Context:
    """Where a call happens: the running mirror, and the region its credentials were scoped to."""

    cloud: Cloud
    region: str

    @property
    def account(self) -> str:
        return self.cloud.account

    def arn(self, service: str, resource: str) -> str:
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"


Handler = Callable[[Context, Document], Document]


@dataclass(frozen=True, slots=True)
class Operation:
    """One API operation: its handler, and how completely it keeps the service's behaviour."""

    service: str
    name: str
    handler: Handler
    coverage: Coverage
    note: str
    inline: bool


OPERATIONS: dict[tuple[str, str], Operation] = {}


def operation(
    service: str, name: str, *, coverage: Coverage = "real", note: str = "", inline: bool = False
) -> Callable[[Handler], Handler]:
    """Register a handler for ``service`` (botocore's name) and operation ``name``.

    Args:
        coverage: ``partial`` when documented behaviour is missing; `note` then says which.
        inline: the handler never blocks for more than a few hundred microseconds, so the front
            runs it on its event loop instead of a worker thread.
    """

    def register(handler: Handler) -> Handler:
        if (service, name) in OPERATIONS:
            raise ValueError(f"{service}.{name} is registered twice")
        if coverage == "partial" and not note:
            raise ValueError(f"{service}.{name}: a partial operation needs a note")
        service_model(service).operation_model(name)  # an unknown name fails at import
        OPERATIONS[service, name] = Operation(service, name, handler, coverage, note, inline)
        return handler

    return register


def call(ctx: Context, service: str, name: str, params: Document) -> Document:
    """Invoke an operation in process, as CloudFormation and other services do.

    Raises:
        ServiceError: the parameters do not fit the service model, or the handler refuses.
    """
    validate(service, name, params)
    return OPERATIONS[service, name].handler(ctx, params)


def validate(service: str, name: str, params: Document) -> None:
    """Check `params` against botocore's input shape: types, then enumerations, patterns and limits.

    Raises:
        ServiceError: ``ValidationException`` with every problem, each naming its field.
    """
    shape = service_model(service).operation_model(name).input_shape
    if shape is None:
        return
    report = ParamValidator().validate(params, shape)
    if report.has_errors():
        raise ServiceError("ValidationException", f"{name}: {report.generate_report()}")
    broken = violations(shape, params)
    if broken:
        found = f"{len(broken)} validation error{'s' * (len(broken) > 1)} detected"
        raise ServiceError("ValidationException", f"{found}: {'; '.join(broken)}")


@cache
def service_model(service: str) -> ServiceModel:
    """botocore's model of a service, loaded once."""
    loader = botocore.session.get_session().get_component("data_loader")
    return ServiceModel(loader.load_service_model(service, "service-2"), service_name=service)
