"""What an approval does to the endpoint is followed to its end, whichever it is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from pipelines.commands.rollout import RolloutError, follow, look

_START = datetime(2026, 3, 1, tzinfo=UTC)


class _SageMaker:
    """An endpoint whose looks are told beforehand: status, package, failure, seconds since the start."""

    def __init__(self, *looks: tuple[str, str | None, str, int]) -> None:
        self._looks: Iterator[tuple[str, str | None, str, int]] = iter(looks)
        self._now = looks[0] if looks else None

    def describe_endpoint(self, **_: str) -> dict[str, Any]:
        if self._now is None:
            raise ClientError({"Error": {"Code": "ValidationException", "Message": "no"}}, "DescribeEndpoint")
        self._now = next(self._looks, self._now)
        status, _package, failure, seconds = self._now
        found: dict[str, Any] = {
            "EndpointStatus": status,
            "EndpointConfigName": "c",
            "LastModifiedTime": _START + timedelta(seconds=seconds),
        }
        return {**found, "FailureReason": failure} if failure else found

    def describe_endpoint_config(self, **_: str) -> dict[str, Any]:
        return {"ProductionVariants": [{"ModelName": "m"}]}

    def describe_model(self, **_: str) -> dict[str, Any]:
        assert self._now is not None
        return {"PrimaryContainer": {"ModelPackageName": self._now[1]} if self._now[1] else {}}


def _follow(*looks: tuple[str, str | None, str, int], timeout_s: float = 1000) -> list[str]:
    sagemaker, told, seconds = _SageMaker(*looks), list[str](), iter(range(10_000))
    before = look(sagemaker, "e")
    follow(
        sagemaker, "e", "new", before, timeout_s=timeout_s, tell=told.append, sleep=lambda _: None,
        clock=lambda: float(next(seconds)),
    )  # fmt: skip
    return told


def test_it_ends_when_the_version_serves() -> None:
    told = _follow(
        ("InService", "old", "", 0), ("InService", "old", "", 0), ("Updating", "old", "", 5),
        ("InService", "new", "", 90),
    )  # fmt: skip
    assert told == [
        "endpoint InService, serving old",
        "endpoint Updating, serving old",
        "endpoint InService, serving new",
    ]


def test_a_rollback_names_its_alarm() -> None:
    with pytest.raises(RolloutError, match=r"failed: alarm many-declines .*still serves old"):
        _follow(("InService", "old", "", 0), ("Updating", "old", "", 5), ("RollingBack", "old", "", 7),
                ("InService", "old", "alarm many-declines", 9))  # fmt: skip


def test_an_older_failure_is_not_this_one() -> None:
    failed = ("InService", "old", "an alarm of yesterday", 0)
    assert _follow(failed, failed, failed, ("InService", "new", "", 60))


@pytest.mark.parametrize(
    ("looks", "timeout", "message"),
    [
        ([("InService", None, "", 0)], 1000, "still serves the rules, and nothing changes it"),
        ([("Updating", "old", "", 0)], 20, "not done after 20 s"),
        ([("Failed", None, "no capacity", 0)], 1000, "no capacity"),
        ([], 1000, "deploy the serving stack first"),
    ],
)
def test_no_end_is_an_end_too(
    looks: list[tuple[str, str | None, str, int]], timeout: float, message: str
) -> None:
    with pytest.raises(RolloutError, match=message):
        _follow(*looks, timeout_s=timeout)
