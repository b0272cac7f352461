"""Kinesis Data Streams: control plane, and a durable data plane on LMDB."""
