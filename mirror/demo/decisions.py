"""A client of the endpoint, as a payment system would have one."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from mirror.demo.run import DemoError, Run
from processing.events import RejectedRecord, decode_transaction
from processing.sources.records import Record, transaction_records

_SERVING_TIMEOUT_S = 120.0


class RefusedError(Exception):
    """The endpoint answered that the transaction is wrong; the message names the field."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The endpoint's answer and the milliseconds the client waited for it."""

    document: dict[str, Any]
    latency_ms: float


class Client:
    """Asks the endpoint for decisions over one kept-alive connection."""

    def __init__(self, run: Run) -> None:
        self._runtime = run.client("sagemaker-runtime")
        self._endpoint = run.names.endpoint

    def decide(self, transaction: bytes) -> Answer:
        """One decision.

        Raises:
            RefusedError: the transaction is not one that can be decided.
        """
        start = time.perf_counter()
        try:
            answer = self._runtime.invoke_endpoint(
                EndpointName=self._endpoint, ContentType="application/json", Body=transaction
            )
        except self._runtime.exceptions.ModelError as error:
            if 400 <= error.response.get("OriginalStatusCode", 0) < 500:
                raise RefusedError(error.response.get("OriginalMessage", "")) from error
            raise
        document: dict[str, Any] = json.loads(answer["Body"].read())
        return Answer(document, (time.perf_counter() - start) * 1000)


def first_live_record(run: Run) -> Record:
    """The first transaction of the live day that is in order: asking about it changes nothing.

    Raises:
        DemoError: a source's last day has none.
    """
    now_ms = time.time_ns() // 1_000_000
    for record in transaction_records(run.live_data.transactions):
        with suppress(RejectedRecord):
            decode_transaction(record.data, now_ms, replay=True)
            return record
    raise DemoError("every transaction of the last day is refused: check the column map")


def show_rules(run: Run) -> None:
    """Before any model is approved, the endpoint answers by its rules.

    Raises:
        DemoError: it answers with a model.
    """
    answer = Client(run).decide(first_live_record(run).data).document
    if answer["decided_by"] != "rules":
        raise DemoError(f"the endpoint decides by {answer['decided_by']} before a model was approved")
    run.screen.line(f"the endpoint answers by its rules ({answer['rules_version']}): {answer['decision']}")


def wait_for_model(run: Run) -> None:
    """Wait until the approved model decides.

    Raises:
        DemoError: it does not within two minutes, or the rollout failed.
    """
    client, record = Client(run), first_live_record(run)
    sagemaker = run.client("sagemaker")
    answer: dict[str, Any] = {}
    deadline = time.monotonic() + _SERVING_TIMEOUT_S
    while time.monotonic() < deadline:
        answer = client.decide(record.data).document
        if answer["decided_by"] == "model":
            run.screen.line(
                f"{run.names.endpoint} now decides by model {answer['model_version']}: "
                f"{answer['decision']}, score {answer['score']:.4f}"
            )
            return
        if reason := sagemaker.describe_endpoint(EndpointName=run.names.endpoint).get("FailureReason"):
            raise DemoError(
                f"the endpoint was not updated: {reason}", run.options.state_dir / "logs/endpoints"
            )
        time.sleep(0.1)
    raise DemoError(
        f"the endpoint still decides by {answer.get('decided_by')} ({answer.get('fallback_reason')}) "
        f"{_SERVING_TIMEOUT_S:.0f} s after the approval",
        run.mirror.log,
    )
