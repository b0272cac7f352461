"""Keeps moto's in-memory state (S3, IAM, CloudFormation, SQS, ...) across restarts of the mirror.

The mirror's own control plane is durable by itself (`mirror.documents`). moto's is not: it lives in
Python objects. A background thread writes them to disk shortly after every change, and the next
start reads them back. S3 objects are kept sooner, in a journal that is written before a request is
answered. So `kill -9` costs at most the last moments of moto's control plane, never an S3 object whose
write was acknowledged.
"""
