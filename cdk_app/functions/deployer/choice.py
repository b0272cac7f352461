"""Which model package the endpoint should serve: a pure decision."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Package:
    """A model package as the registry has it at this moment.

    Attributes:
        arn: its ARN.
        label: group and version for people, e.g. ``fraudline-dev-fraud/3``.
        approved: whether it is Approved and complete.
        changed_at: when it was last modified; for an approved package, when it was approved.
        shadow: whether it was approved as a shadow only: it may decide, and nobody is told what.
        data_url: its archive.
    """

    arn: str
    label: str
    approved: bool
    changed_at: datetime
    shadow: bool = False
    data_url: str = ""

    @property
    def may_answer(self) -> bool:
        return self.approved and not self.shadow


def choose(
    nominated: Package | None, serving: Package | None, newest_approved: Package | None
) -> Package | None:
    """The package to serve, or None for the rules alone.

    Args:
        nominated: the package of the event that caused this run.
        serving: the package that the endpoint serves now.
        newest_approved: the approved package with the highest version.

    The later approval of `nominated` and `serving` wins, so a delayed event cannot take the endpoint
    back to an older decision, and approving an older version again is a way back. With neither
    approved, the newest approved one serves.
    """
    standing = [package for package in (serving, nominated) if package is not None and package.may_answer]
    if standing:
        return max(standing, key=lambda package: package.changed_at)
    return newest_approved if newest_approved is not None and newest_approved.may_answer else None
