"""Which transactions go to real time, by different choices, and what comes of each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.policy.comparison.log import Batch
from inference.policy.comparison.prices import Prices
from inference.policy.comparison.scores import Score
from inference.policy.facts import Facts
from inference.policy.policy import Policy, Thresholds

_SWEEP = (0.0, 0.25, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98, 0.99)
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Replayed:
    """A log after the policy: one entry per transaction in each array.

    Attributes:
        flagged: decided as review or decline, whenever that is decided.
        hundredths: amounts.
        realtime: what the policy routes to real time.
        routes: of each route by its id, what takes it.
        unscored: transactions that the rules decided alone.
    """

    flagged: Mask
    fraud: Mask
    hundredths: NDArray[np.int64]
    realtime: Mask
    routes: dict[str, Mask]
    unscored: int


@dataclass(frozen=True, slots=True)
class Choice:
    """What comes of one way to route.

    Attributes:
        in_time: frauds that are reviewed or declined in real time.
        late: frauds that only the batch flags: the money is gone, the card can still be stopped.
        missed: frauds that nothing flags.
        *_amount: the same in money, in hundredths of whatever currencies the log has.
        false_alarms: genuine transactions that are reviewed or declined in real time.
        usd, usd_per_million: of the whole log, and of a million transactions like these.
    """

    name: str
    realtime: int
    batch: int
    in_time: int
    late: int
    missed: int
    in_time_amount: int
    late_amount: int
    missed_amount: int
    false_alarms: int
    usd: float
    usd_per_million: float

    @property
    def caught_in_time(self) -> float:
        """Share of all frauds that is caught in time; 0 when there are none."""
        frauds = self.in_time + self.late + self.missed
        return self.in_time / frauds if frauds else 0.0

    def as_dict(self) -> dict[str, Any]:
        """As JSON can carry it."""
        return {**asdict(self), "caught_in_time": round(self.caught_in_time, 6)}


def run(policy: Policy, batches: Iterable[Batch], score: Score, thresholds: Thresholds) -> Replayed:
    """Decide and route every transaction with the code that decides and routes them in production."""
    flagged: list[bool] = []
    realtime: list[bool] = []
    amounts: list[int] = []
    frauds: list[Mask] = []
    taken: dict[str, list[bool]] = {route: [] for route in policy.router.routes}
    unscored = 0
    for batch in batches:
        for transaction, vector, probability in zip(
            batch.transactions, batch.vectors.tolist(), score(batch).tolist(), strict=True
        ):
            facts = Facts(transaction, vector)
            known = probability == probability
            unscored += not known
            verdict = policy.decide(facts, probability if known else None, thresholds)
            flagged.append(verdict.decision != "approve")
            matching = policy.router.matching(facts)
            for route, column in taken.items():
                column.append(route in matching)
            realtime.append(policy.route(facts) == "realtime")
            amounts.append(transaction.hundredths)
        frauds.append(batch.fraud)
    return Replayed(
        np.array(flagged, bool),
        np.concatenate(frauds) if frauds else np.zeros(0, bool),
        np.array(amounts, np.int64),
        np.array(realtime, bool),
        {route: np.array(column, bool) for route, column in taken.items()},
        unscored,
    )


def compare(replayed: Replayed, prices: Prices) -> list[Choice]:
    """Everything in real time, the policy, each of its routes alone, and everything in the batch."""
    everything = np.ones(replayed.flagged.size, bool)
    named = {
        "all in real time": everything,
        "this policy": replayed.realtime,
        **{f"only route {route}": mask for route, mask in replayed.routes.items()},
        "all in batch": ~everything,
    }
    return [choose(name, mask, replayed, prices) for name, mask in named.items()]


def sweep(replayed: Replayed, prices: Prices) -> list[Choice]:
    """Routing by the amount alone, at several limits: what a policy has to be better than."""
    if not replayed.hundredths.size:
        return []
    limits = np.unique(np.quantile(replayed.hundredths, _SWEEP).astype(np.int64))
    return [
        choose(f"amount at least {limit / 100:,.2f}", replayed.hundredths >= limit, replayed, prices)
        for limit in limits.tolist()
    ]


def choose(name: str, realtime: Mask, replayed: Replayed, prices: Prices) -> Choice:
    """What comes of routing these transactions to real time."""
    caught, fraud = replayed.flagged, replayed.fraud
    in_time, late, missed = fraud & caught & realtime, fraud & caught & ~realtime, fraud & ~caught
    now, rows = int(realtime.sum()), realtime.size
    usd = prices.cost(now, rows - now)
    amounts = replayed.hundredths
    return Choice(
        name=name,
        realtime=now,
        batch=rows - now,
        in_time=int(in_time.sum()),
        late=int(late.sum()),
        missed=int(missed.sum()),
        in_time_amount=int(amounts[in_time].sum()),
        late_amount=int(amounts[late].sum()),
        missed_amount=int(amounts[missed].sum()),
        false_alarms=int((caught & realtime & ~fraud).sum()),
        usd=usd,
        usd_per_million=usd / rows * 1e6 if rows else 0.0,
    )
