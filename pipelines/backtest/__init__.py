"""Backtests: the whole road from transactions to an evaluated model, on any file, fold by fold."""
