"""Requests and responses of the Feature Store runtime as typed structures.

Field for field those of botocore's ``sagemaker-featurestore-runtime`` model, so that a request body
is decoded and checked in one pass.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Raw, Struct

TargetStores = Annotated[list[Literal["OnlineStore", "OfflineStore"]], Meta(min_length=1, max_length=2)]
DeletionMode = Literal["SoftDelete", "HardDelete"]
Toggle = Literal["Enabled", "Disabled"]
Identifiers = Annotated[list[str], Meta(min_length=1, max_length=100)]
Names = Annotated[list[str], Meta(min_length=1)]

_SECONDS = {"Seconds": 1, "Minutes": 60, "Hours": 3600, "Days": 86400, "Weeks": 604800}


class FeatureValue(Struct, rename="pascal", omit_defaults=True):
    """One feature of a record. Both values absent means null, which is not stored."""

    feature_name: str
    value_as_string: str | None = None
    value_as_string_list: list[str] | None = None


Record = Annotated[list[FeatureValue], Meta(min_length=1)]


class TtlDuration(Struct, rename="pascal"):
    """A time to live, e.g. 14 days."""

    unit: Literal["Seconds", "Minutes", "Hours", "Days", "Weeks"]
    value: Annotated[int, Meta(ge=1)]

    def seconds(self) -> int:
        return self.value * _SECONDS[self.unit]


class PutRecord(Struct, rename="pascal", kw_only=True):
    feature_group_name: str = ""
    record: Record
    target_stores: TargetStores | None = None
    ttl_duration: TtlDuration | None = None


class UpdateRecord(Struct, rename="pascal", kw_only=True):
    feature_group_name: str = ""
    record_identifier_value_as_string: str
    features: Annotated[list[FeatureValue], Meta(min_length=1, max_length=100)]
    target_stores: TargetStores | None = None
    ttl_duration: TtlDuration | None = None


class GetRecord(Struct, rename="pascal", kw_only=True):
    feature_group_name: str = ""
    record_identifier_value_as_string: str
    feature_names: Names | None = None
    expiration_time_response: Toggle = "Disabled"


class DeleteRecord(Struct, rename="pascal", kw_only=True):
    feature_group_name: str = ""
    record_identifier_value_as_string: str
    event_time: str
    target_stores: TargetStores | None = None
    deletion_mode: DeletionMode = "SoftDelete"


class ListRecords(Struct, rename="pascal", kw_only=True):
    feature_group_name: str = ""
    max_results: Annotated[int, Meta(ge=1, le=100)] = 100
    next_token: str | None = None
    include_soft_deleted_records: bool = False


class BatchIdentifier(Struct, rename="pascal"):
    feature_group_name: str
    record_identifiers_value_as_string: Identifiers
    feature_names: Names | None = None


class BatchGetRecord(Struct, rename="pascal", kw_only=True):
    identifiers: Annotated[list[BatchIdentifier], Meta(min_length=1, max_length=100)]
    expiration_time_response: Toggle = "Disabled"


class BatchWriteEntry(Struct, rename="pascal", omit_defaults=True):
    feature_group_name: str
    record: Record
    target_stores: TargetStores | None = None
    ttl_duration: TtlDuration | None = None


class BatchWriteRecord(Struct, rename="pascal", kw_only=True):
    entries: Annotated[list[BatchWriteEntry], Meta(min_length=1, max_length=25)]
    ttl_duration: TtlDuration | None = None


class Nothing(Struct):
    """The empty response."""


class GetRecordResponse(Struct, rename="pascal", omit_defaults=True):
    """`record` is the stored JSON, passed through unparsed."""

    record: Raw | list[FeatureValue] | None = None
    expires_at: str | None = None


class BatchRecord(Struct, rename="pascal", omit_defaults=True):
    feature_group_name: str
    record_identifier_value_as_string: str
    record: Raw | list[FeatureValue]
    expires_at: str | None = None


class BatchGetError(Struct, rename="pascal"):
    feature_group_name: str
    record_identifier_value_as_string: str
    error_code: str
    error_message: str


class BatchGetRecordResponse(Struct, rename="pascal"):
    records: list[BatchRecord]
    errors: list[BatchGetError]
    unprocessed_identifiers: list[BatchIdentifier]


class BatchWriteError(Struct, rename="pascal"):
    entry: BatchWriteEntry
    error_code: str
    error_message: str


class BatchWriteRecordResponse(Struct, rename="pascal"):
    errors: list[BatchWriteError]
    unprocessed_entries: list[BatchWriteEntry]


class ListRecordsResponse(Struct, rename="pascal", omit_defaults=True):
    record_identifiers: list[str]
    next_token: str | None = None
