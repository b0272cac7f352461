"""Bad nights through the real pipeline: each ends for the named reason and registers nothing."""

from __future__ import annotations

import html
from typing import Any, NamedTuple

import pytest

from pipelines.bundles import CodeBundles
from tests.mirror.conftest import mirror  # noqa: F401  # the module's one mirror
from tests.mirror.pipelines.programs import steps, wait
from tests.mirror.running import RunningMirror
from tests.pipelines.nightly_steps import APART, PASSED
from tests.pipelines.quality import nights
from tests.pipelines.quality.mirrored import Night, Nights, failures

pytestmark = pytest.mark.slow

CORRUPT = "corrupt file"
SOUND = "sound"


class Started(NamedTuple):
    night: Night
    arn: str


@pytest.fixture(scope="module")
def started(mirror: RunningMirror, bundles: CodeBundles) -> dict[str, Started]:  # noqa: F811
    """Every night's execution, all started at once: the mirror runs as many side by side as it can."""
    made, sound = Nights(mirror, bundles), nights.sound()
    lakes = {SOUND: sound, CORRUPT: sound, **{name: bad.spoil(sound) for name, bad in nights.BAD.items()}}
    found = {}
    for name, lake in lakes.items():
        night = made.make(name, lake)
        if name == CORRUPT:
            night.put("raw/transactions/date=2026-02-28/part-7.parquet", b"PAR1 not really")
        found[name] = Started(night, night.start())
    return found


def ended(started: dict[str, Started], name: str) -> tuple[Night, dict[str, Any], dict[str, dict[str, Any]]]:
    night, arn = started[name]
    return night, wait(night.mirror, arn, timeout=600), steps(night.mirror, arn)


@pytest.mark.parametrize("name", [*nights.BAD, CORRUPT])
def test_a_bad_night_ends_by_name_and_registers_nothing(started: dict[str, Started], name: str) -> None:
    layer, check, message = (
        nights.BAD[name][1:] if name in nights.BAD else ("batch", "readable", "not a readable Parquet file")
    )
    night, execution, ran = ended(started, name)
    assert execution["PipelineExecutionStatus"] == "Failed"
    assert ran["DataIsSound"]["Metadata"]["Condition"]["Outcome"] == "False"
    [(failed, reason)] = failures(ran).items()
    assert failed == "RejectData"
    assert check in reason
    assert "TrainModel" not in ran
    assert night.packages() == []

    quality, page = night.quality()
    critical = [one for one in quality["findings"] if one["severity"] == "critical"]
    found = [one for one in critical if (one["layer"], one["check"]) == (layer, check)]
    assert any(message in one["message"] for one in found), critical
    for one in found:
        assert html.escape(one["message"]) in page
        for row in one["rows"]:
            assert all(html.escape(str(value)) in page for value in row.values())
    assert check in {"volume", "readable"} or any(one["rows"] for one in found)
    assert "The data is not sound" in page


def test_a_sound_night_passes_and_waits_for_its_reviewer(started: dict[str, Started]) -> None:
    night, execution, ran = ended(started, SOUND)
    assert execution["PipelineExecutionStatus"] == "Succeeded", failures(ran)
    assert ran["DataIsSound"]["Metadata"]["Condition"]["Outcome"] == "True"
    assert set(PASSED) - set(APART) <= {name.partition("-")[0] for name in ran}
    assert night.packages() == ["PendingManualApproval"]
    quality, page = night.quality()
    assert quality["critical"] == 0
    assert "The data is sound." in page
