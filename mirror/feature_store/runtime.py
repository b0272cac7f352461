"""The seven operations of the Feature Store runtime, with the service's semantics.

Typed requests in, typed responses out; HTTP and in-process callers share them.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from pathlib import Path

import msgspec

from mirror.api import ServiceError
from mirror.cloud import Cloud
from mirror.feature_store import messages as m
from mirror.feature_store import online, store
from mirror.feature_store.groups import Group, Groups
from mirror.feature_store.online import OfflineRow, OnlineRecord
from mirror.feature_store.records import CheckedRecord, check_record, event_time_us, invalid, iso

_MAX_IDENTIFIERS = 100
_encode = msgspec.json.Encoder().encode
_decode_values = msgspec.json.Decoder(list[m.FeatureValue]).decode


@dataclass(frozen=True, slots=True)
class Targets:
    """The stores that one write goes to."""

    online: bool
    offline: bool


class Runtime:
    """The data plane of one mirror's feature groups."""

    def __init__(self, cloud: Cloud) -> None:
        self.groups = Groups(cloud)
        self.store = store.of(cloud)

    def put_record(self, region: str, request: m.PutRecord) -> m.Nothing:
        """Overwrite the whole record; an event time that is not newer goes to the offline store only."""
        group = self.groups.find(region, request.feature_group_name)
        self._put(group, request.record, request.target_stores, request.ttl_duration)
        return m.Nothing()

    def get_record(self, region: str, request: m.GetRecord) -> m.GetRecordResponse:
        """The newest live record; an empty response when there is none."""
        group = _online(self.groups.find(region, request.feature_group_name))
        _check_names(group, request.feature_names)
        found = self.store.get(group, request.record_identifier_value_as_string)
        if found is None or found.deleted:
            return m.GetRecordResponse()
        return m.GetRecordResponse(
            _select(found, request.feature_names), _expires_at(found, request.expiration_time_response)
        )

    def delete_record(self, region: str, request: m.DeleteRecord) -> m.Nothing:
        """Leave a tombstone (SoftDelete) or nothing (HardDelete), and a marker in the offline store.

        Raises:
            ServiceError: ``ValidationError`` for a HardDelete whose event time is not later.
        """
        group = self.groups.find(region, request.feature_group_name)
        targets = _targets(group, request.target_stores)
        identifier = request.record_identifier_value_as_string
        event = event_time_us(group, request.event_time)
        marker = _encode(
            [
                m.FeatureValue(group.identifier, identifier),
                m.FeatureValue(group.event_time, request.event_time),
            ]
        )
        with self.store.writing() as txn:
            if targets.online:
                current = self.store.get(group, identifier, txn)
                later = current is None or event > current.event_us
                if request.deletion_mode == "HardDelete":
                    if not later:
                        raise invalid(
                            f"EventTime: {request.event_time!r} is not later than the record's event time; "
                            "a HardDelete needs a later one"
                        )
                    self.store.remove(txn, group, identifier)
                elif later:
                    tombstone = online.record(event, group.ttl_s, marker, deleted=True)
                    self.store.put(txn, group, identifier, tombstone)
            if targets.offline:
                row = OfflineRow(event, store.now_us(), deleted=True, json=marker)
                self.store.append_offline(txn, group, row)
        return m.Nothing()

    def update_record(self, region: str, request: m.UpdateRecord) -> m.Nothing:
        """Change some features of an existing record.

        Raises:
            ServiceError: ``ResourceNotFound`` without a live record, ``ConflictException`` for an
                older event time.
        """
        group = _online(self.groups.find(region, request.feature_group_name))
        if group.storage_type == "Standard":
            raise invalid(
                f"{group.name}: UpdateRecord needs the online store type Standard_V2 or InMemory, this "
                "group has Standard; use PutRecord"
            )
        targets = _targets(group, request.target_stores)
        identifier = request.record_identifier_value_as_string
        given = {value.feature_name: value for value in request.features}
        if group.identifier in given and given[group.identifier].value_as_string != identifier:
            raise invalid(f"{group.identifier}: must equal RecordIdentifierValueAsString, or be left out")
        if request.ttl_duration is not None and group.event_time not in given:
            raise invalid(f"TtlDuration: also send the event time {group.event_time!r}")
        with self.store.writing() as txn:
            current = self.store.get(group, identifier, txn)
            if current is None or current.deleted:
                raise ServiceError(
                    "ResourceNotFound", f"{group.name}: no record {identifier!r}; use PutRecord", 404
                )
            merged = {value.feature_name: value for value in _decode_values(current.json)}
            merged.update(given)
            checked = check_record(group, [*merged.values(), *_repeated(request.features, given)])
            if checked.event_us < current.event_us:
                raise ServiceError(
                    "ConflictException", f"{group.event_time}: older than the record's event time", 409
                )
            ttl = request.ttl_duration.seconds() if request.ttl_duration else current.ttl_s
            if targets.online:
                self.store.put(txn, group, identifier, online.record(checked.event_us, ttl, checked.json))
            if targets.offline:
                self.store.append_offline(txn, group, _offline_row(checked))
        return m.Nothing()

    def batch_get_record(self, region: str, request: m.BatchGetRecord) -> m.BatchGetRecordResponse:
        """Records of several groups in one call; an entry that fails does not fail the others."""
        asked = sum(len(entry.record_identifiers_value_as_string) for entry in request.identifiers)
        if asked > _MAX_IDENTIFIERS:
            raise invalid(f"Identifiers: at most {_MAX_IDENTIFIERS} record identifiers, found {asked}")
        response = m.BatchGetRecordResponse([], [], [])
        for entry in request.identifiers:
            try:
                group = _online(self.groups.find(region, entry.feature_group_name))
                _check_names(group, entry.feature_names)
            except ServiceError as error:
                response.errors += [
                    m.BatchGetError(entry.feature_group_name, identifier, error.code, error.message)
                    for identifier in entry.record_identifiers_value_as_string
                ]
                continue
            for identifier in entry.record_identifiers_value_as_string:
                found = self.store.get(group, identifier)
                if found is not None and not found.deleted:
                    response.records.append(
                        m.BatchRecord(
                            entry.feature_group_name,
                            identifier,
                            _select(found, entry.feature_names),
                            _expires_at(found, request.expiration_time_response),
                        )
                    )
        return response

    def batch_write_record(self, region: str, request: m.BatchWriteRecord) -> m.BatchWriteRecordResponse:
        """Put several records; an entry that fails is reported and does not fail the others."""
        response = m.BatchWriteRecordResponse([], [])
        for entry in request.entries:
            try:
                group = self.groups.find(region, entry.feature_group_name)
                self._put(
                    group, entry.record, entry.target_stores, entry.ttl_duration or request.ttl_duration
                )
            except ServiceError as error:
                response.errors.append(m.BatchWriteError(entry, error.code, error.message))
        return response

    def list_records(self, region: str, request: m.ListRecords) -> m.ListRecordsResponse:
        """One page of the identifiers in the online store."""
        group = _online(self.groups.find(region, request.feature_group_name))
        found, following = self.store.identifiers(
            group,
            _decode_token(group, request.next_token),
            request.max_results,
            deleted=request.include_soft_deleted_records,
        )
        return m.ListRecordsResponse(
            [plain or _identifier(group, record) for plain, record in found],
            base64.urlsafe_b64encode(following).decode() if following else None,
        )

    def _put(
        self,
        group: Group,
        values: list[m.FeatureValue],
        stores: m.TargetStores | None,
        ttl: m.TtlDuration | None,
    ) -> None:
        targets = _targets(group, stores)
        checked = check_record(group, values)
        ttl_s = ttl.seconds() if ttl is not None else group.ttl_s
        with self.store.writing() as txn:
            if targets.online:
                current = self.store.get(group, checked.identifier, txn)
                if current is None or checked.event_us > current.event_us:
                    record = online.record(checked.event_us, ttl_s, checked.json)
                    self.store.put(txn, group, checked.identifier, record)
            if targets.offline:
                self.store.append_offline(txn, group, _offline_row(checked))


def _targets(group: Group, stores: m.TargetStores | None) -> Targets:
    if stores is None:
        return Targets(group.online, group.offline)
    targets = Targets("OnlineStore" in stores, "OfflineStore" in stores)
    if targets.online:
        _online(group)
    if targets.offline and not group.offline:
        raise invalid(f"TargetStores: feature group {group.name} has no offline store")
    return targets


def _online(group: Group) -> Group:
    if not group.online:
        raise invalid(f"feature group {group.name} has no online store")
    return group


def _check_names(group: Group, names: list[str] | None) -> None:
    for name in names or ():
        if name not in group.features:
            raise invalid(f"FeatureNames: feature {name!r} does not exist in feature group {group.name}")


def _select(found: OnlineRecord, names: list[str] | None) -> msgspec.Raw | list[m.FeatureValue]:
    if names is None:
        return msgspec.Raw(found.json)
    return [value for value in _decode_values(found.json) if value.feature_name in names]


def _expires_at(found: OnlineRecord, wanted: m.Toggle) -> str | None:
    return iso(found.expires_us) if wanted == "Enabled" and found.expires else None


def _offline_row(checked: CheckedRecord) -> OfflineRow:
    return OfflineRow(checked.event_us, store.now_us(), deleted=False, json=checked.json)


def _repeated(values: list[m.FeatureValue], unique: dict[str, m.FeatureValue]) -> list[m.FeatureValue]:
    # Given twice in one update: pass the repetition on, so that the record check names it.
    return [value for value in values if unique[value.feature_name] is not value]


def _identifier(group: Group, record: OnlineRecord) -> str:
    values = {value.feature_name: value.value_as_string for value in _decode_values(record.json)}
    return values[group.identifier] or ""


def _decode_token(group: Group, token: str | None) -> bytes:
    if token is None:
        return b""
    try:
        key = base64.urlsafe_b64decode(token)
    except (binascii.Error, ValueError):
        key = b""
    if not key.startswith(group.uid):
        raise invalid("NextToken: not a token of this feature group; start again without it")
    return key


_open: dict[Path, Runtime] = {}


def of(cloud: Cloud) -> Runtime:
    """The runtime of a mirror."""
    if cloud.state_dir not in _open:
        _open[cloud.state_dir] = Runtime(cloud)
    return _open[cloud.state_dir]
