"""Scores of transactions and the exact contribution of every feature to them."""

from inference.scoring.scorer import Matrix, Scorer, Scores, scorer

__all__ = ["Matrix", "Scorer", "Scores", "scorer"]
