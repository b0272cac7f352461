"""SageMaker Feature Store: control plane, online store on LMDB, offline copy as Parquet in S3."""
