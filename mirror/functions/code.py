"""A function's configuration from moto's state, and its code unpacked on disk."""

from __future__ import annotations

import io
import os
import shutil
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.models import LambdaFunction
from moto.awslambda.utils import get_backend

from mirror.api import Context, ServiceError


@dataclass(frozen=True, slots=True)
class Function:
    """What the runner needs to know. `timeout` in seconds; `reserved` is None when unreserved."""

    name: str
    arn: str
    handler: str
    runtime: str
    timeout: float
    memory_mb: int
    environment: dict[str, str]
    reserved: int | None
    dead_letter: str | None
    log_group: str
    code: bytes
    code_hash: str


def find(ctx: Context, name_or_arn: str) -> Function:
    """The function as it now is.

    Raises:
        ServiceError: there is none, or it is not a zipped Python function.
    """
    name = function_name(name_or_arn)
    try:
        found: LambdaFunction = get_backend(ctx.account, ctx.region).get_function(name)
    except UnknownFunctionException as error:
        raise ServiceError(
            "ResourceNotFoundException", f"Function not found: {ctx.arn('lambda', f'function:{name}')}", 404
        ) from error
    runtime = found.run_time or ""
    if found.package_type != "Zip" or not runtime.startswith("python"):
        raise ServiceError(
            "InvalidRuntimeException",
            f"{name}: the mirror runs zipped Python functions, not {runtime or 'images'}",
        )
    reserved = found.reserved_concurrency
    logging = getattr(found, "logging_config", None) or {}
    dead_letter = (getattr(found, "dead_letter_config", None) or {}).get("TargetArn")
    return Function(
        name=name,
        arn=ctx.arn("lambda", f"function:{name}"),
        handler=found.handler,
        runtime=runtime,
        timeout=float(found.timeout),
        memory_mb=int(found.memory_size),
        environment={key: str(value) for key, value in found.environment_vars.items()},
        reserved=None if reserved is None else int(reserved),
        dead_letter=dead_letter or None,
        log_group=logging.get("LogGroup") or f"/aws/lambda/{name}",
        code=found.code_bytes,
        code_hash=found.code_digest.removeprefix("sha256:"),
    )


def exists(ctx: Context, name: str) -> bool:
    """Whether there is a function called `name` now."""
    try:
        get_backend(ctx.account, ctx.region).get_function(name)
    except UnknownFunctionException:
        return False
    return True


def function_name(name_or_arn: str) -> str:
    """The bare name of ``name``, ``account:function:name`` or an ARN, without version or alias.

    Raises:
        ServiceError: a version or alias other than ``$LATEST`` is named.
    """
    parts = name_or_arn.split(":")
    if len(parts) == 1:
        return name_or_arn
    at = parts.index("function") + 1 if "function" in parts else 0
    if len(parts) > at + 1 and parts[at + 1] != "$LATEST":
        raise ServiceError(
            "ResourceNotFoundException",
            f"{name_or_arn}: the mirror runs $LATEST, not versions or aliases",
            404,
        )
    return parts[at]


def unpack(function: Function, root: Path) -> Path:
    """The folder with the function's code, unpacked once for each content."""
    target = root / function.code_hash
    if not target.exists():
        root.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=root))
        with zipfile.ZipFile(io.BytesIO(function.code)) as archive:
            archive.extractall(temporary)
        try:
            os.replace(temporary, target)  # noqa: PTH105 - atomic also when another thread was faster
        except OSError:
            shutil.rmtree(temporary)
    return target
