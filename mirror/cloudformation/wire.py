"""moto reads the request and writes the response; what happens between is the mirror's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from botocore import xform_name
from moto.cloudformation import urls
from moto.cloudformation.responses import CloudFormationResponse
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, BaseResponse

from mirror.api import OPERATIONS, Context, Operation, ServiceError, call, service_model
from mirror.cloud import Cloud


class _Refusal(ServiceException):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)


def install(cloud: Cloud) -> None:
    """Answer every CloudFormation request of moto's application with the mirror's operations.

    Call it before the first request: moto builds its routes once.
    """

    class Response(CloudFormationResponse):
        RESPONSE_KEY_PATH_TO_TRANSFORMER: ClassVar[dict[str, Any]] = {}

    for name in service_model("cloudformation").operation_names:
        found = OPERATIONS.get(("cloudformation", name))
        setattr(Response, xform_name(name), _action(cloud, found) if found else _absent(name))
    urls.url_paths["{0}/$"] = Response.dispatch


def _action(cloud: Cloud, found: Operation) -> Callable[[BaseResponse], ActionResult]:
    def action(response: BaseResponse) -> ActionResult:
        try:
            result = call(Context(cloud, response.region), found.service, found.name, dict(response.params))
        except ServiceError as error:
            # CloudFormation's own name for it.
            code = "ValidationError" if error.code == "ValidationException" else error.code
            raise _Refusal(code, error.message) from error
        return ActionResult(result)

    return action


def _absent(name: str) -> Callable[[BaseResponse], ActionResult]:
    def action(response: BaseResponse) -> ActionResult:  # noqa: ARG001
        raise _Refusal("ValidationError", f"CloudFormation {name} is not part of the mirror")

    return action
