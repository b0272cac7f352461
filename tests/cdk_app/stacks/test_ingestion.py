"""I1: the streams. I2: their schemas. I5: the dead letters."""

from __future__ import annotations

import json

import pytest

from processing.schemas import SCHEMAS, definition, history
from tests.cdk_app.synthesis import Assembly, Template

pytestmark = pytest.mark.slow

RETENTION_HOURS = {
    "transactions-raw": 7 * 24,
    "transactions-enriched": 7 * 24,
    "transactions-late": 7 * 24,
    "fraud-labels": 90 * 24,
    "model-predictions": 30 * 24,
    "dlq-schema-errors": 14 * 24,
    "dlq-duplicates": 14 * 24,
    "dlq-incomplete": 14 * 24,
    "dlq-processing-errors": 14 * 24,
}


def test_every_stream_keeps_its_events_as_long_as_promised_and_encrypts_them(dev: Assembly) -> None:
    template = dev.template("ingestion")
    streams = template.by("AWS::Kinesis::Stream", "Name")
    (key,) = template.resources("AWS::KMS::Key")
    expected = {f"fraudline-dev-{name}": hours for name, hours in RETENTION_HOURS.items()}
    assert {name: stream["RetentionPeriodHours"] for name, stream in streams.items()} == expected
    for stream in streams.values():
        assert stream["StreamEncryption"] == {
            "EncryptionType": "KMS",
            "KeyId": {"Fn::GetAtt": [key, "Arn"]},
        }
        assert stream["StreamModeDetails"] == {"StreamMode": "ON_DEMAND"}
        assert "ShardCount" not in stream
    assert template.only("AWS::KMS::Key")["EnableKeyRotation"] is True


def test_provisioned_streams_have_the_shards_of_their_rate(prod: Assembly) -> None:
    streams = prod.template("ingestion").by("AWS::Kinesis::Stream", "Name")
    shards = {name.removeprefix("fraudline-prod-"): stream["ShardCount"] for name, stream in streams.items()}
    assert shards == {
        "transactions-raw": 20,
        "transactions-enriched": 20,
        "transactions-late": 20,
        "fraud-labels": 1,
        "model-predictions": 20,
        "dlq-schema-errors": 1,
        "dlq-duplicates": 1,
        "dlq-incomplete": 1,
        "dlq-processing-errors": 1,
    }
    for stream in streams.values():
        assert stream["StreamModeDetails"] == {"StreamMode": "PROVISIONED"}


def test_dead_letters_above_a_tenth_of_a_percent_raise_an_alarm(dev: Assembly) -> None:
    alarm = dev.template("ingestion").only("AWS::CloudWatch::Alarm")
    assert alarm["Threshold"] == 0.1
    assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
    expression, *metrics = sorted(alarm["Metrics"], key=lambda metric: "MetricStat" in metric)
    assert expression["Expression"] == ("100 * (FILL(d0, 0) + FILL(d1, 0) + FILL(d2, 0) + FILL(d3, 0)) / raw")
    watched = {_stream_of(dev.template("ingestion"), metric) for metric in metrics}
    assert watched == {
        "fraudline-dev-transactions-raw",
        "fraudline-dev-dlq-schema-errors",
        "fraudline-dev-dlq-duplicates",
        "fraudline-dev-dlq-incomplete",
        "fraudline-dev-dlq-processing-errors",
    }


def _stream_of(
    template: Template, metric: dict[str, dict[str, dict[str, list[dict[str, dict[str, str]]]]]]
) -> str:
    (dimension,) = metric["MetricStat"]["Metric"]["Dimensions"]
    name: str = template.document["Resources"][dimension["Value"]["Ref"]]["Properties"]["Name"]
    return name


@pytest.mark.parametrize(("environment", "policy"), [("dev", "Delete"), ("prod", "Retain")])
def test_events_outlive_the_stack_outside_disposable_environments(
    request: pytest.FixtureRequest, environment: str, policy: str
) -> None:
    template: Template = request.getfixturevalue(environment).template("ingestion")
    policies = {
        resource["DeletionPolicy"]
        for resource in template.document["Resources"].values()
        if resource["Type"] in ("AWS::Kinesis::Stream", "AWS::KMS::Key")
    }
    assert policies == {policy}


def test_every_schema_is_registered_in_its_first_version_and_refuses_incompatible_ones(dev: Assembly) -> None:
    template = dev.template("ingestion")
    registry = template.only("AWS::Glue::Registry")
    assert registry["Name"] == "fraudline-dev-schemas"
    schemas = template.by("AWS::Glue::Schema", "Name")
    assert set(schemas) == set(SCHEMAS)
    for name, schema in schemas.items():
        assert json.loads(schema["SchemaDefinition"]) == history(name)[0]
        assert (schema["DataFormat"], schema["Compatibility"]) == ("AVRO", "BACKWARD_ALL")
    versions = template.resources("AWS::Glue::SchemaVersion").values()
    later = [version["SchemaDefinition"] for version in versions]
    released = [definition(version) for name in SCHEMAS for version in history(name)[1:]]
    assert sorted(later) == sorted(released)


def test_only_the_ids_of_schemas_are_given_out(dev: Assembly) -> None:
    found = dev.template("ingestion").by("AWS::IAM::ManagedPolicy", "ManagedPolicyName")
    policies = {name: policy["PolicyDocument"]["Statement"] for name, policy in found.items()}
    (readers,) = policies["fraudline-dev-schema-readers"]
    assert (readers["Action"], readers["Resource"]) == ("glue:GetSchemaVersion", "*")
    (writers,) = policies["fraudline-dev-schema-writers"]
    assert writers["Action"] == "glue:GetSchemaByDefinition"
    assert len(writers["Resource"]) == 1 + len(SCHEMAS)
