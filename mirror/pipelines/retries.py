"""Retry policies: which failures of a step are tried again, how often and how fast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mirror.pipelines.errors import InvalidDefinition

EXCEPTION_TYPES = (
    "Step.SERVICE_FAULT",
    "Step.THROTTLING",
    "SageMaker.JOB_INTERNAL_ERROR",
    "SageMaker.CAPACITY_ERROR",
    "SageMaker.RESOURCE_LIMIT",
)
_MAX_ATTEMPTS = 20
_MAX_INTERVAL_SECONDS = 43_200
_MAX_EXPIRE_MINUTES = 14_400


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """When to try again: up to `max_attempts` retries, or until `expire_seconds` have passed."""

    exception_types: tuple[str, ...]
    interval_seconds: float
    backoff_rate: float
    max_attempts: int | None
    expire_seconds: float | None

    def delay(self, retry: int, elapsed_seconds: float) -> float | None:
        """Seconds to wait before retry number `retry` (from 1), or None to give up.

        Args:
            elapsed_seconds: since the step started.
        """
        if self.max_attempts is not None and retry > self.max_attempts:
            return None
        pause = self.interval_seconds * self.backoff_rate ** (retry - 1)
        if self.expire_seconds is not None and elapsed_seconds + pause > self.expire_seconds:
            return None
        return min(pause, float(_MAX_INTERVAL_SECONDS))


def delay_for(
    policies: Sequence[RetryPolicy], kind: str | None, retry: int, elapsed_seconds: float
) -> float | None:
    """The pause that the first policy matching the failure `kind` asks for, or None to give up."""
    for policy in policies:
        if kind in policy.exception_types:
            return policy.delay(retry, elapsed_seconds)
    return None


def parse_retry_policies(items: Sequence[Any], where: str) -> tuple[RetryPolicy, ...]:
    """Read a step's ``RetryPolicies``.

    Raises:
        InvalidDefinition: a policy has an unknown exception type or a number out of range.
    """
    return tuple(_policy(item, f"{where}: RetryPolicies[{index}]") for index, item in enumerate(items))


def _policy(item: Any, where: str) -> RetryPolicy:
    types = item.get("ExceptionType") if isinstance(item, dict) else None
    if not isinstance(types, list) or not types:
        raise InvalidDefinition(f"{where}: ExceptionType is missing or not a list")
    for name in types:
        if name not in EXCEPTION_TYPES:
            raise InvalidDefinition(
                f"{where}: ExceptionType {name!r} is not one of {', '.join(EXCEPTION_TYPES)}"
            )
    attempts, expire = item.get("MaxAttempts"), item.get("ExpireAfterMin")
    if (attempts is None) == (expire is None):
        raise InvalidDefinition(f"{where}: give either MaxAttempts or ExpireAfterMin")
    return RetryPolicy(
        tuple(types),
        _number(item, "IntervalSeconds", where, 1, _MAX_INTERVAL_SECONDS),
        _number(item, "BackoffRate", where, 2.0, float("inf")),
        None if attempts is None else int(_number(item, "MaxAttempts", where, 1, _MAX_ATTEMPTS)),
        None if expire is None else 60 * _number(item, "ExpireAfterMin", where, 0, _MAX_EXPIRE_MINUTES),
    )


def _number(item: dict[str, Any], field: str, where: str, default: float, maximum: float) -> float:
    value = item.get(field, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= maximum:
        raise InvalidDefinition(f"{where}: {field} {value!r} is not a number from 0 to {maximum:g}")
    return value
