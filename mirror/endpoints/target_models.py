"""Multi-model endpoints: fetches a model when it is first asked for, and has the server load it."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import msgspec

from mirror.api import ServiceError
from mirror.cloud import Cloud
from mirror.endpoints import artifacts
from mirror.endpoints.connection import Reply
from mirror.endpoints.targets import Target

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*")
_LOADED, _ALREADY, _FULL = 200, 409, 507
_POLL_S = 0.01

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


@asynccontextmanager
async def loaded(
    cloud: Cloud, target: Target, prefix: str, target_model: str, ask: Ask
) -> AsyncIterator[str]:
    """Have a process load a model unless it has; it is not unloaded while the block runs.

    A container that is full unloads the idle model whose last request is longest ago.

    Args:
        prefix: the model's ``ModelDataUrl``.
        target_model: the archive, relative to it.
        ask: sends a request to the process.

    Yields:
        What the container calls the model.

    Raises:
        ServiceError: there is no such archive, or it is none.
        LoadFailedError: the container refuses it.
    """
    if not _NAME.fullmatch(target_model) or ".." in target_model:
        raise ServiceError("ValidationError", f"TargetModel {target_model!r}: use the name of an archive")
    name = name_of(target_model)
    if target.loaded_by != target.started:  # another process than the one that had loaded them
        target.loaded_by = target.started
        target.loaded.clear()
    if name not in target.loaded:
        async with target.loading:
            if name not in target.loaded:
                folder = await _fetch(cloud, prefix.rstrip("/") + "/" + target_model)
                await _load(target, name, folder, ask)
                target.loaded[name] = 0
    target.loaded[name] = target.loaded.pop(name) + 1  # the latest comes last
    try:
        yield name
    finally:
        if name in target.loaded:
            target.loaded[name] -= 1


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
        idle = next((one for one, requests in target.loaded.items() if not requests), None)
        if idle is None:
            await asyncio.sleep(_POLL_S)
            continue
        del target.loaded[idle]  # who asks for it from now on waits until this one is loaded
        await ask("DELETE", f"/models/{idle}", b"")
