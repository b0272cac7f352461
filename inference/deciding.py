"""Decides transactions, as many at once as are waiting: features, score, reasons, policy, record, answer."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from feature_groups import FEATURE_NAMES
from inference.answers import Answer
from inference.decision_log import DecisionLog
from inference.ids import DecisionIds
from inference.logs import Throttled
from inference.policy import Facts, Policy, SignalValue, Verdict
from inference.predictions import FeaturesAsOf, Prediction
from inference.reasons import MAX_REASONS, Reason, top_reasons
from inference.scoring.model import Model
from inference.scoring.ranking import rank
from inference.scoring.scorer import Matrix
from inference.stores import Records
from processing import features
from processing.events import Transaction
from processing.events.moments import iso

NO_MODEL = "no model is deployed"
MOST_AT_ONCE = 64

log = logging.getLogger("inference")


class Case:
    """A transaction on its way to a decision.

    Attributes:
        started: `time.perf_counter()` when its request arrived.
        records: what is stored of its user and merchant; None when it could not be read.
        signals: what third parties said; None when none was asked.
        problem: why the rules have to decide; None while the model can.
    """

    __slots__ = ("problem", "records", "signals", "started", "transaction")

    def __init__(self, transaction: Transaction, started: float) -> None:
        self.transaction = transaction
        self.started = started
        self.records: Records | None = None
        self.signals: dict[str, SignalValue] | None = None
        self.problem: str | None = None


class _Scored(NamedTuple):
    """What the model says of a case.

    Attributes:
        contributions: of every feature, bytes of a float32 array.
        strongest: features with the largest contributions; `strengths` are theirs, `total` is the sum
            of all absolute values.
    """

    probability: float
    contributions: bytes
    strongest: list[int]
    strengths: list[float]
    total: float


class Decider:
    """Turns cases into answers, and records them first. Not for several threads.

    Args:
        model_version: what answers call the model; also of one that is missing.
        budget_s: a case that is older when its turn comes is decided by the rules: the caller must not
            wait for the model too.
    """

    def __init__(
        self,
        policy: Policy,
        model: Model | None,
        model_version: str | None,
        decision_log: DecisionLog,
        ids: DecisionIds,
        *,
        budget_s: float,
    ) -> None:
        self._policy = policy
        self._model = model
        self._model_version = model_version
        self._decision_log = decision_log
        self._ids = ids
        self._budget_s = budget_s
        self._warn = Throttled(log)
        self._matrix = np.empty((MOST_AT_ONCE, len(FEATURE_NAMES)))
        thresholds = policy.thresholds or (None if model is None else model.thresholds)
        self._review = None if thresholds is None else thresholds.review
        self._decline = None if thresholds is None else thresholds.decline

    def decide(self, cases: Sequence[Case]) -> list[Answer]:
        """Decide at most `MOST_AT_ONCE` cases together.

        Raises:
            DecisionLogError: the records cannot be kept, so nothing may be answered.
        """
        vectors = [self._vector(at, case) for at, case in enumerate(cases)]
        return self._decided(cases, vectors, self._ids.take(len(cases)))

    def decide_featured(self, cases: Sequence[Case], matrix: Matrix, ids: Sequence[str]) -> list[Answer]:
        """Decide at most `MOST_AT_ONCE` cases whose features are computed already.

        Args:
            matrix: [cases, features], NaN for missing.
            ids: names of the decisions.

        Raises:
            DecisionLogError: the records cannot be kept, so the decisions do not count.
        """
        self._matrix[: len(cases)] = matrix
        return self._decided(cases, matrix.tolist(), ids)

    def _decided(
        self, cases: Sequence[Case], vectors: Sequence[list[float] | None], ids: Sequence[str]
    ) -> list[Answer]:
        scored = self._score(cases)
        decided_at = iso(time.time_ns() // 1_000_000)
        answers = [self._answer(*entry) for entry in zip(ids, cases, vectors, scored, strict=True)]
        self._decision_log.append(
            [self._record(*entry, decided_at) for entry in zip(cases, answers, vectors, scored, strict=True)]
        )
        return answers

    def _vector(self, at: int, case: Case) -> list[float] | None:
        """The features of a case, also as a row of the matrix; None when there are none."""
        records = case.records
        if records is None:
            return None
        row = self._matrix[at]
        try:
            features.vector_into(row, case.transaction, records.profile, records.user, records.merchant)
        except Exception as error:  # whatever breaks in the features, the caller still gets a decision
            self._warn.exception("computing the features failed")
            case.problem = f"computing the features failed: {type(error).__name__}"
            return None
        return row.tolist()  # type: ignore[no-any-return]

    def _score(self, cases: Sequence[Case]) -> list[_Scored | None]:
        """What the model says of each case; None where the rules have to decide, with the problem noted."""
        found: list[_Scored | None] = [None] * len(cases)
        oldest = time.perf_counter() - self._budget_s
        rows = []
        for at, case in enumerate(cases):
            if case.problem is not None:
                continue
            if self._model is None:
                case.problem = NO_MODEL
            elif case.started < oldest:
                waited = (time.perf_counter() - case.started) * 1000
                case.problem = f"no time was left for the model: the request had waited {waited:.0f} ms"
            else:
                rows.append(at)
        if not rows or self._model is None:
            return found
        matrix = self._matrix[: len(rows)] if rows[-1] == len(rows) - 1 else self._matrix[rows]
        try:
            scores = self._model.score(matrix)
        except Exception as error:  # whatever breaks in the model, the caller still gets a decision
            self._warn.exception("the model failed")
            for at in rows:
                cases[at].problem = f"the model failed: {type(error).__name__}"
            return found
        ranked = rank(scores, MAX_REASONS)
        each = zip(
            rows,
            ranked.usable,
            scores.probabilities.tolist(),
            [contributions.tobytes() for contributions in scores.contributions],
            ranked.strongest,
            ranked.strengths,
            ranked.totals,
            strict=True,
        )
        for at, good, *said in each:
            if good:
                found[at] = _Scored(*said)
            else:
                cases[at].problem = "the model answered with a number that is not a probability"
        return found

    def _answer(
        self, decision_id: str, case: Case, vector: list[float] | None, scored: _Scored | None
    ) -> Answer:
        facts = Facts(case.transaction, vector, case.signals)
        verdict: Verdict
        reasons: Sequence[Reason]
        if scored is None:
            if case.problem is not NO_MODEL:
                self._warn.warning("rules decide", reason=case.problem)
            verdict = self._policy.decide(facts, None, None)
            reasons = verdict.reasons
        else:
            assert vector is not None
            assert self._model is not None
            verdict = self._policy.decide(facts, scored.probability, self._model.thresholds)
            own = top_reasons(vector, scored.strongest, scored.strengths, scored.total)
            # A rule that changed the outcome is why; the model's reasons follow.
            reasons = [*verdict.reasons, *own][:MAX_REASONS] if verdict.decided_by == "rules" else own
        records = case.records
        return Answer(
            decision_id=decision_id,
            transaction_id=case.transaction.transaction_id,
            decision=verdict.decision,
            score=None if scored is None else scored.probability,
            decided_by=verdict.decided_by,
            fallback_reason=case.problem,
            model_version=self._model_version,
            rules_version=self._policy.version,
            reasons=reasons,
            rules_matched=verdict.rules_live,
            rules_shadow=verdict.rules_shadow,
            signals=case.signals,
            features_as_of=None
            if records is None
            else FeaturesAsOf(records.profile_time, records.user_time, records.merchant_time),
            staleness_ms=None if records is None else records.staleness_ms,
            latency_ms=round((time.perf_counter() - case.started) * 1000, 3),
        )

    def _record(
        self,
        case: Case,
        answer: Answer,
        vector: list[float] | None,
        scored: _Scored | None,
        decided_at: str,
    ) -> Prediction:
        transaction = case.transaction
        return Prediction(
            transaction_id=transaction.transaction_id,
            user_id=transaction.user_id,
            merchant_id=transaction.merchant_id,
            timestamp=iso(transaction.timestamp_ms),
            decided_at=decided_at,
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
            decision_id=answer.decision_id,
            amount=transaction.hundredths / 100.0,
            currency=transaction.currency,
            rules_live=answer.rules_matched,
            rules_shadow=answer.rules_shadow,
            signals=answer.signals,
            staleness_ms=answer.staleness_ms,
            contributions=None if scored is None else scored.contributions,
            review_threshold=self._review,
            decline_threshold=self._decline,
        )
