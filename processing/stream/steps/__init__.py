"""The kernel over a whole micro-batch: many entities' packed states in, features and states out.

One call does for all events of a batch what `user_query`, `user_update` and their merchant siblings do for
one, with the same kernel functions: calling into compiled code once per batch costs nothing, once per event
it costs more than the work.
"""
