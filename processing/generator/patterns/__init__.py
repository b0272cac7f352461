"""Fraud patterns: each module turns a budget of events into episodes on top of the honest traffic."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from processing.generator.columns import Columns
from processing.generator.patterns.account_takeover import account_takeover
from processing.generator.patterns.card_testing import card_testing
from processing.generator.patterns.compromised_merchant import compromised_merchant
from processing.generator.patterns.fast_travel import fast_travel
from processing.generator.population import Population
from processing.generator.scenario import Scenario

Pattern = Callable[[np.random.Generator, Scenario, Population, Columns, int], Columns]

# Share of the fraudulent events that each pattern makes.
PATTERNS: dict[Pattern, float] = {
    card_testing: 0.35,
    account_takeover: 0.25,
    compromised_merchant: 0.25,
    fast_travel: 0.15,
}


def frauds(
    rng: np.random.Generator, scenario: Scenario, population: Population, honest: Columns, n: int
) -> Columns:
    """`n` fraudulent transactions, divided among the patterns by their shares."""
    parts: list[Columns] = []
    left = n
    for position, (pattern, share) in enumerate(PATTERNS.items()):
        budget = left if position == len(PATTERNS) - 1 else min(left, round(n * share))
        left -= budget
        if budget:
            parts.append(pattern(rng, scenario, population, honest, budget))
    return Columns.concat(parts)
