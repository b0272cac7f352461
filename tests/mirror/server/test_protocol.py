"""Wire JSON, REST routes, constraints and shape checks, without a server."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from mirror.api import Operation, ServiceError, service_model
from mirror.constraints import violations
from mirror.server import rest
from mirror.server.codec import decode, encode, timestamp
from mirror.server.request import Request, read_request, signature_scope
from mirror.server.shapes import mismatches

AUTHORIZATION = b"AWS4-HMAC-SHA256 Credential=AKID/20260101/eu-west-1/lambda/aws4_request, Signature=0"
MOMENT = datetime(2026, 3, 1, 12, 34, 56, 789_000, UTC)


def input_shape(service: str, operation: str) -> Any:
    return service_model(service).operation_model(operation).input_shape


def output_shape(service: str, operation: str) -> Any:
    return service_model(service).operation_model(operation).output_shape


def test_the_signature_names_service_and_region() -> None:
    assert signature_scope(AUTHORIZATION, "us-east-1") == ("lambda", "eu-west-1")
    assert signature_scope(b"Bearer x", "us-east-1") == ("", "us-east-1")
    assert signature_scope(b"AWS4 Credential=a/b, x", "us-east-1") == ("", "us-east-1")


def test_decoding_reads_blobs_and_drops_what_the_model_does_not_know() -> None:
    shape = input_shape("kinesis", "PutRecord")
    wire = {"StreamName": "s", "Data": "aGk=", "PartitionKey": None, "Other": 1}
    assert decode(shape, wire) == {"StreamName": "s", "Data": b"hi"}


@pytest.mark.parametrize(
    ("wire", "message"),
    [
        ({"Data": "%%%"}, "Data: not valid base64"),
        ([], "the request body: expected a JSON structure, found list"),
    ],
)
def test_decoding_refuses_the_wrong_form(wire: Any, message: str) -> None:
    with pytest.raises(ServiceError, match=message):
        decode(input_shape("kinesis", "PutRecord"), wire)


def test_encoding_writes_epoch_seconds_and_base64() -> None:
    shape = output_shape("kinesis", "GetRecords")
    record = {"SequenceNumber": "1", "Data": b"hi", "ApproximateArrivalTimestamp": MOMENT}
    assert encode(shape, {"Records": [record], "NextShardIterator": None}) == {
        "Records": [{"SequenceNumber": "1", "ApproximateArrivalTimestamp": 1772368496.789, "Data": "aGk="}]
    }


def test_timestamps_have_three_forms() -> None:
    assert timestamp(MOMENT, "unixTimestamp") == 1772368496.789
    assert timestamp(MOMENT, "iso8601") == "2026-03-01T12:34:56.789Z"
    assert timestamp(1772368496, "rfc822") == "Sun, 01 Mar 2026 12:34:56 GMT"


def operation(service: str, name: str) -> Operation:
    return Operation(service, name, lambda _ctx, params: params, "real", "", inline=False)


def request(method: str, path: bytes, query: bytes = b"", body: bytes = b"", **headers: bytes) -> Request:
    scope = {
        "method": method,
        "path": path.decode(),
        "raw_path": path,
        "query_string": query,
        "headers": [(b"authorization", AUTHORIZATION)]
        + [(name.replace("_", "-").encode(), value) for name, value in headers.items()],
    }
    return read_request(scope, body, "us-east-1")


def test_rest_requests_find_their_operation_and_parameters() -> None:
    routes = rest.Routes(
        [operation("lambda", name) for name in ("Invoke", "GetFunction", "ListFunctions", "ListTags")]
    )
    found = routes.find(
        request(
            "POST",
            b"/2015-03-31/functions/my%20fn/invocations",
            b"Qualifier=live",
            b'{"a":1}',
            x_amz_invocation_type=b"Event",
        )
    )
    assert found is not None
    route, path = found
    assert route.operation.name == "Invoke"
    sent = request("POST", b"/x", b"Qualifier=live", b'{"a":1}', x_amz_invocation_type=b"Event")
    assert rest.parse(route.model, sent, path) == {
        "FunctionName": "my fn",
        "InvocationType": "Event",
        "Qualifier": "live",
        "Payload": b'{"a":1}',
    }
    listed = routes.find(request("GET", b"/2015-03-31/functions/", b"MaxItems=5"))
    assert listed is not None
    assert rest.parse(listed[0].model, request("GET", b"/", b"MaxItems=5"), {}) == {"MaxItems": 5}
    assert routes.find(request("DELETE", b"/2015-03-31/functions/x")) is None


def test_rest_responses_use_headers_status_and_payload() -> None:
    model = service_model("lambda").operation_model("Invoke")
    response = rest.respond(
        model, {"StatusCode": 202, "FunctionError": "Unhandled", "Payload": b'{"x":1}'}, b"id"
    )
    assert response.status == 202
    assert (b"x-amz-function-error", b"Unhandled") in response.headers
    assert response.body == b'{"x":1}'
    described = service_model("scheduler").operation_model("GetSchedule")
    body = msgspec.json.decode(rest.respond(described, {"Name": "n", "CreationDate": MOMENT}, b"id").body)
    assert body == {"Name": "n", "CreationDate": 1772368496.789}


def test_a_query_value_of_the_wrong_type_is_named() -> None:
    model = service_model("lambda").operation_model("ListFunctions")
    with pytest.raises(ServiceError, match="MaxItems: expected a number, found 'many'"):
        rest.parse(model, request("GET", b"/", b"MaxItems=many"), {})


@pytest.mark.parametrize(
    ("service", "name", "params", "message"),
    [
        ("kinesis", "CreateStream", {"StreamName": "a b"}, "'StreamName'.*regular expression"),
        ("kinesis", "CreateStream", {"StreamName": "a" * 129}, "'StreamName'.*less than or equal to 128"),
        ("kinesis", "CreateStream", {"ShardCount": 0}, "'ShardCount'.*greater than or equal to 1"),
        (
            "kinesis",
            "CreateStream",
            {"StreamModeDetails": {"StreamMode": "SOMETIMES"}},
            "'StreamModeDetails.StreamMode'.*enum value set",
        ),
        ("sagemaker", "DeleteTags", {"TagKeys": ["x" * 129]}, "'TagKeys.1.member'"),
    ],
)
def test_constraints_of_the_model(service: str, name: str, params: dict[str, Any], message: str) -> None:
    found = violations(input_shape(service, name), params)
    assert any(re.search(message, each) for each in found), found


@pytest.mark.parametrize(
    ("response", "message"),
    [
        ({"Tags": [{"Key": "a"}]}, "ListTags.Tags[0].Value: required, missing"),
        ({"Tags": [{"Key": "a", "Value": 1}]}, "ListTags.Tags[0].Value: expected a string, found int 1"),
        ({"Taggs": []}, "ListTags.Taggs: not a member of ListTagsOutput"),
        ({"Tags": {}}, "ListTags.Tags: expected a list, found dict"),
    ],
)
def test_shape_mismatches_are_named(response: dict[str, Any], message: str) -> None:
    assert mismatches("sagemaker", "ListTags", response) == [message]


def test_a_response_that_fits_has_no_mismatch() -> None:
    assert mismatches("sagemaker", "ListTags", {"Tags": [{"Key": "a", "Value": ""}], "NextToken": None}) == []
    assert mismatches("sagemaker", "DeleteFeatureGroup", {}) == []
