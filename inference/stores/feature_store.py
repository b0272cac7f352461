"""Features of a user and a merchant, read in one call to the Feature Store."""

from __future__ import annotations

import asyncio
import base64
import binascii
import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from feature_groups import MERCHANT, USER_ACTIVITY, USER_PROFILE
from feature_groups.groups import EVENT_TIME, STATE
from feature_groups.names import Names
from inference.stores.base import FeaturesUnavailableError, Records
from processing.features import MerchantState, Profile, UserState

_THREADS = 16
_CONNECT_TIMEOUT_S = 1.0
_PROFILE_COLUMNS = ("home_lat", "home_lon", "home_country", EVENT_TIME)
_STATE_COLUMNS = (STATE, EVENT_TIME)

log = logging.getLogger("inference")


class FeatureStoreReader:
    """Reads user profile, user activity and merchant with one ``BatchGetRecord``.

    Args:
        names: names of the deployed feature groups.
        read_budget_ms: socket timeout of a read; a thread is never held longer.
    """

    def __init__(self, names: Names, read_budget_ms: int) -> None:
        self._profile = names.feature_group(USER_PROFILE.name)
        self._user = names.feature_group(USER_ACTIVITY.name)
        self._merchant = names.feature_group(MERCHANT.name)
        self._client = boto3.client(
            "sagemaker-featurestore-runtime",
            config=Config(
                parameter_validation=False,
                max_pool_connections=_THREADS,
                tcp_keepalive=True,
                connect_timeout=_CONNECT_TIMEOUT_S,
                read_timeout=read_budget_ms / 1000,
                retries={"total_max_attempts": 1},
            ),
        )
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="feature-store")

    def warm(self) -> None:
        """Open a connection; a store that does not answer yet is logged, not fatal."""
        try:
            self._read("warm-up", "warm-up")
        except FeaturesUnavailableError as error:
            log.warning("the feature store does not answer yet: %s", error)

    def read_now(self, user_id: str, merchant_id: str) -> Records | None:  # noqa: ARG002 - the protocol's
        return None

    async def read(self, user_id: str, merchant_id: str) -> Records:
        return await asyncio.get_running_loop().run_in_executor(
            self._threads, self._read, user_id, merchant_id
        )

    def _read(self, user_id: str, merchant_id: str) -> Records:
        try:
            response = self._client.batch_get_record(
                Identifiers=[
                    _identifier(self._profile, user_id, _PROFILE_COLUMNS),
                    _identifier(self._user, user_id, _STATE_COLUMNS),
                    _identifier(self._merchant, merchant_id, _STATE_COLUMNS),
                ]
            )
        except ClientError as error:
            code = error.response["Error"]["Code"]
            raise FeaturesUnavailableError(f"the feature store refused: {code}") from error
        except BotoCoreError as error:
            raise FeaturesUnavailableError(f"the feature store failed: {type(error).__name__}") from error
        except Exception as error:  # botocore parses answers it trusts; what is none may raise anything
            raise FeaturesUnavailableError(
                f"the feature store's answer is unreadable: {type(error).__name__}"
            ) from error
        return self._records(response)

    def _records(self, response: Mapping[str, Any]) -> Records:
        if response.get("Errors"):
            codes = sorted({error["ErrorCode"] for error in response["Errors"]})
            raise FeaturesUnavailableError(f"the feature store refused: {', '.join(codes)}")
        if response.get("UnprocessedIdentifiers"):
            raise FeaturesUnavailableError("the feature store left records unread")
        found = {
            record["FeatureGroupName"]: {
                value["FeatureName"]: value["ValueAsString"] for value in record["Record"]
            }
            for record in response["Records"]
        }
        profile, user, merchant = (found.get(group) for group in (self._profile, self._user, self._merchant))
        try:
            return Records(
                profile=None if profile is None else _profile(profile),
                user=None if user is None else UserState.decode(_state(user)),
                merchant=None if merchant is None else MerchantState.decode(_state(merchant)),
                profile_time=_event_time(profile),
                user_time=_event_time(user),
                merchant_time=_event_time(merchant),
            )
        except (KeyError, ValueError, binascii.Error) as error:
            raise FeaturesUnavailableError(
                f"a stored record is unreadable: {type(error).__name__}"
            ) from error


def _identifier(group: str, record: str, columns: Sequence[str]) -> dict[str, Any]:
    return {
        "FeatureGroupName": group,
        "RecordIdentifiersValueAsString": [record],
        # The aggregates beside the state are for people and the offline store; reading them costs time.
        "FeatureNames": list(columns),
    }


def _profile(record: Mapping[str, str]) -> Profile:
    lat, lon = record.get("home_lat"), record.get("home_lon")
    return Profile(
        home_lat=None if lat is None else float(lat),
        home_lon=None if lon is None else float(lon),
        home_country=record.get("home_country"),
    )


def _state(record: Mapping[str, str]) -> bytes:
    return base64.b64decode(record[STATE], validate=True)


def _event_time(record: Mapping[str, str] | None) -> str | None:
    return None if record is None else record[EVENT_TIME]
