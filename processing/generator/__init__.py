"""A synthetic card business: seeded, vectorised, with the fraud patterns the platform has to find.

>>> from processing.generator import Scenario, generate
>>> dataset = generate(Scenario(events=1_000, days=7, seed=1))
>>> dataset.transactions.num_rows
1000
"""

from processing.generator.generate import generate
from processing.generator.scenario import Scenario

__all__ = ["Scenario", "generate"]
