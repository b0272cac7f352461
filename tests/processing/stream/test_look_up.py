"""Looking up records: found, absent, left unprocessed, and not answered."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from feature_groups.names import Names
from processing.events import Profile
from processing.stream.look_up import merchants, profiles

GROUP = "fraudline-test-user-profile"


@pytest.fixture
def client() -> Any:
    return boto3.client("sagemaker-featurestore-runtime", region_name="us-east-1")


def identifiers(*users: str) -> list[dict[str, Any]]:
    features = ["user_id", "home_lat", "home_lon", "home_country"]
    return [
        {"FeatureGroupName": GROUP, "RecordIdentifiersValueAsString": list(users), "FeatureNames": features}
    ]


def answer(found: dict[str, dict[str, str]], *left: str) -> dict[str, Any]:
    records = [
        {
            "FeatureGroupName": GROUP,
            "RecordIdentifierValueAsString": user,
            "Record": [{"FeatureName": name, "ValueAsString": value} for name, value in values.items()],
        }
        for user, values in found.items()
    ]
    return {
        "Records": records,
        "Errors": [],
        "UnprocessedIdentifiers": identifiers(*left) if left else [],
    }


def test_records_are_remembered_and_what_was_left_is_asked_again(client: Any) -> None:
    look_up = profiles(client, Names("test"))
    home = {"user_id": "u1", "home_lat": "48.5", "home_lon": "2", "home_country": "FR"}
    with Stubber(client) as stub:
        stub.add_response(
            "batch_get_record", answer({"u1": home}, "u2"), {"Identifiers": identifiers("u1", "u2", "u3")}
        )
        stub.add_response(
            "batch_get_record", answer({"u2": {"user_id": "u2"}}), {"Identifiers": identifiers("u2")}
        )
        found = look_up(["u1", "u2", "u3"])
        assert found == {"u1": Profile(48.5, 2.0, "FR"), "u2": Profile(), "u3": None}
        assert look_up(["u3", "u1"]) == {"u3": None, "u1": Profile(48.5, 2.0, "FR")}
        stub.assert_no_pending_responses()


def test_those_the_store_did_not_answer_about_are_absent(client: Any) -> None:
    look_up = profiles(client, Names("test"))
    with Stubber(client) as stub:
        for _ in range(3):
            stub.add_client_error("batch_get_record", "InternalFailure", http_status_code=500)
        assert look_up(["u1"]) == {}
        stub.add_response("batch_get_record", answer({}))
        assert look_up(["u1"]) == {"u1": None}


def test_a_merchant_with_any_record_is_known(client: Any) -> None:
    with Stubber(client) as stub:
        stub.add_response("batch_get_record", answer({"m1": {"merchant_id": "m1"}}))
        assert merchants(client, Names("test"))(["m1", "m2"]) == {"m1": True, "m2": None}
