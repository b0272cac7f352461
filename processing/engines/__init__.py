"""The engines that compute features over a log: embedded, Spark and Flink, all by the same kernel.

Each has one entry, ``run(job: FeatureJob) -> Summary``, and imports what it needs only when it is called.
"""
