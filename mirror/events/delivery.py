"""Delivery in the background: retries with back-off, and a dead-letter queue for what never arrives."""

from __future__ import annotations

import json
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from mirror import messages
from mirror.api import Context, Document, ServiceError
from mirror.events.targets import reach

log = logging.getLogger(__name__)

_WORKERS = 8
_FIRST_DELAY_S = 0.2
_LONGEST_DELAY_S = 30.0
_DEFAULT_ATTEMPTS = 185
_DEFAULT_AGE_S = 86_400
_pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="delivery")


@dataclass
class Delivery:
    """One event on its way to one target.

    Args:
        source: ARN of the rule or schedule.
        text: what the target receives.
        event: the event itself, for the dead-letter queue.
    """

    ctx: Context
    source: str
    target: Document
    text: str
    event: Document
    attempts: int = 0
    since: float = field(default_factory=time.monotonic)


def deliver(delivery: Delivery) -> None:
    """Queue a delivery; returns at once."""
    _pool.submit(_attempt, delivery)


def _attempt(delivery: Delivery) -> None:
    delivery.attempts += 1
    try:
        reach(delivery.ctx, delivery.target, delivery.text)
    except ServiceError as error:
        _failed(delivery, error)
    except Exception as error:  # a malformed event must not end the delivery thread unnoticed
        log.exception("%s → %s", delivery.source, delivery.target["Arn"])
        _failed(delivery, ServiceError("InternalFailure", repr(error), 400))


def _failed(delivery: Delivery, error: ServiceError) -> None:
    policy = delivery.target.get("RetryPolicy", {})
    retries = policy.get("MaximumRetryAttempts", _DEFAULT_ATTEMPTS)
    age = time.monotonic() - delivery.since
    # What AWS calls retryable: the target is busy or broken, not gone or unwilling.
    retryable = error.status >= 500 or error.status == 429 or "Throttl" in error.code
    may_retry = delivery.attempts <= retries and age < policy.get("MaximumEventAgeInSeconds", _DEFAULT_AGE_S)
    if retryable and may_retry:
        delay = min(_FIRST_DELAY_S * 2 ** (delivery.attempts - 1), _LONGEST_DELAY_S)
        timer = threading.Timer(delay, deliver, [delivery])
        timer.daemon = True
        timer.start()
        return
    log.error(
        "%s → %s: given up after %d attempt(s): %s",
        delivery.source,
        delivery.target["Arn"],
        delivery.attempts,
        error,
    )
    _dead_letter(delivery, error, "MaximumRetryAttempts" if retryable else "")


def _dead_letter(delivery: Delivery, error: ServiceError, exhausted: str) -> None:
    queue = delivery.target.get("DeadLetterConfig", {}).get("Arn")
    if not queue:
        return
    attributes = {
        "RULE_ARN": delivery.source,
        "TARGET_ARN": delivery.target["Arn"],
        "ERROR_CODE": error.code,
        "ERROR_MESSAGE": error.message[:1024],
        "RETRY_ATTEMPTS": str(delivery.attempts - 1),
    } | ({"EXHAUSTED_RETRY_CONDITION": exhausted} if exhausted else {})
    try:
        messages.send_text(delivery.ctx, queue, json.dumps(delivery.event), attributes=attributes)
    except ServiceError:
        log.exception("%s: dead-letter queue %s", delivery.source, queue)
