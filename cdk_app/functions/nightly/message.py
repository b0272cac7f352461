"""The mail about a night: the verdict first, then the figures, then where to read on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from cdk_app.functions.nightly.documents import console_link
from cdk_app.functions.nightly.night import DATA_REJECTION, Night, Written

_LONGEST_SUBJECT = 99  # SNS refuses 100 characters, and what is not ASCII
_MOST_FINDINGS = 20


class Mail(NamedTuple):
    """What SNS sends to each subscriber."""

    subject: str
    text: str


def compose(night: Night, superseded: Sequence[int], environment: str) -> Mail:
    """The one mail about a night.

    Args:
        superseded: older versions of the same night that were rejected for this one.
    """
    short, verdict = _verdict(night)
    subject = f"Fraudline {environment}, night of {night.as_of[:10]}: {short}"
    parts = [
        [verdict],
        _next(night, superseded),
        list(_also_failed(night)),
        list(_figures(night)),
        list(_data(night)),
        list(_places(night)),
    ]
    text = "\n\n".join("\n".join(lines) for lines in parts if lines)
    return Mail(subject.encode("ascii", "replace").decode()[:_LONGEST_SUBJECT], text + "\n")


def _verdict(night: Night) -> tuple[str, str]:
    """In a few words, and in a sentence with the reason."""
    if night.package:
        version = night.package["ModelPackageVersion"]
        return f"version {version} waits for review", f"Version {version} is registered and waits for review."
    if night.rejection:
        reason = night.rejection["Metadata"]["Fail"].get("ErrorMessage") or night.rejection.get(
            "FailureReason", ""
        )
        if night.rejection["StepName"] == DATA_REJECTION:
            checks = ", ".join(_critical_checks(night)) or "see the reason"
            return f"the data is not sound ({checks})", f"No model: {reason}"
        return "the model is rejected", f"No model: {reason}"
    if night.failed:
        name = night.failed["StepName"]
        return (
            f"failed in {name}",
            f"The night failed in {name}: {night.failed.get('FailureReason', 'no reason')}",
        )
    if night.status == "Succeeded":
        return "nothing registered", "The night succeeded, but registered no model."
    return night.status.lower(), f"The night ended as {night.status}."


def _next(night: Night, superseded: Sequence[int]) -> list[str]:
    """What there is to do."""
    if night.package:
        version = night.package["ModelPackageVersion"]
        lines = [
            f"    fraudline models show {version}",
            f'    fraudline models approve {version} --comment "..."',
        ]
        if superseded:
            named = ", ".join(map(str, superseded))
            lines.append(f"Of the same night, and rejected because nobody had decided: version {named}.")
        return lines
    if night.rejection:
        return []
    return [f"    fraudline pipeline retry {night.execution}", "goes on from the steps that did not succeed."]


def _also_failed(night: Night) -> Iterator[str]:
    """A step that failed while the verdict is about something else, and a verdict that a failure hid."""
    if not night.failed:
        return
    if night.package or night.rejection:
        yield f"{night.failed['StepName']} failed: {night.failed.get('FailureReason', 'no reason')}"
        yield f"    fraudline pipeline retry {night.execution}"
    elif night.evaluation and night.evaluation.document["gate"]["failed"]:
        reason = night.evaluation.document["gate"]["summary"]["reason"]
        yield f"The model would not have been registered either: {reason}."


def _figures(night: Night) -> Iterator[str]:
    yield f"{'night':<24}{night.as_of}"
    if night.evaluation:
        for name, value in night.evaluation.document["summary"].items():
            if name != "as_of":
                yield f"{name.replace('_', ' '):<24}{value}"


def _data(night: Night) -> Iterator[str]:
    """What the checks found: every finding where the data is at fault, else one line."""
    if night.quality is None:
        return
    found = night.quality.document
    if not found["critical"]:
        warned = ", ".join(dict.fromkeys(one["check"] for one in found["findings"]))
        yield f"Data: sound, {found['warnings']} warning(s){f': {warned}' if warned else ''}."
        return
    yield f"Data: {found['critical']} critical finding(s), {found['warnings']} warning(s)."
    ordered = sorted(found["findings"], key=lambda one: one["severity"] != "critical")
    for one in ordered[:_MOST_FINDINGS]:
        yield f"  {one['severity']:<9}{one['layer']}/{one['check']}: {one['message']}"
    if len(ordered) > _MOST_FINDINGS:
        yield f"  and {len(ordered) - _MOST_FINDINGS} more in the page."


def _critical_checks(night: Night) -> list[str]:
    findings = night.quality.document["findings"] if night.quality else []
    return list(dict.fromkeys(one["check"] for one in findings if one["severity"] == "critical"))


def _places(night: Night) -> Iterator[str]:
    region = night.execution.split(":")[3]
    for name, written in (("Report", night.evaluation), ("Data", night.quality)):
        if isinstance(written, Written):
            yield f"{name}: {written.page_uri}"
            yield f"  {console_link(written.page_uri, region)}"
    if night.package:
        yield f"Package: {night.package['ModelPackageArn']} (its ModelCard tells the rest)"
    yield f"Execution: {night.execution}"
