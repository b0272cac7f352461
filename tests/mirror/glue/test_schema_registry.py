"""Glue's Schema Registry as boto3 and CloudFormation see it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.mirror.cloudformation.deploying import Stack
from tests.mirror.running import RunningMirror

pytestmark = pytest.mark.slow

Field = dict[str, Any]
A: Field = {"name": "a", "type": "string"}
B: Field = {"name": "b", "type": ["null", "long"], "default": None}
REQUIRED: Field = {"name": "c", "type": "string"}


def avro(*fields: Field) -> str:
    return json.dumps({"type": "record", "name": "R", "fields": list(fields)})


def code_of(call: Callable[[], object]) -> str:
    with pytest.raises(ClientError) as refused:
        call()
    return str(refused.value.response["Error"]["Code"])


@pytest.fixture(scope="module")
def glue(mirror: RunningMirror) -> Any:
    client = mirror.client("glue")
    client.create_registry(RegistryName="r", Description="d", Tags={"team": "fraud"})
    return client


def create(glue: Any, name: str, compatibility: str = "BACKWARD", **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = glue.create_schema(
        **{
            "RegistryId": {"RegistryName": "r"},
            "SchemaName": name,
            "DataFormat": "AVRO",
            "Compatibility": compatibility,
            "SchemaDefinition": avro(A),
            **more,
        }
    )
    return found


def register(glue: Any, name: str, definition: str) -> dict[str, Any]:
    schema = {"RegistryName": "r", "SchemaName": name}
    found: dict[str, Any] = glue.register_schema_version(SchemaId=schema, SchemaDefinition=definition)
    return found


def test_a_version_is_found_by_id_number_and_definition(glue: Any) -> None:
    made = create(glue, "found", Tags={"a": "b"})
    assert (made["LatestSchemaVersion"], made["NextSchemaVersion"], made["SchemaVersionStatus"]) == (
        1,
        2,
        "AVAILABLE",
    )
    assert glue.get_tags(ResourceArn=made["SchemaArn"])["Tags"] == {"a": "b"}
    by_id = glue.get_schema_version(SchemaVersionId=made["SchemaVersionId"])
    assert (by_id["SchemaDefinition"], by_id["VersionNumber"]) == (avro(A), 1)
    schema = {"SchemaArn": made["SchemaArn"]}
    latest = glue.get_schema_version(SchemaId=schema, SchemaVersionNumber={"LatestVersion": True})
    assert latest["SchemaVersionId"] == made["SchemaVersionId"]
    compact = json.dumps(json.loads(avro(A)), separators=(",", ":"))
    by_text = glue.get_schema_by_definition(SchemaId=schema, SchemaDefinition=compact)
    assert by_text["SchemaVersionId"] == made["SchemaVersionId"]
    again = register(glue, "found", avro(A))
    assert (again["SchemaVersionId"], again["VersionNumber"]) == (made["SchemaVersionId"], 1)


def test_an_incompatible_version_fails_and_a_compatible_one_follows_it(glue: Any) -> None:
    create(glue, "backward")
    refused = register(glue, "backward", avro(A, REQUIRED))
    assert (refused["Status"], refused["VersionNumber"]) == ("FAILURE", 2)
    followed = register(glue, "backward", avro(A, B))
    assert (followed["Status"], followed["VersionNumber"]) == ("AVAILABLE", 3)
    schema = {"RegistryName": "r", "SchemaName": "backward"}
    assert glue.get_schema(SchemaId=schema)["LatestSchemaVersion"] == 3
    statuses = [v["Status"] for v in glue.list_schema_versions(SchemaId=schema)["Schemas"]]
    assert statuses == ["AVAILABLE", "FAILURE", "AVAILABLE"]


@pytest.mark.parametrize(
    ("compatibility", "third", "status"),
    [
        ("NONE", avro(REQUIRED), "AVAILABLE"),
        # Without b, whatever follows reads version 2, but a writer of version 1 never had c.
        ("BACKWARD", avro({**REQUIRED, "default": ""}), "AVAILABLE"),
        ("FORWARD", avro(REQUIRED), "FAILURE"),
        ("FORWARD", avro(A, REQUIRED), "AVAILABLE"),
        ("FULL_ALL", avro(A, REQUIRED), "FAILURE"),
        ("DISABLED", avro(A, B), "FAILURE"),
    ],
)
def test_each_setting_asks_for_what_it_says(
    glue: Any, compatibility: str, third: str, status: str, request: pytest.FixtureRequest
) -> None:
    name = f"setting-{abs(hash(request.node.name))}"
    create(glue, name, compatibility)
    assert register(glue, name, third)["Status"] == status


def test_all_looks_beyond_the_last_version(glue: Any) -> None:
    lenient, wide = avro(A, {**REQUIRED, "default": ""}), avro(A, REQUIRED)
    for name, compatibility, status in (
        ("last", "BACKWARD", "AVAILABLE"),
        ("all", "BACKWARD_ALL", "FAILURE"),
    ):
        create(glue, name, compatibility)
        assert register(glue, name, lenient)["Status"] == "AVAILABLE"
        # c has no default any more: version 2 always wrote it, version 1 never did.
        assert register(glue, name, wide)["Status"] == status


def test_what_is_wrong_is_refused_by_name(glue: Any) -> None:
    create(glue, "taken")
    assert code_of(lambda: create(glue, "taken")) == "AlreadyExistsException"
    assert (
        code_of(lambda: create(glue, "x", SchemaDefinition='{"type": "nothing"}')) == "InvalidInputException"
    )
    assert (
        code_of(lambda: create(glue, "x", DataFormat="JSON", SchemaDefinition="{}"))
        == "InvalidInputException"
    )
    assert code_of(lambda: register(glue, "absent", avro(A))) == "EntityNotFoundException"
    unknown = "00000000-0000-0000-0000-000000000000"
    assert code_of(lambda: glue.get_schema_version(SchemaVersionId=unknown)) == "EntityNotFoundException"
    assert code_of(lambda: glue.get_registry(RegistryId={"RegistryName": "no"})) == "EntityNotFoundException"
    found = glue.check_schema_version_validity(DataFormat="AVRO", SchemaDefinition='{"type": "nothing"}')
    assert (found["Valid"], "nothing" in found["Error"]) == (False, True)


def test_a_version_goes_but_not_the_checkpoint(glue: Any) -> None:
    schema = {"SchemaArn": create(glue, "shrinking")["SchemaArn"]}
    second = register(glue, "shrinking", avro(A, B))["SchemaVersionId"]
    (kept,) = glue.delete_schema_versions(SchemaId=schema, Versions="1-2")["SchemaVersionErrors"]
    assert (kept["VersionNumber"], kept["ErrorDetails"]["ErrorCode"]) == (1, "InvalidInputException")
    assert code_of(lambda: glue.get_schema_version(SchemaVersionId=second)) == "EntityNotFoundException"
    assert glue.get_schema(SchemaId=schema)["LatestSchemaVersion"] == 1
    assert glue.delete_schema(SchemaId=schema)["Status"] == "DELETING"
    assert code_of(lambda: glue.get_schema(SchemaId=schema)) == "EntityNotFoundException"


def template(*later: str, compatibility: str = "BACKWARD_ALL", description: str = "d") -> dict[str, Any]:
    resources: dict[str, Any] = {
        "Registry": {
            "Type": "AWS::Glue::Registry",
            "Properties": {"Name": "deployed", "Description": description},
        },
        "Schema": {
            "Type": "AWS::Glue::Schema",
            "Properties": {
                "Name": "s",
                "Registry": {"Arn": {"Fn::GetAtt": ["Registry", "Arn"]}},
                "DataFormat": "AVRO",
                "Compatibility": compatibility,
                "SchemaDefinition": avro(A),
                "Tags": [{"Key": "team", "Value": "fraud"}],
            },
        },
    }
    for number, definition in enumerate(later, 2):
        resources[f"V{number}"] = {
            "Type": "AWS::Glue::SchemaVersion",
            "Properties": {
                "Schema": {"SchemaArn": {"Fn::GetAtt": ["Schema", "Arn"]}},
                "SchemaDefinition": definition,
            },
        }
    return resources


def test_a_stack_registers_versions_and_an_incompatible_one_fails_by_name(
    mirror: RunningMirror, glue: Any
) -> None:
    stack, schema = Stack(mirror, "schemas"), {"RegistryName": "deployed", "SchemaName": "s"}
    assert stack.create(template()) == "CREATE_COMPLETE", stack.reasons()
    arn = stack.physical_id("Schema")
    assert glue.get_schema(SchemaId={"SchemaArn": arn})["Compatibility"] == "BACKWARD_ALL"
    assert glue.get_tags(ResourceArn=arn)["Tags"]["team"] == "fraud"

    assert stack.update(template(avro(A, B), description="new")) == "UPDATE_COMPLETE", stack.reasons()
    assert glue.get_registry(RegistryId={"RegistryName": "deployed"})["Description"] == "new"
    second = glue.get_schema_version(SchemaVersionId=stack.physical_id("V2"))
    assert (second["VersionNumber"], second["SchemaDefinition"]) == (2, avro(A, B))

    refused = template(avro(A, B), avro(A, B, REQUIRED), description="new")
    assert stack.update(refused) == "UPDATE_ROLLBACK_COMPLETE"
    assert "R.c: is new and has no default" in stack.reasons()
    assert [v["VersionNumber"] for v in glue.list_schema_versions(SchemaId=schema)["Schemas"]] == [1, 2]

    assert stack.update(template(avro(A, B), compatibility="FULL")) == "UPDATE_COMPLETE", stack.reasons()
    assert glue.get_schema(SchemaId=schema)["Compatibility"] == "FULL"
    assert stack.delete() == "DELETE_COMPLETE"
    assert (
        code_of(lambda: glue.get_registry(RegistryId={"RegistryName": "deployed"}))
        == "EntityNotFoundException"
    )
