"""Multi-model endpoints: fetches a model when it is first asked for, and has the server load it."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable

import msgspec

from mirror.api import ServiceError
from mirror.cloud import Cloud
from mirror.endpoints import artifacts
from mirror.endpoints.connection import Reply
from mirror.endpoints.targets import Target

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*")
_LOADED, _ALREADY, _FULL = 200, 409, 507

#: Method, path and body of a request to the server process, and its answer.
Ask = Callable[[str, str, bytes], Awaitable[Reply]]


class LoadFailedError(Exception):
    """The container refused to load a model."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.body.decode(errors="replace"))
        self.status = reply.status


def name_of(target_model: str) -> str:
    """What the container calls a model: SageMaker gives it a hash, not the name of its archive."""
    return hashlib.sha256(target_model.encode()).hexdigest()[:32]


async def ensure(cloud: Cloud, target: Target, port: int, prefix: str, target_model: str, ask: Ask) -> str:
    """Have a process load a model that it has not; returns what the container calls it.

    A container that is full unloads the model whose last request is longest ago.

    Args:
        prefix: the model's ``ModelDataUrl``.
        target_model: the archive, relative to it.
        ask: sends a request to the process.

    Raises:
        ServiceError: there is no such archive, or it is none.
        LoadFailedError: the container refuses it.
    """
    if not _NAME.fullmatch(target_model) or ".." in target_model:
        raise ServiceError("ValidationError", f"TargetModel {target_model!r}: use the name of an archive")
    name = name_of(target_model)
    if target.loaded_by != port:  # another process than the one that had loaded them
        target.loaded_by = port
        target.loaded.clear()
    if name in target.loaded:
        target.loaded[name] = target.loaded.pop(name)  # the latest comes last
        return name
    async with target.loading:
        if name not in target.loaded:
            folder = await _fetch(cloud, prefix.rstrip("/") + "/" + target_model)
            await _load(target, name, folder, ask)
            target.loaded[name] = None
    return name


async def _fetch(cloud: Cloud, url: str) -> str:
    try:
        return str(await asyncio.to_thread(artifacts.fetch, cloud, url))
    except artifacts.ArtifactError as error:
        raise ServiceError("ValidationError", str(error)) from error


async def _load(target: Target, name: str, folder: str, ask: Ask) -> None:
    body = msgspec.json.encode({"model_name": name, "url": folder})
    while True:
        reply = await ask("POST", "/models", body)
        if reply.status in (_LOADED, _ALREADY):
            return
        if reply.status != _FULL or not target.loaded:
            raise LoadFailedError(reply)
        oldest = next(iter(target.loaded))
        await ask("DELETE", f"/models/{oldest}", b"")
        target.loaded.pop(oldest, None)
