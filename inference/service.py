"""One decision: read the features, score, explain; or let the rules decide and say why they did."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Literal

import msgspec

from feature_groups import FEATURE_NAMES
from inference.feature_store import FeatureReader, FeaturesUnavailableError, Records
from inference.logs import Throttled
from inference.model import Decision, Model
from inference.predictions import FeaturesAsOf, Prediction, PredictionLog
from inference.reasons import Reason, top_reasons
from inference.rules import Facts, RuleEngine
from processing import features
from processing.events import Transaction
from processing.events.moments import iso

NO_MODEL = "no model is deployed"


class Answer(msgspec.Struct, frozen=True):
    """What the caller gets; every field is described in docs/endpoint.md."""

    transaction_id: str
    decision: Decision
    score: float | None
    decided_by: Literal["model", "rules"]
    fallback_reason: str | None
    model_version: str | None
    rules_version: str
    reasons: list[Reason]
    features_as_of: FeaturesAsOf | None
    latency_ms: float


class DecisionService:
    """Decides transactions with a model, and without one; every decision is recorded in `log`."""

    def __init__(
        self,
        reader: FeatureReader,
        rules: RuleEngine,
        model: Model | None,
        model_version: str | None,
        log: PredictionLog,
        *,
        read_budget_s: float,
    ) -> None:
        self._reader = reader
        self._rules = rules
        self._model = model
        self._model_version = model_version
        self._budget = read_budget_s
        self._predictions = log
        self._log = Throttled(logging.getLogger("inference"))

    async def decide(self, transaction: Transaction, started: float) -> Answer:
        """Decide one transaction.

        Args:
            started: `time.perf_counter()` when the request arrived, for ``latency_ms``.
        """
        answer, vector = await self._decide(transaction, started)
        self._predictions.put(_prediction(transaction, answer, vector))
        return answer

    async def _decide(self, transaction: Transaction, started: float) -> tuple[Answer, list[float] | None]:
        """The answer, and the features it is based on; None when there are none."""
        try:
            async with asyncio.timeout(self._budget):
                records = await self._reader.read(transaction.user_id, transaction.merchant_id)
        except TimeoutError:
            late = f"the feature store did not answer within {self._budget * 1000:g} ms"
            return self._by_rules(transaction, None, None, late, started), None
        except FeaturesUnavailableError as error:
            return self._by_rules(transaction, None, None, str(error), started), None
        try:
            vector = features.vector(transaction, records.profile, records.user, records.merchant)
        except Exception as error:  # whatever breaks in the features, the caller still gets a decision
            logging.getLogger("inference").exception("computing the features failed")
            reason = f"computing the features failed: {type(error).__name__}"
            return self._by_rules(transaction, None, records, reason, started), None
        if self._model is None:
            return self._by_rules(transaction, vector, records, NO_MODEL, started), vector
        try:
            scored = self._model.score(vector)
        except Exception as error:  # whatever breaks in the model, the caller still gets a decision
            logging.getLogger("inference").exception("the model failed")
            reason = f"the model failed: {type(error).__name__}"
            return self._by_rules(transaction, vector, records, reason, started), vector
        answer = Answer(
            transaction_id=transaction.transaction_id,
            decision=self._model.decide(scored.probability),
            score=scored.probability,
            decided_by="model",
            fallback_reason=None,
            model_version=self._model_version,
            rules_version=self._rules.version,
            reasons=top_reasons(vector, scored.contributions),
            features_as_of=_as_of(records),
            latency_ms=_elapsed_ms(started),
        )
        return answer, vector

    def _by_rules(
        self,
        transaction: Transaction,
        vector: list[float] | None,
        records: Records | None,
        fallback_reason: str,
        started: float,
    ) -> Answer:
        if fallback_reason is not NO_MODEL:
            self._log.warning("rules decide", reason=fallback_reason)
        verdict = self._rules.decide(_facts(transaction, vector))
        return Answer(
            transaction_id=transaction.transaction_id,
            decision=verdict.decision,
            score=None,
            decided_by="rules",
            fallback_reason=fallback_reason,
            model_version=self._model_version,
            rules_version=self._rules.version,
            reasons=verdict.reasons,
            features_as_of=None if records is None else _as_of(records),
            latency_ms=_elapsed_ms(started),
        )


def _prediction(transaction: Transaction, answer: Answer, vector: list[float] | None) -> Prediction:
    return Prediction(
        transaction_id=transaction.transaction_id,
        user_id=transaction.user_id,
        merchant_id=transaction.merchant_id,
        timestamp=iso(transaction.timestamp_ms),
        decided_at=iso(time.time_ns() // 1_000_000),
        decision=answer.decision,
        decided_by=answer.decided_by,
        fallback_reason=answer.fallback_reason,
        fraud_probability=answer.score,
        reasons=answer.reasons,
        model_version=answer.model_version,
        rules_version=answer.rules_version,
        features_used=vector,
        features_as_of=answer.features_as_of,
        prediction_latency_ms=answer.latency_ms,
    )


def _facts(transaction: Transaction, vector: list[float] | None) -> Facts:
    known: dict[str, float | str | None] = {}
    if vector is not None:
        known.update(zip(FEATURE_NAMES, vector, strict=True))
    known["amount"] = transaction.hundredths / 100.0
    known["currency"] = transaction.currency
    known["country"] = transaction.country
    known["device"] = transaction.device
    known["channel"] = transaction.channel
    return known


def _as_of(records: Records) -> FeaturesAsOf:
    return FeaturesAsOf(records.profile_time, records.user_time, records.merchant_time)


def _elapsed_ms(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 3)
