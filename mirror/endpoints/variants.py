"""What the variants of an endpoint configuration may be, and which of them go together."""

from __future__ import annotations

from collections.abc import Sequence

from mirror.api import Context, Document, ServiceError
from mirror.endpoints import models

_MEMORIES_MB = range(1024, 6145, 1024)
_MOST_CONCURRENT = 200


def checked(ctx: Context, field: str, variant: Document) -> Document:
    """A variant with AWS's defaults filled in.

    Args:
        field: of the request, for the message.

    Raises:
        ServiceError: it has no model that exists, or says neither or wrongly what it runs on.
    """
    where = f"{field} {variant['VariantName']}"
    if "ModelName" not in variant:
        raise _refused(f"{where}: ModelName: the mirror hosts models only")
    hosted = models.find(ctx, variant["ModelName"])["Hosted"]
    if "ServerlessConfig" in variant:
        _check_serverless(where, variant["ServerlessConfig"])
        if hosted["Mode"] == models.MULTI_MODEL:
            raise _refused(f"{where}: ServerlessConfig: a serverless endpoint hosts single models only")
    else:
        for name in ("InstanceType", "InitialInstanceCount"):
            if name not in variant:
                raise _refused(f"{where}: {name} is needed without a ServerlessConfig")
    return {"InitialVariantWeight": 1.0} | variant


def check_together(ctx: Context, production: Sequence[Document], shadows: Sequence[Document]) -> None:
    """Names are different, and shadows have one instance-based production variant of one model to follow.

    Raises:
        ServiceError: they do not go together.
    """
    names = [variant["VariantName"] for variant in (*production, *shadows)]
    if len(set(names)) < len(names):
        raise _refused("ProductionVariants: a variant name is used twice")
    if not shadows:
        return
    if len(production) > 1 or len(shadows) > 1:
        raise _refused("ShadowProductionVariants: one shadow follows one production variant")
    for variant in (*production, *shadows):
        if "ServerlessConfig" in variant:
            raise _refused("ShadowProductionVariants: serverless variants have no shadow and are none")
        if models.find(ctx, variant["ModelName"])["Hosted"]["Mode"] == models.MULTI_MODEL:
            raise _refused("ShadowProductionVariants: MultiModel models have no shadow and are none")


def _check_serverless(where: str, config: Document) -> None:
    memory, most = config["MemorySizeInMB"], config["MaxConcurrency"]
    if memory not in _MEMORIES_MB:
        raise _refused(f"{where}: MemorySizeInMB {memory}: use {', '.join(map(str, _MEMORIES_MB))}")
    if not 1 <= most <= _MOST_CONCURRENT:
        raise _refused(f"{where}: MaxConcurrency {most}: use 1 to {_MOST_CONCURRENT}")
    if not 1 <= config.get("ProvisionedConcurrency", 1) <= most:
        raise _refused(f"{where}: ProvisionedConcurrency: use 1 to MaxConcurrency, {most}")


def _refused(message: str) -> ServiceError:
    return ServiceError("ValidationException", message)
