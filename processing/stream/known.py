"""Whether users and merchants are known, where a transaction of an unknown one shall not enter.

A user is known who has a profile; a merchant that has a record in the Feature Store, or a history.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Set
from typing import NamedTuple

from feature_groups.groups import MERCHANT, USER_PROFILE
from processing.events import RejectedRecord, Transaction
from processing.stream.retry import Interrupted, attempts

CHOICES = ("user", "merchant")

LookUp = Callable[[Iterable[str]], Mapping[str, object | None]]


class Unknown(NamedTuple):
    """The unknown ones of a batch; empty where they need not be known."""

    users: Set[str] = frozenset()
    merchants: Set[str] = frozenset()

    def refusal(self, transaction: Transaction) -> RejectedRecord | None:
        """Why a transaction does not enter; None if it does."""
        if transaction.user_id in self.users:
            return _refusal("user_id", transaction.user_id, USER_PROFILE.name, "user")
        if transaction.merchant_id in self.merchants:
            return _refusal("merchant_id", transaction.merchant_id, MERCHANT.name, "merchant")
        return None


class Known:
    """Finds out who is unknown.

    Args:
        required: those of `CHOICES` that have to be known.
        profiles: looks up users; ids that it gives nothing for are asked about again.
        merchants: looks up merchants in the same way.
        histories: the histories of those merchants that have one.
        stop: set when the consumer has to stop.
    """

    def __init__(
        self,
        required: Set[str],
        profiles: LookUp,
        merchants: LookUp,
        histories: Callable[[Iterable[str]], Mapping[str, bytes]],
        stop: threading.Event,
    ) -> None:
        self._required, self._stop = required, stop
        self._profiles, self._merchants, self._histories = profiles, merchants, histories

    def unknown(self, users: Set[str], merchants: Set[str]) -> Unknown:
        """Those among the users and merchants of a batch that are unknown but have to be known.

        Raises:
            Interrupted: the Feature Store did not answer until the consumer had to stop.
        """
        strangers: Set[str] = frozenset()
        if "merchant" in self._required:
            strangers = self._absent(self._merchants, merchants - self._histories(merchants).keys())
        if "user" not in self._required:
            return Unknown(merchants=strangers)
        return Unknown(self._absent(self._profiles, users), strangers)

    def _absent(self, look_up: LookUp, ids: Set[str]) -> Set[str]:
        """Refusing for good because of an answer that did not come would be wrong: wait for it."""
        for _ in attempts(self._stop):
            found = look_up(ids)
            if len(found) == len(ids):
                return {entity for entity, record in found.items() if record is None}
        raise Interrupted


def _refusal(field: str, entity: str, group: str, kind: str) -> RejectedRecord:
    return RejectedRecord(
        "incomplete",
        field,
        f"{entity} is unknown: put its record into the feature group {group} and replay this, "
        f"or take {kind} out of FRAUDLINE_REQUIRE_KNOWN",
    )
