"""Registers the hosting API; each module holds the operations of one resource."""

from __future__ import annotations

from mirror.api import Context, Document, operation
from mirror.endpoints import configs, endpoints, models

__all__ = ["configs", "endpoints", "invoke_endpoint", "models"]


@operation("sagemaker-runtime", "InvokeEndpoint")
def invoke_endpoint(ctx: Context, params: Document) -> Document:
    """For callers inside the mirror, in worker threads; HTTP clients get `mirror.endpoints.proxy`."""
    response = ctx.cloud.client("sagemaker-runtime", ctx.region).invoke_endpoint(**params)
    answer: Document = {key: value for key, value in response.items() if key != "ResponseMetadata"}
    answer["Body"] = response["Body"].read()
    return answer
