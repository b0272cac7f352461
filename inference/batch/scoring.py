"""Decides whole logs with the endpoint's own decider."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from feature_groups import FEATURE_NAMES
from inference import bundle, policy
from inference.deciding import MOST_AT_ONCE, Case, Decider
from inference.ids import DecisionIds
from inference.policy import Facts, Policy
from inference.policy.comparison import log
from inference.predictions import Prediction
from inference.scoring.model import Model
from processing import features
from processing.events import RejectedRecord, Transaction, decode_transaction
from processing.sources.dataset import Dataset

Route = Literal["all", "realtime", "batch"]
_PATIENCE_S = 1e9  # nobody waits


class _Collected:
    """A log of decisions that hands them out instead of keeping them."""

    def __init__(self) -> None:
        self.records: list[Prediction] = []

    def append(self, records: Sequence[Prediction]) -> None:
        self.records += records

    def take(self) -> list[Prediction]:
        taken, self.records = self.records, []
        return taken


class BatchScorer:
    """A model and a policy, ready to decide files.

    Args:
        version: what the records call the model.

    Raises:
        BundleError: the folder holds no model that can be used.
        PolicyError: the policy cannot be used.
    """

    def __init__(self, model_dir: Path, policy_file: Path, version: str | None) -> None:
        self.policy: Policy = policy.load(policy_file)
        loaded = bundle.load(model_dir)
        if loaded is None:
            raise bundle.BundleError(f"{model_dir}: no model there: expected model.ubj and bundle.json")
        model = Model(loaded, version)
        model.warm()
        self._collected = _Collected()
        self._decider = Decider(
            self.policy, model, version, self._collected, DecisionIds(), budget_s=_PATIENCE_S
        )
        self._ids = DecisionIds()

    def score(
        self, dataset: Dataset, *, limit: int | None = None, since_ms: int = 0, route: Route = "all"
    ) -> Iterator[list[Prediction]]:
        """Decide a data set in event order, each transaction as of its own time.

        Args:
            since_ms: earlier transactions only make history.
            route: decide what the policy routes there; the rest only makes history.

        Raises:
            EngineError: a required column has gaps.
        """
        for batch in log.replay(dataset, limit, since_ms):
            wanted = self._wanted(batch, route)
            transactions = [batch.transactions[at] for at in wanted]
            yield from self.decide(transactions, batch.vectors[wanted])

    def decide(self, transactions: Sequence[Transaction], matrix: np.ndarray) -> Iterator[list[Prediction]]:
        """Decide transactions whose features are known: ``[transactions, features]``, NaN for missing."""
        for first in range(0, len(transactions), MOST_AT_ONCE):
            part = slice(first, first + MOST_AT_ONCE)
            yield self._decided(transactions[part], matrix[part])

    def score_lines(self, lines: Iterable[bytes]) -> Iterator[Prediction | RejectedRecord]:
        """Decide JSON Lines one after the other; each becomes history for those that follow."""
        users: dict[str, features.UserState] = {}
        merchants: dict[str, features.MerchantState] = {}
        row = np.empty((1, len(FEATURE_NAMES)))
        for line in lines:
            if not line.strip():
                continue
            try:
                transaction = decode_transaction(line.strip(), time.time_ns() // 1_000_000, replay=True)
            except RejectedRecord as rejected:
                yield rejected
                continue
            user = users.setdefault(transaction.user_id, features.UserState())
            merchant = merchants.setdefault(transaction.merchant_id, features.MerchantState())
            features.vector_into(row[0], transaction, None, user, merchant)
            yield self._decided([transaction], row)[0]
            features.observe(transaction, user, merchant)

    def _wanted(self, batch: log.Batch, route: Route) -> list[int]:
        if route == "all":
            return list(range(len(batch.transactions)))
        routed = [
            self.policy.route(Facts(transaction, vector))
            for transaction, vector in zip(batch.transactions, batch.vectors.tolist(), strict=True)
        ]
        return [at for at, choice in enumerate(routed) if choice == route]

    def _decided(self, transactions: Sequence[Transaction], matrix: np.ndarray) -> list[Prediction]:
        now = time.perf_counter()
        cases = [Case(transaction, now) for transaction in transactions]
        self._decider.decide_featured(cases, matrix, self._ids.take(len(cases)))
        return self._collected.take()
