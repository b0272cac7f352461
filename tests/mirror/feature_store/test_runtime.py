"""The semantics of the online store, in process."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mirror.api import Context, ServiceError, call
from mirror.feature_store import messages as m
from mirror.feature_store import operations, runtime, store  # noqa: F401  (registers the operations)
from mirror.feature_store.runtime import Runtime
from tests.mirror.feature_store.groups import REGION, add_group, context, record

EARLY, LATE, LATEST = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z"


@pytest.fixture
def ctx(tmp_path: Path) -> Context:
    return context(tmp_path)


@pytest.fixture
def plane(ctx: Context) -> Runtime:
    return runtime.of(ctx.cloud)


def put(plane: Runtime, group: str, **values: str) -> None:
    plane.put_record(REGION, m.PutRecord(feature_group_name=group, record=record(**values)))


def get(plane: Runtime, group: str, identifier: str = "u1") -> dict[str, str]:
    request = m.GetRecord(feature_group_name=group, record_identifier_value_as_string=identifier)
    found = msgspec.json.decode(msgspec.json.encode(plane.get_record(REGION, request)))
    return {value["FeatureName"]: value["ValueAsString"] for value in found.get("Record", [])}


def delete(plane: Runtime, group: str, event_time: str, mode: m.DeletionMode = "SoftDelete") -> None:
    plane.delete_record(
        REGION,
        m.DeleteRecord(
            feature_group_name=group,
            record_identifier_value_as_string="u1",
            event_time=event_time,
            deletion_mode=mode,
        ),
    )


def offline_rows(plane: Runtime, group: str) -> list[tuple[bool, int]]:
    _, rows = plane.store.buffered(plane.groups.find(REGION, group), 100)
    return [(row.deleted, row.event_us) for row in rows]


def test_a_newer_record_replaces_all_of_the_older_one(ctx: Context, plane: Runtime) -> None:
    group = add_group(ctx)
    put(plane, group, id="u1", t=EARLY, count="1", note="a")
    put(plane, group, id="u1", t=LATE, amount="2.5")
    assert get(plane, group) == {"id": "u1", "t": LATE, "amount": "2.5"}


@pytest.mark.parametrize("event_time", [EARLY, LATE])
def test_a_record_that_is_not_newer_goes_to_the_offline_store_only(
    ctx: Context, plane: Runtime, event_time: str
) -> None:
    group = add_group(ctx, offline=True)
    put(plane, group, id="u1", t=LATE, count="1")
    put(plane, group, id="u1", t=event_time, count="2")
    assert get(plane, group)["count"] == "1"
    assert len(offline_rows(plane, group)) == 2


def test_soft_delete_hides_the_record_until_a_newer_put(ctx: Context, plane: Runtime) -> None:
    group = add_group(ctx, offline=True)
    put(plane, group, id="u1", t=EARLY)
    delete(plane, group, LATE)
    assert get(plane, group) == {}
    put(plane, group, id="u1", t=EARLY)
    assert get(plane, group) == {}, "an older record does not bring it back"
    put(plane, group, id="u1", t=LATEST)
    assert get(plane, group)["t"] == LATEST
    assert [deleted for deleted, _ in offline_rows(plane, group)] == [False, True, False, False]


def test_a_soft_delete_that_is_not_later_leaves_the_record_and_its_marker(
    ctx: Context, plane: Runtime
) -> None:
    group = add_group(ctx, offline=True)
    put(plane, group, id="u1", t=LATE)
    delete(plane, group, EARLY)
    assert get(plane, group)["t"] == LATE
    assert [deleted for deleted, _ in offline_rows(plane, group)] == [False, True]


@pytest.mark.parametrize("event_time", [EARLY, LATE])
def test_a_hard_delete_that_is_not_later_is_refused_without_a_marker(
    ctx: Context, plane: Runtime, event_time: str
) -> None:
    group = add_group(ctx, offline=True)
    put(plane, group, id="u1", t=LATE)
    with pytest.raises(ServiceError, match=r"EventTime: .*not later") as refused:
        delete(plane, group, event_time, "HardDelete")
    assert refused.value.status == 400
    assert get(plane, group)["t"] == LATE
    assert len(offline_rows(plane, group)) == 1


def test_a_hard_delete_removes_the_record_and_its_history_of_time(ctx: Context, plane: Runtime) -> None:
    group = add_group(ctx)
    put(plane, group, id="u1", t=LATE)
    delete(plane, group, LATEST, "HardDelete")
    put(plane, group, id="u1", t=EARLY)
    assert get(plane, group)["t"] == EARLY


def _iso(offset_s: float) -> str:
    moment = datetime.now(UTC) + timedelta(seconds=offset_s)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def test_a_record_past_its_time_to_live_is_gone_and_swept(ctx: Context, plane: Runtime) -> None:
    group = add_group(ctx, TtlDuration={"Unit": "Hours", "Value": 1})
    put(plane, group, id="u1", t=_iso(-3599.7))
    put(plane, group, id="u2", t=_iso(-60))
    assert get(plane, group)
    time.sleep(0.4)
    assert get(plane, group) == {}
    assert plane.store.expire(store.now_us()) == 1
    assert plane.store.expire(store.now_us()) == 0
    assert get(plane, group, "u2")


def test_the_time_to_live_of_a_record_beats_the_group_and_is_shown_on_request(
    ctx: Context, plane: Runtime
) -> None:
    group = add_group(ctx, TtlDuration={"Unit": "Days", "Value": 1})
    now = _iso(0)
    ttl = m.TtlDuration("Weeks", 2)
    plane.put_record(
        REGION, m.PutRecord(feature_group_name=group, record=record(id="u1", t=now), ttl_duration=ttl)
    )
    request = m.GetRecord(
        feature_group_name=group, record_identifier_value_as_string="u1", expiration_time_response="Enabled"
    )
    expected = datetime.fromisoformat(now) + timedelta(weeks=2)
    assert datetime.fromisoformat(plane.get_record(REGION, request).expires_at or "") == expected
    request.expiration_time_response = "Disabled"
    assert plane.get_record(REGION, request).expires_at is None


def update(plane: Runtime, group: str, **values: str) -> None:
    plane.update_record(
        REGION,
        m.UpdateRecord(
            feature_group_name=group, record_identifier_value_as_string="u1", features=record(**values)
        ),
    )


def test_update_changes_only_what_it_names(ctx: Context, plane: Runtime) -> None:
    group = add_group(ctx, StorageType="InMemory")
    put(plane, group, id="u1", t=LATE, count="1", note="a")
    update(plane, group, count="2")
    update(plane, group, t=LATE, amount="1.5")
    assert get(plane, group) == {"id": "u1", "t": LATE, "count": "2", "note": "a", "amount": "1.5"}


@pytest.mark.parametrize(
    ("values", "code"),
    [({"t": EARLY}, "ConflictException"), ({"id": "u2"}, "ValidationError"), ({"x": "1"}, "ValidationError")],
)
def test_updates_that_are_refused(ctx: Context, plane: Runtime, values: dict[str, str], code: str) -> None:
    group = add_group(ctx, StorageType="Standard_V2")
    put(plane, group, id="u1", t=LATE)
    with pytest.raises(ServiceError) as refused:
        update(plane, group, **values)
    assert refused.value.code == code
    assert get(plane, group) == {"id": "u1", "t": LATE}


def test_update_needs_a_live_record_and_a_tier_that_has_it(ctx: Context, plane: Runtime) -> None:
    group = add_group(ctx, StorageType="InMemory")
    with pytest.raises(ServiceError, match="no record 'u1'"):
        update(plane, group, count="1")
    put(plane, group, id="u1", t=EARLY)
    delete(plane, group, LATE)
    with pytest.raises(ServiceError, match="no record 'u1'"):
        update(plane, group, count="1")
    with pytest.raises(ServiceError, match="Standard_V2 or InMemory"):
        update(plane, add_group(ctx, "plain"), count="1")


def test_batch_get_reports_failures_beside_what_it_found(ctx: Context, plane: Runtime) -> None:
    group = add_group(ctx)
    put(plane, group, id="u1", t=EARLY, count="1")
    response = plane.batch_get_record(
        REGION,
        m.BatchGetRecord(
            identifiers=[
                m.BatchIdentifier(group, ["u1", "nobody"], ["count"]),
                m.BatchIdentifier("absent", ["u1"]),
            ]
        ),
    )
    assert [found.record for found in response.records] == [[m.FeatureValue("count", "1")]]
    assert [(e.feature_group_name, e.error_code) for e in response.errors] == [("absent", "ResourceNotFound")]


def test_batch_get_takes_one_hundred_identifiers(ctx: Context, plane: Runtime) -> None:
    entry = m.BatchIdentifier(add_group(ctx), [f"u{n}" for n in range(100)])
    plane.batch_get_record(REGION, m.BatchGetRecord(identifiers=[entry]))
    with pytest.raises(ServiceError, match="at most 100"):
        plane.batch_get_record(
            REGION, m.BatchGetRecord(identifiers=[entry, m.BatchIdentifier("users", ["x"])])
        )


def test_batch_write_reports_the_entry_that_failed(ctx: Context, plane: Runtime) -> None:
    group = add_group(ctx)
    bad = m.BatchWriteEntry(group, record(id="u2", t="today"))
    request = m.BatchWriteRecord(entries=[m.BatchWriteEntry(group, record(id="u1", t=EARLY)), bad])
    assert [error.entry for error in plane.batch_write_record(REGION, request).errors] == [bad]
    assert get(plane, group)


def test_list_records_pages_through_live_identifiers(ctx: Context, plane: Runtime) -> None:
    group = add_group(ctx)
    add_group(ctx, "zother")
    identifiers = [f"u{n:03d}" for n in range(25)] + ["x" * 5000]
    for identifier in identifiers:
        put(plane, group, id=identifier, t=EARLY)
    put(plane, "zother", id="not-mine", t=EARLY)
    found: list[str] = []
    request = m.ListRecords(feature_group_name=group, max_results=10)
    while True:
        page = plane.list_records(REGION, request)
        found += page.record_identifiers
        if page.next_token is None:
            break
        request.next_token = page.next_token
    assert sorted(found) == sorted(identifiers)
    put(plane, group, id="u1", t=EARLY)
    delete(plane, group, LATE)
    everything = m.ListRecords(feature_group_name=group)
    assert "u1" not in plane.list_records(REGION, everything).record_identifiers
    everything.include_soft_deleted_records = True
    assert "u1" in plane.list_records(REGION, everything).record_identifiers
    everything.next_token = "bm9uc2Vuc2U="
    with pytest.raises(ServiceError, match="NextToken"):
        plane.list_records(REGION, everything)


def test_target_stores(ctx: Context, plane: Runtime) -> None:
    group = add_group(ctx, offline=True)
    values = record(id="u1", t=EARLY)
    request = m.PutRecord(feature_group_name=group, record=values, target_stores=["OfflineStore"])
    plane.put_record(REGION, request)
    assert get(plane, group) == {}
    assert len(offline_rows(plane, group)) == 1
    only_online = add_group(ctx, "online")
    with pytest.raises(ServiceError, match="no offline store"):
        plane.put_record(
            REGION,
            m.PutRecord(feature_group_name=only_online, record=values, target_stores=["OfflineStore"]),
        )


def test_groups_are_found_by_arn_too(ctx: Context, plane: Runtime) -> None:
    add_group(ctx)
    put(plane, ctx.arn("sagemaker", "feature-group/users"), id="u1", t=EARLY)
    assert get(plane, "users")
    with pytest.raises(ServiceError, match="does not exist") as refused:
        get(plane, "nobody")
    assert refused.value.status == 404


def test_in_process_calls_speak_botocore(ctx: Context) -> None:
    group = add_group(ctx)
    service = "sagemaker-featurestore-runtime"
    values = [{"FeatureName": "id", "ValueAsString": "u1"}, {"FeatureName": "t", "ValueAsString": EARLY}]
    call(ctx, service, "PutRecord", {"FeatureGroupName": group, "Record": values})
    found = call(
        ctx, service, "GetRecord", {"FeatureGroupName": group, "RecordIdentifierValueAsString": "u1"}
    )
    assert found == {"Record": values}


Action = tuple[str, str, int]
_actions = st.lists(
    st.tuples(st.sampled_from(["put", "soft", "hard"]), st.sampled_from(["a", "b"]), st.integers(0, 5)),
    max_size=25,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(actions=_actions)
def test_any_history_leaves_what_the_rules_say(
    tmp_path_factory: pytest.TempPathFactory, actions: list[Action]
) -> None:
    """The oracle: a dictionary of identifier to (event time, deleted), twelve lines long."""
    ctx = context(tmp_path_factory.mktemp("history"))
    plane, group = runtime.of(ctx.cloud), add_group(ctx)
    oracle: dict[str, tuple[int, bool]] = {}
    for action, identifier, second in actions:
        event_time = f"2026-01-01T00:00:0{second}Z"
        newer = identifier not in oracle or second > oracle[identifier][0]
        if action == "put":
            put(plane, group, id=identifier, t=event_time)
            oracle |= {identifier: (second, False)} if newer else {}
            continue
        request = m.DeleteRecord(
            feature_group_name=group, record_identifier_value_as_string=identifier, event_time=event_time
        )
        if action == "soft":
            plane.delete_record(REGION, request)
            oracle |= {identifier: (second, True)} if newer else {}
            continue
        request.deletion_mode = "HardDelete"
        _expect(partial(plane.delete_record, REGION, request), refused=not newer)
        if newer:
            oracle.pop(identifier, None)
    for identifier in "ab":
        second, deleted = oracle.get(identifier, (0, True))
        assert get(plane, group, identifier).get("t") == (None if deleted else f"2026-01-01T00:00:0{second}Z")
    plane.store.close()
    ctx.cloud.documents.close()


def _expect(act: Callable[[], object], *, refused: bool) -> None:
    if refused:
        with pytest.raises(ServiceError):
            act()
    else:
        act()
