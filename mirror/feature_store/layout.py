"""Where a group's offline store lives: the service's S3 prefix, and its Glue table."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from mirror.api import Context, Document, ServiceError

_DATABASE = "sagemaker_featurestore"
_CATALOG = "AwsDataCatalog"
_GLUE_TYPES = {"String": "string", "Integral": "bigint", "Fractional": "double"}


def prepare(ctx: Context, document: Document) -> None:
    """Resolve the S3 prefix of a new group's offline store and create its Glue table.

    Changes ``document["OfflineStoreConfig"]`` to what DescribeFeatureGroup shows.

    Raises:
        ServiceError: ``ValidationException`` when the bucket does not exist or the table format is
            not supported.
    """
    config = document["OfflineStoreConfig"] = dict(document["OfflineStoreConfig"])
    if config.get("TableFormat", "Glue") == "Iceberg":
        raise ServiceError(
            "ValidationException", "OfflineStoreConfig.TableFormat: the mirror writes Glue tables only"
        )
    storage = config["S3StorageConfig"] = dict(config["S3StorageConfig"])
    bucket, prefix = split_uri(storage["S3Uri"])
    _require_bucket(ctx, bucket)
    epoch = int(document["CreationTime"].timestamp())
    parts = [prefix, ctx.account, "sagemaker", ctx.region, "offline-store"]
    parts += [f"{document['FeatureGroupName']}-{epoch}", "data"]
    storage["ResolvedOutputS3Uri"] = f"s3://{bucket}/" + "/".join(part for part in parts if part)
    if not config.setdefault("DisableGlueTableCreation", False):
        table = f"{document['FeatureGroupName']}_{epoch}".replace("-", "_").lower()
        config["DataCatalogConfig"] = {"TableName": table, "Catalog": _CATALOG, "Database": _DATABASE}
        _create_table(ctx, document, table, storage["ResolvedOutputS3Uri"])


def split_uri(uri: str) -> tuple[str, str]:
    """``(bucket, prefix)`` of an ``s3://`` URI; the prefix has no slash at its ends."""
    bucket, _, prefix = uri.partition("://")[2].partition("/")
    return bucket, prefix.strip("/")


def _require_bucket(ctx: Context, bucket: str) -> None:
    try:
        ctx.cloud.client("s3", ctx.region).head_bucket(Bucket=bucket)
    except ClientError as error:
        raise ServiceError(
            "ValidationException",
            f"OfflineStoreConfig.S3StorageConfig.S3Uri: bucket {bucket!r} cannot be reached ({error}); "
            "create it first",
        ) from error


def _create_table(ctx: Context, document: Document, table: str, location: str) -> None:
    glue = ctx.cloud.client("glue", ctx.region)
    try:
        glue.create_database(DatabaseInput={"Name": _DATABASE})
    except ClientError as error:
        if error.response["Error"]["Code"] != "AlreadyExistsException":
            raise
    glue.create_table(
        DatabaseName=_DATABASE,
        TableInput={
            "Name": table,
            "TableType": "EXTERNAL_TABLE",
            "Parameters": {"EXTERNAL": "TRUE", "parquet.compress": "SNAPPY"},
            "PartitionKeys": [{"Name": part, "Type": "string"} for part in ("year", "month", "day", "hour")],
            "StorageDescriptor": {
                "Columns": _columns(document),
                "Location": location,
                "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
                "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
                "SerdeInfo": {
                    "SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
                },
            },
        },
    )


def _columns(document: Document) -> list[dict[str, Any]]:
    columns = []
    for entry in document["FeatureDefinitions"]:
        kind = _GLUE_TYPES[entry["FeatureType"]]
        if entry.get("CollectionType"):
            kind = f"array<{kind}>"
        columns.append({"Name": entry["FeatureName"].lower(), "Type": kind})
    return [
        *columns,
        {"Name": "write_time", "Type": "timestamp"},
        {"Name": "api_invocation_time", "Type": "timestamp"},
        {"Name": "is_deleted", "Type": "boolean"},
    ]
