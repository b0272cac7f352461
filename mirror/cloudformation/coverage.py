"""What a resource type honours: the declaration that strictness and the coverage document read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mirror.api import Coverage

Schema = dict[str, Any]
"""Property name → None (applied whole, whatever it contains) or the schema of its members.

A list of objects has the schema of one object.
"""


def whole(*names: str) -> Schema:
    """Properties that are applied as they are, with everything inside them."""
    return dict.fromkeys(names)


@dataclass(frozen=True, slots=True)
class TypeCoverage:
    """How completely the mirror keeps one CloudFormation type.

    Args:
        properties: every property that is applied; any other one fails the deployment.
        attributes: names that ``Fn::GetAtt`` answers; None when a template may ask for any.
        coverage: ``partial`` when an applied property has less effect than on AWS; `note` says which.
        how: which API or process stands behind the type.
    """

    properties: Schema | None
    attributes: frozenset[str] | None
    coverage: Coverage
    note: str
    how: str
