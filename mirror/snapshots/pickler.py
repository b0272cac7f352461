"""Pickling of moto's backends: what plain pickle refuses in them, and how each of those is rebuilt."""

from __future__ import annotations

import io
import pickle
import sys
import threading
import weakref
from collections import defaultdict
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any, Protocol

import cloudpickle
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from moto.core.base_backend import AccountSpecificBackend, BackendDict
from moto.s3.models import FakeKey

_LOCK_TYPES = (type(threading.Lock()), type(threading.RLock()))
# moto never rewrites the buffer of a finished object, so a buffer identifies a body.
_saved: weakref.WeakKeyDictionary[Any, str] = weakref.WeakKeyDictionary()


class Blobs(Protocol):
    """Where the bodies of S3 objects go, so that a snapshot writes each body only once."""

    def save(self, body: bytes) -> str: ...

    def load(self, blob_id: str) -> bytes: ...


def dump(blobs: Blobs) -> tuple[bytes, set[str]]:
    """Serialise every moto backend in use.

    Returns the pickle, and the ids of the blobs it refers to.

    Raises:
        RuntimeError: a collection changed while it was read; try again.
        TypeError: a backend holds an object that nobody taught this module to rebuild.
    """
    regions = [
        (*_location(backends), account, region, backend)
        for backends in list(BackendDict._instances)
        if backends.service_name != "moto_api"
        for account, region, backend in list(backends.iter_backends())
    ]
    return dump_object(regions, blobs)


def load(raw: bytes, blobs: Blobs) -> None:
    """Put the backends of a snapshot back in place of the empty ones."""
    for module, name, account, region, backend in load_object(raw, blobs):
        dict.__setitem__(_backends(module, name)[account], region, backend)


def dump_object(value: object, blobs: Blobs) -> tuple[bytes, set[str]]:
    """Serialise a part of moto's state; returns what `dump` returns, and raises what it raises."""
    output = io.BytesIO()
    pickler = _Pickler(output, blobs)
    pickler.dump(value)
    return output.getvalue(), pickler.blob_ids


def load_object(raw: bytes, blobs: Blobs) -> Any:
    """The object that `dump_object` serialised."""
    _Restoring.blobs = blobs
    try:
        return pickle.loads(raw)  # noqa: S301  # our own file
    finally:
        _Restoring.blobs = None


class _Restoring:
    blobs: Blobs | None = None


class _Pickler(cloudpickle.Pickler):
    def __init__(self, output: io.BytesIO, blobs: Blobs) -> None:
        super().__init__(output)
        self._blobs = blobs
        self.blob_ids: set[str] = set()

    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, FakeKey):
            return self._reduce_s3_object(obj)
        if isinstance(obj, BackendDict):
            return _backends, _location(obj)
        if isinstance(obj, AccountSpecificBackend):
            return _account_backends, (*_location_of_service(obj), obj.account_id)
        if isinstance(obj, _LOCK_TYPES):
            return (threading.Lock if isinstance(obj, _LOCK_TYPES[0]) else threading.RLock), ()
        if isinstance(obj, dict) and type(obj).__module__.startswith("moto."):
            # Their constructors, items() and item assignment are moto's own; the plain dict beneath is not.
            factory = obj.default_factory if isinstance(obj, defaultdict) else None
            contents = (vars(obj), dict(dict.items(obj)), factory)
            return _new, (type(obj),), contents, None, None, _set_dict_contents
        if isinstance(obj, weakref.WeakValueDictionary):
            return weakref.WeakValueDictionary, (dict(obj),)
        if isinstance(obj, (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey)):
            return _private_key, (
                obj.private_bytes(
                    serialization.Encoding.DER,
                    serialization.PrivateFormat.PKCS8,
                    serialization.NoEncryption(),
                ),
            )
        return super().reducer_override(obj)

    def _reduce_s3_object(self, key: FakeKey) -> Any:
        blob_id = _saved.get(key._value_buffer)
        if blob_id is None:
            blob_id = _saved[key._value_buffer] = self._blobs.save(_body(key))
        self.blob_ids.add(blob_id)
        state = {name: value for name, value in key.__dict__.items() if name not in ("_value_buffer", "lock")}
        return _new, (FakeKey,), (blob_id, state), None, None, _set_s3_state


def _new(cls: type[Any]) -> Any:
    return object.__new__(cls) if not issubclass(cls, dict) else dict.__new__(cls)


def _set_dict_contents(target: Any, contents: tuple[dict[str, Any], dict[Any, Any], Any]) -> None:
    attributes, items, factory = contents
    target.__dict__.update(attributes)
    if isinstance(target, defaultdict):
        target.default_factory = factory
    dict.update(target, items)


def _body(key: FakeKey) -> bytes:
    try:
        return bytes(key.value)
    except ValueError:  # the object was deleted and its buffer closed
        return b""


def _set_s3_state(key: FakeKey, saved: tuple[str, dict[str, Any]]) -> None:
    if _Restoring.blobs is None:
        raise RuntimeError("an S3 object can be restored only through mirror.snapshots.pickler.load")
    blob_id, state = saved
    key.__setstate__({**state, "value": _Restoring.blobs.load(blob_id)})
    _saved[key._value_buffer] = blob_id


def _private_key(der: bytes) -> Any:
    return serialization.load_der_private_key(der, password=None)


def _backends(module: str, name: str) -> BackendDict[Any]:
    found: BackendDict[Any] = getattr(import_module(module), name)
    return found


def _account_backends(module: str, name: str, account: str) -> Any:
    return _backends(module, name)[account]


def _location(backends: BackendDict[Any]) -> tuple[str, str]:
    """Module and variable that hold a service's backends, e.g. ``("moto.s3.models", "s3_backends")``."""
    return _find(backends.backend.__module__, lambda value: value is backends)


def _location_of_service(backends: AccountSpecificBackend[Any]) -> tuple[str, str]:
    return _find(
        backends.backend.__module__,
        lambda value: isinstance(value, BackendDict) and value.backend is backends.backend,
    )


def _find(module: str, matches: Callable[[Any], bool]) -> tuple[str, str]:
    for candidate in _modules(module):
        for name, value in vars(sys.modules[candidate]).items():
            if matches(value):
                return candidate, name
    raise TypeError(f"no module-level variable of {module} holds its backends")


def _modules(module: str) -> Iterator[str]:
    # Some services define their backend in a submodule and the dictionary beside it.
    yield module
    package = module.rsplit(".", 1)[0]
    yield from sorted(name for name in sys.modules if name.startswith(package + ".") and name != module)
