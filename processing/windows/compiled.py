"""One source, two ways to run it: compiled by numba on arrays, or plain CPython on memoryviews.

Kernel functions are written in the subset that means the same both ways: integer arithmetic that
stays inside 64 bits, indexing, and the primitives below, which alone exist twice. Importing this
module imports numba where it is installed; `processing.windows` does so only on first use.

``FRAUDLINE_KERNEL=python`` forces plain Python, ``numba`` refuses to run without numba.
"""

from __future__ import annotations

import os
import sys
from array import array
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from hashlib import blake2b
from importlib import import_module
from importlib.resources import files
from importlib.util import find_spec
from typing import Any, Protocol, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

Buffer = Any  # bytes of a packed state: uint8 array or memoryview
Values = Any  # room for results: float64 array or list


class Words(Protocol):
    """64-bit integers: array, memoryview or list."""

    def __getitem__(self, at: int, /) -> int: ...
    def __setitem__(self, at: int, value: int, /) -> None: ...
    def __len__(self) -> int: ...


if sys.byteorder != "little":
    raise ImportError("packed states are little-endian: run this on a little-endian machine")

_choice = os.environ.get("FRAUDLINE_KERNEL", "")
_installed = find_spec("numba") is not None
if _choice not in ("", "numba", "python"):
    raise ImportError(f"FRAUDLINE_KERNEL={_choice}: use numba, python or leave it unset")
if _choice == "numba" and not _installed:
    raise ImportError("FRAUDLINE_KERNEL=numba: numba is not installed; install it or unset the variable")
NUMBA = _installed and _choice != "python"

_MASK = (1 << 64) - 1


@cache
def _digest(package: str) -> str:
    """What the sources of a package hold, also inside a zip."""
    sources = sorted((f.name, f.read_bytes()) for f in files(package).iterdir() if f.name.endswith(".py"))
    return blake2b(repr(sources).encode(), digest_size=16).hexdigest()


if NUMBA:
    _numba = import_module("numba")
    _caching = import_module("numba.core.caching")
    np = import_module("numpy")

    class _Cache(_caching.FunctionCache):  # type: ignore[misc, name-defined]  # numba is untyped
        """numba's cache on disk knows only a function's own file: here its callees' files count too."""

        def _index_key(self, sig: Any, codegen: Any) -> tuple[Any, ...]:
            packages = {
                "processing.windows",
                "processing.windows.kernel",
                self._py_func.__module__.rpartition(".")[0],
            }
            sources = [_digest(package) for package in sorted(packages - {""})]
            return (*super()._index_key(sig, codegen), np.__version__, *sources)

    def compiled(function: F) -> F:
        """Compile a function on its first call, and keep the result on disk where that is possible."""
        dispatcher = _numba.njit(nogil=True)(function)
        with suppress(RuntimeError):  # no writable place, as in a read-only container: compile in memory
            dispatcher._cache = _Cache(function)
        return dispatcher  # type: ignore[no-any-return]

    @compiled
    def int64s(buffer: Buffer, start: int, count: int) -> Words:
        """`count` 8-byte integers from byte `start` on, a view."""
        return buffer[start : start + 8 * count].view(np.int64)  # type: ignore[no-any-return]

    @compiled
    def int32s(buffer: Buffer, start: int, count: int) -> Words:
        """`count` 4-byte integers from byte `start` on, a view."""
        return buffer[start : start + 4 * count].view(np.int32)  # type: ignore[no-any-return]

    @compiled
    def empty(size: int) -> Buffer:
        """A new buffer of `size` bytes, to be written in full."""
        return np.empty(size, np.uint8)

    @compiled
    def zeros(count: int) -> Words:
        """`count` integers, all 0."""
        return np.zeros(count, np.int64)  # type: ignore[no-any-return]

    @compiled
    def copy(to: Any, at: int, source: Any, start: int, count: int) -> None:
        """``to[at : at + count] = source[start : start + count]``, which do not overlap."""
        for i in range(count):
            to[at + i] = source[start + i]

    @compiled
    def splitmix64(value: int) -> int:
        """A small non-negative number spread over 64 bits, signed (Steele, Lea & Flood 2014)."""
        z = np.uint64(value) + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return np.int64(z ^ (z >> np.uint64(31)))  # type: ignore[no-any-return]

    def table(values: Sequence[float]) -> Any:
        """A constant that kernel functions index."""
        return np.array(values)

    def integers(values: Sequence[int]) -> Any:
        """An argument of 64-bit integers."""
        return np.array(values, np.int64)

    def buffer(state: bytes) -> Buffer:
        """A packed state as an argument."""
        return np.frombuffer(bytearray(state), np.uint8)  # writable, so that one compilation serves all

    def floats(count: int) -> Values:
        """Room for `count` results."""
        return np.empty(count)

    def listed(values: Values) -> list[float]:
        """Results as a list."""
        return values.tolist()  # type: ignore[no-any-return]

    def packed(state: Buffer) -> bytes:
        """A buffer as bytes."""
        return state.tobytes()  # type: ignore[no-any-return]

else:

    def compiled(function: F) -> F:
        """The function itself: there is no compiler here."""
        return function

    def int64s(buffer: Buffer, start: int, count: int) -> Words:
        """`count` 8-byte integers from byte `start` on, a view."""
        return buffer[start : start + 8 * count].cast("q") if count else array("q")

    def int32s(buffer: Buffer, start: int, count: int) -> Words:
        """`count` 4-byte integers from byte `start` on, a view."""
        return buffer[start : start + 4 * count].cast("i") if count else array("i")

    def empty(size: int) -> Buffer:
        """A new buffer of `size` bytes, to be written in full."""
        return memoryview(bytearray(size))

    def zeros(count: int) -> Words:
        """`count` integers, all 0."""
        return [0] * count

    def copy(to: Any, at: int, source: Any, start: int, count: int) -> None:
        """``to[at : at + count] = source[start : start + count]``, which do not overlap."""
        if count > 0:
            to[at : at + count] = source[start : start + count]

    def splitmix64(value: int) -> int:
        """A small non-negative number spread over 64 bits, signed (Steele, Lea & Flood 2014)."""
        z = (value + 0x9E3779B97F4A7C15) & _MASK
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
        z ^= z >> 31
        return z - (1 << 64) if z >> 63 else z

    def table(values: Sequence[float]) -> Any:
        """A constant that kernel functions index."""
        return tuple(values)

    def integers(values: Sequence[int]) -> Any:
        """An argument of 64-bit integers."""
        return tuple(values)

    def buffer(state: bytes) -> Buffer:
        """A packed state as an argument."""
        return memoryview(state)

    def floats(count: int) -> Values:
        """Room for `count` results."""
        return [0.0] * count

    def listed(values: Values) -> list[float]:
        """Results as a list."""
        return values  # type: ignore[no-any-return]

    def packed(state: Buffer) -> bytes:
        """A buffer as bytes."""
        return bytes(state)
