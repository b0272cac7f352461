"""The stream consumer: raw events in; features, lake files and dead letters out, exactly once.

    shards --> merge --> engine --> commit --> outbox --> enriched and late stream, dead letters, lake
                                       |
                                       +--> dirty entities --> Feature Store

One commit to the local store holds everything a micro-batch changes: entity states, seen
transaction ids, shard offsets, counters, and the outputs still to be delivered. A consumer that is
killed resumes from the last commit; outputs are delivered after it, at least once and idempotently.
"""
