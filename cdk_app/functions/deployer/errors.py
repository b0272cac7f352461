"""How SageMaker says that something is not there, and what can go wrong with a rollout."""

from __future__ import annotations

from botocore.exceptions import ClientError


class RolledBackError(Exception):
    """SageMaker undid the update, or the endpoint failed: trying again would repeat the harm."""


def is_missing(error: ClientError) -> bool:
    """Whether `error` means that the described or deleted resource does not exist."""
    code = error.response["Error"]["Code"]
    message = error.response["Error"]["Message"].lower()
    return code == "ResourceNotFound" or (
        code == "ValidationException" and ("could not find" in message or "does not exist" in message)
    )
