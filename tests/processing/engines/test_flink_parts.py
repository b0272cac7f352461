"""The parts of the Flink job that need no Flink."""

from __future__ import annotations

import json
import struct
import zipfile
from pathlib import Path

import pytest

from processing.engines.flink.bundles import (
    BUCKETS,
    Row,
    bucket,
    bundles,
    first_byte,
    named,
    outgoing,
    records_of,
    rows_of,
    shard_of,
    unnamed,
)
from processing.engines.flink.connector.build import merge
from processing.engines.flink.settings import FlinkSettings
from processing.stream.records import Outgoing, RawRecord
from tests.processing.builders import label, transaction

_NEEDED = {"environment": "dev", "region": "x", "lake_bucket": "lake"}


def _text(text: str) -> bytes:
    return struct.pack(">H", len(text)) + text.encode()


def test_records_of_a_chunk() -> None:
    records = [RawRecord("11", 5, b"", "key"), RawRecord("12", 1 << 40, b"\0data", "other")]
    chunk = _text("shardId-000000000001")
    for record in records:
        chunk += _text(record.partition_key) + _text(record.sequence)
        chunk += struct.pack(">qi", record.arrival_ms, len(record.data)) + record.data
    assert shard_of(chunk) == "shardId-000000000001"
    assert list(records_of(chunk)) == records


def test_rows_travel_under_the_name_of_their_shard() -> None:
    rows = [Row("11", 5, transaction(1)), Row("12", 6, label=label(1))]
    bundle = named("fraud-labels/shardId-000000000001", rows)
    assert shard_of(bundle) == "fraud-labels/shardId-000000000001"
    assert rows_of(unnamed(bundle)) == rows


def test_outgoing_records_are_framed() -> None:
    body = _text("stream") + _text("k") + struct.pack(">i", 3) + b"abc"
    assert outgoing([Outgoing("stream", "k", b"abc")] * 2) == (struct.pack(">i", len(body)) + body) * 2


def test_a_bundle_per_bucket_in_order() -> None:
    found = list(bundles((bucket(number), number) for number in (-1, 64, BUCKETS - 1, 0)))
    assert [first_byte(bundle) for bundle in found] == [BUCKETS - 1, 0]
    assert found[1][1:] == b"\x92\x40\x00"


def test_settings_from_the_managed_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "application_properties.json"
    properties = {"environment": "prod", "region": "eu-west-1", "lake_bucket": "lake", "parallelism": "4"}
    path.write_text(json.dumps([{"PropertyGroupId": "FraudlineStream", "PropertyMap": properties}]))
    monkeypatch.setenv("FRAUDLINE_FLINK_PROPERTIES", str(path))
    settings = FlinkSettings.load()
    assert (settings.names.environment, settings.region, settings.parallelism) == ("prod", "eu-west-1", 4)
    assert (settings.endpoint, settings.replay, settings.checkpoints) == (None, False, None)
    assert (settings.lake_bucket, settings.lake_ms, settings.metrics_ms) == ("lake", 60_000, 60_000)


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ({"region": "eu-west-1"}, "property environment of FraudlineStream is not set"),
        ({"environment": "dev", "region": "x"}, "property lake_bucket of FraudlineStream is not set"),
        ({**_NEEDED, "publish_ms": "soon"}, "property publish_ms .* 'soon': set it to a whole number"),
        ({**_NEEDED, "lake_rows": "0"}, "property lake_rows .* '0': set it to .* of at least 1"),
    ],
)
def test_wrong_settings_are_named(properties: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        FlinkSettings.from_properties(properties)


def test_merged_jars_join_their_services(tmp_path: Path) -> None:
    jars = [tmp_path / "a.jar", tmp_path / "b.jar"]
    for jar in jars:
        with zipfile.ZipFile(jar, "w") as archive:
            archive.writestr("META-INF/services/Service", jar.stem)
            archive.writestr("META-INF/SIGNED.RSA", "")
            archive.writestr("Class.class", jar.stem)
    merge(jars, tmp_path / "out.jar")
    with zipfile.ZipFile(tmp_path / "out.jar") as merged:
        assert merged.namelist() == ["META-INF/MANIFEST.MF", "Class.class", "META-INF/services/Service"]
        assert merged.read("META-INF/services/Service") == b"a\nb"
        assert merged.read("Class.class") == b"a"
