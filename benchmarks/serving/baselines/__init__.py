"""The usual ways of serving a model; they run in an environment of their own (`make baselines`).

None of them does more than score: they are sent the features, need no store, and keep no log.
"""
