"""Calls any AWS operation of the mirror from inside it, whoever implements the operation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError

from mirror.api import OPERATIONS, Context, Document, ServiceError, call


@dataclass(frozen=True, slots=True)
class Aws:
    """Calls operations in process where the mirror has them, over HTTP where moto does.

    Use it from worker threads only: an HTTP call is answered by this very process.
    """

    ctx: Context

    def __call__(self, service: str, operation: str, /, **params: Any) -> Document:
        """Raises ServiceError, whichever way the call takes."""
        if (service, operation) in OPERATIONS:
            return call(self.ctx, service, operation, params)
        client = self.ctx.cloud.client(service, self.ctx.region)
        try:
            response: Document = getattr(client, xform_name(operation))(**params)
        except ClientError as error:
            details = error.response["Error"]
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            raise ServiceError(details["Code"], details.get("Message", str(error)), status) from error
        except BotoCoreError as error:
            raise ServiceError("ValidationException", f"{operation}: {error}") from error
        return response
