"""Eight 32-bit floats that the processor handles at once, as a type for numba.

numba vectorises loops where it can prove that arrays do not overlap, which it cannot here. These
primitives name the vector instructions instead; LLVM splits a vector where registers are narrower.
Indices are taken as they are: no negative ones, no bounds checks.
"""

from __future__ import annotations

import operator
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic, lower_builtin, models, register_model, type_callable

LANES = 8

_VECTOR = ir.VectorType(ir.FloatType(), LANES)
_INDICES = ir.VectorType(ir.IntType(32), LANES)
# Lets LLVM fuse a product and the sum it goes into; nothing else may be reordered.
_FUSED = ("contract",)
_ALIGNMENT = 4


class _Lanes(types.Type):  # type: ignore[misc]  # numba is untyped
    def __init__(self) -> None:
        super().__init__(name="Float32x8")


lanes = _Lanes()


@register_model(_Lanes)
class _Model(models.PrimitiveModel):  # type: ignore[misc]  # numba is untyped
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _VECTOR)


def _address(context: Any, builder: Any, kind: Any, array: Any, index: Any) -> Any:
    return builder.gep(context.make_array(kind)(context, builder, array).data, [index])


def _vector_address(context: Any, builder: Any, kind: Any, array: Any, index: Any) -> Any:
    return builder.bitcast(_address(context, builder, kind, array, index), _VECTOR.as_pointer())


def _everywhere(builder: Any, scalar: Any) -> Any:
    first = builder.insert_element(ir.Constant(_VECTOR, ir.Undefined), scalar, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(
        first, ir.Constant(_VECTOR, ir.Undefined), ir.Constant(_INDICES, [0] * LANES)
    )


@intrinsic  # type: ignore[untyped-decorator]
def integer(_: Any, array: Any, _index: Any) -> Any:
    """``array[index]`` of 32-bit integers."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.sext(
            builder.load(_address(context, builder, signature.args[0], *args)), ir.IntType(64)
        )

    return types.intp(array, types.intp), generate


@intrinsic  # type: ignore[untyped-decorator]
def number(_: Any, array: Any, _index: Any) -> Any:
    """``array[index]`` of 32-bit floats."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load(_address(context, builder, signature.args[0], *args))

    return types.float32(array, types.intp), generate


@intrinsic  # type: ignore[untyped-decorator]
def load(_: Any, array: Any, _index: Any) -> Any:
    """``array[index : index + LANES]``."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load(_vector_address(context, builder, signature.args[0], *args), align=_ALIGNMENT)

    return lanes(array, types.intp), generate


@intrinsic  # type: ignore[untyped-decorator]
def store(_: Any, array: Any, _index: Any, _value: Any) -> Any:
    """``array[index : index + LANES] = value``."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        address = _vector_address(context, builder, signature.args[0], args[0], args[1])
        builder.store(args[2], address, align=_ALIGNMENT)
        return context.get_dummy_value()

    return types.void(array, types.intp, lanes), generate


@intrinsic  # type: ignore[untyped-decorator]
def splat(_: Any, array: Any, _index: Any) -> Any:
    """``array[index]`` in every lane."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        scalar = builder.load(_address(context, builder, signature.args[0], *args))
        return _everywhere(builder, scalar)

    return lanes(array, types.intp), generate


@intrinsic  # type: ignore[untyped-decorator]
def constant(_: Any, _scalar: Any) -> Any:
    """A 32-bit float in every lane."""

    def generate(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return _everywhere(builder, args[0])

    return lanes(types.float32), generate


@intrinsic  # type: ignore[untyped-decorator]
def where_below(_: Any, _a: Any, _b: Any, _yes: Any, _no: Any) -> Any:
    """Per lane: `yes` where ``a < b``, else `no`."""

    def generate(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.select(builder.fcmp_ordered("<", args[0], args[1]), args[2], args[3])

    return lanes(lanes, lanes, lanes, lanes), generate


@intrinsic  # type: ignore[untyped-decorator]
def multiply_add(_: Any, _a: Any, _b: Any, _c: Any) -> Any:
    """``a * b + c``."""

    def generate(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.fadd(builder.fmul(args[0], args[1], flags=_FUSED), args[2], flags=_FUSED)

    return lanes(lanes, lanes, lanes), generate


def _define(symbol: Any, instruction: str) -> None:
    @type_callable(symbol)  # type: ignore[untyped-decorator]
    def typed(_: Any) -> Any:
        def typer(a: Any, b: Any) -> Any:
            return lanes if isinstance(a, _Lanes) and isinstance(b, _Lanes) else None

        return typer

    @lower_builtin(symbol, _Lanes, _Lanes)  # type: ignore[untyped-decorator]
    def lowered(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return getattr(builder, instruction)(args[0], args[1], flags=_FUSED)


_define(operator.sub, "fsub")
_define(operator.mul, "fmul")
