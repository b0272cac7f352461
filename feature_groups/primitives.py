"""What the kernel can compute of an entity's history; a feature declares one of these.

`processing.windows` computes, for every window that an entity's features use, every windowed
primitive of that entity, in the order of this list.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

Entity = Literal["user", "merchant", "transaction"]
Aggregation = Literal["count", "sum", "avg", "max", "distinct", "changes", "rate", "age", "value"]

# Columns that a transaction may lack. Where every event of a window lacks the column, the value
# cannot be known.
OPTIONAL_COLUMNS = frozenset({"country", "device", "status", "location"})
# Columns that are known only after an investigation.
LABEL_COLUMNS = frozenset({"is_fraud"})
# What gives whole numbers; everything else needs the type Fractional.
WHOLE: frozenset[Aggregation] = frozenset({"count", "distinct", "changes"})


class Primitive(NamedTuple):
    """One computation: `aggregation` of `source` over the events that pass `filter`."""

    entity: Entity
    aggregation: Aggregation
    source: str
    filter: str | None = None
    windowed: bool = True

    def __str__(self) -> str:
        condition = f" where {self.filter}" if self.filter else ""
        return f"{self.aggregation} of {self.source}{condition}{'' if self.windowed else ' without a window'}"


PRIMITIVES: tuple[Primitive, ...] = (
    Primitive("user", "count", "transaction_id"),
    Primitive("user", "sum", "amount"),
    Primitive("user", "avg", "amount"),
    Primitive("user", "max", "amount"),
    Primitive("user", "distinct", "merchant_id"),
    Primitive("user", "distinct", "country"),
    Primitive("user", "count", "status", "status = declined"),
    Primitive("user", "changes", "device"),
    Primitive("merchant", "count", "transaction_id"),
    Primitive("merchant", "distinct", "user_id"),
    Primitive("merchant", "rate", "is_fraud", "is_fraud = true"),
    Primitive("merchant", "age", "is_fraud", "is_fraud = true", windowed=False),
)


def primitives_of(entity: Entity) -> tuple[Primitive, ...]:
    """The kernel's primitives of one entity, in its order; none for ``transaction``."""
    return tuple(primitive for primitive in PRIMITIVES if primitive.entity == entity)
