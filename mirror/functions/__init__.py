"""Lambda: moto keeps the functions, the mirror runs them as child processes."""

from mirror.functions.invocations import Invocation, invoke, start

__all__ = ["Invocation", "invoke", "start"]
