"""SageMaker's multi-model contract: models come and go while the server runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

import msgspec

from inference.bundle import BundleError, load
from inference.scoring.model import Model
from inference.server.errors import RefusedError
from inference.server.shelf import AlreadyLoadedError, FullError, Shelf
from inference.service import DecisionService


class LoadRequest(msgspec.Struct):
    """Body of ``POST /models``: a name, and the folder that the platform has put the model's files into."""

    model_name: str
    url: str


_decode = msgspec.json.Decoder(LoadRequest).decode


class MultiModel:
    """The models of one worker; all workers agree on them by the shelf.

    Args:
        serve: gives the service that decides with a model.
        names: what answers call a model, by the archive that callers name.
    """

    def __init__(
        self, shelf: Shelf, serve: Callable[[Model], DecisionService], names: Mapping[str, str]
    ) -> None:
        self._shelf, self._serve, self._names = shelf, serve, names
        self._read: dict[str, _Read] = {}
        self._loading: dict[str, asyncio.Lock] = {}

    def describe(self) -> list[dict[str, str]]:
        """Every loaded model, as ``GET /models`` lists them."""
        return [_described(name, folder) for name, folder in self._shelf.models.items()]

    def describe_one(self, name: str) -> dict[str, str]:
        """One loaded model.

        Raises:
            RefusedError: 404, it is not loaded.
        """
        folder = self._shelf.models.get(name)
        if folder is None:
            raise _unknown(name)
        return _described(name, folder)

    async def load(self, body: bytes) -> str:
        """Load a model; returns its name.

        Raises:
            RefusedError: 400 for a body that is none, 409 when it is loaded, 507 when no more fit, 422 when
                its files cannot be served.
        """
        try:
            request = _decode(body)
        except msgspec.DecodeError as error:
            raise RefusedError(400, "body", f'{error}; send {{"model_name": ..., "url": ...}}') from error
        name, folder = request.model_name, request.url.removeprefix("file://")
        if name in self._shelf.models:
            raise RefusedError(409, "model_name", f"{name} is loaded already: delete it first")
        model = await _model_of(name, folder)
        try:
            self._shelf.put(name, folder)
        except AlreadyLoadedError:
            raise RefusedError(409, "model_name", f"{name} is loaded already: delete it first") from None
        except FullError as error:
            raise RefusedError(507, None, f"{error}: delete one first") from None
        self._read[name] = _Read(folder, model, {})
        return name

    def unload(self, name: str) -> None:
        """Unload a model.

        Raises:
            RefusedError: 404, it is not loaded.
        """
        self._read.pop(name, None)
        if not self._shelf.take(name):
            raise _unknown(name)

    async def service(self, name: str, archive: str) -> DecisionService:
        """What decides with a model; loaded into this worker at its first request.

        Args:
            archive: what the caller named, for which the platform has `name`; may be empty.

        Raises:
            RefusedError: 404, it is not loaded; 422, its files cannot be served any more.
        """
        self._forget()
        folder = self._shelf.models.get(name)
        if folder is None:
            raise _unknown(name)
        async with self._loading.setdefault(name, asyncio.Lock()):
            known = self._read.get(name)
            if known is None or known.folder != folder:
                known = _Read(folder, await _model_of(name, folder), {})
        if self._shelf.models.get(name) != folder:
            raise _unknown(name)  # it was unloaded meanwhile
        self._read[name] = known
        version = self._names.get(archive, name)
        if version not in known.services:
            known.services[version] = self._serve(known.model.called(version))
        return known.services[version]

    def _forget(self) -> None:
        """Let go of what another worker was told to unload."""
        loaded = self._shelf.models
        for name in [name for name in self._read if name not in loaded]:
            del self._read[name]
            self._loading.pop(name, None)

    def loaded(self, name: str, archive: str) -> DecisionService | None:
        """The same when it needs no loading; None: use `service`."""
        loaded = self._shelf.models
        if len(self._read) > len(loaded):
            self._forget()
        known = self._read.get(name)
        if known is None or loaded.get(name) != known.folder:
            return None
        return known.services.get(self._names.get(archive, name))


class _Read(NamedTuple):
    """A model that this worker has read, and what decides with it, by what answers call it."""

    folder: str
    model: Model
    services: dict[str, DecisionService]


async def _model_of(name: str, folder: str) -> Model:
    try:
        return await asyncio.to_thread(_model, name, Path(folder))
    except BundleError as error:
        raise RefusedError(422, "url", f"{name}: {error}") from error


def _model(name: str, folder: Path) -> Model:
    found = load(folder)
    if found is None:
        raise BundleError(f"{folder}: no model there: expected model.ubj and bundle.json")
    model = Model(found, name)
    model.warm()
    return model


def name_of(path: str) -> tuple[str, bool]:
    """The model that a path below ``/models/`` names, and whether it is to be invoked."""
    rest = path.removeprefix("/models/")
    name = rest.removesuffix("/invoke")
    return unquote(name), name != rest


def _described(name: str, folder: str) -> dict[str, str]:
    return {"modelName": name, "modelUrl": folder}


def _unknown(name: str) -> RefusedError:
    return RefusedError(404, "model_name", f"{name} is not loaded")
