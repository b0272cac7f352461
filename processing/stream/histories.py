"""Features and packed states of the entities of one micro-batch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

from processing.events import Profile, Transaction
from processing.features import vector
from processing.stream.steps.entities import Entities
from processing.stream.store import Store
from processing.windows import APPROVED, DECLINED, UNKNOWN, country_code, identity, merchant_learn_fraud

# As the kernel takes a transaction: the time, then a user's columns, then the merchant's one.
_Row = tuple[int, int, int, int, int, int]
_STATUS = {None: UNKNOWN, "approved": APPROVED, "declined": DECLINED}


class _Answer:
    """What a state said about one moment, in the place of the state."""

    __slots__ = ("_last", "_values")

    def __init__(self, values: list[float], last: float) -> None:
        self._values, self._last = values, last

    def values(self, _t_ms: int) -> list[float]:
        return self._values

    def last_time(self, _t_ms: int) -> int | None:
        return None if self._last != self._last else int(self._last)


class Histories:
    """The states of a batch's entities, changed by one transaction or label after the other.

    Transactions wait until `flush`, or until a label comes that they must not see, and are then taken
    into all their histories in one go: either both histories of each transaction change, or nothing does.

    Args:
        users, merchants: ids of the batch's transactions.
        profiles: of the users.
        one_by_one: let no transaction wait, so that an error tells which one is at fault.
    """

    def __init__(
        self,
        store: Store,
        users: Iterable[str],
        merchants: Iterable[str],
        profiles: Mapping[str, Profile | None],
        one_by_one: bool = False,
    ) -> None:
        self._users = Entities("user", store.users, users)
        self._merchants = Entities("merchant", store.merchants, merchants)
        self._profiles, self._one_by_one = profiles, one_by_one
        self._waiting: list[Transaction] = []
        self._rows: list[_Row] = []
        self._waiting_merchants: set[str] = set()
        self._features: list[list[float]] = []

    def add(self, transaction: Transaction) -> None:
        """Take a transaction into the histories of its user and its merchant.

        Raises:
            LookupError, TypeError, ValueError: it has a field that cannot be computed with; nothing changed.
        """
        device = transaction.device
        row = (
            transaction.timestamp_ms,
            transaction.hundredths,
            identity(transaction.merchant_id),
            identity(device) if device else 0,
            country_code(transaction.country) << 2 | _STATUS[transaction.status],
            identity(transaction.user_id),
        )
        self._rows.append(row)
        self._waiting.append(transaction)
        self._waiting_merchants.add(transaction.merchant_id)
        if self._one_by_one:
            self.flush()

    def learn_fraud(self, merchant_id: str, known_ms: int, instead_of: int | None) -> None:
        """A transaction of a merchant became known as fraud, see `merchant_learn_fraud`.

        Raises:
            StateError: its state cannot be read.
        """
        if merchant_id in self._waiting_merchants:
            self.flush()
        before = self._merchants.state(merchant_id)
        self._merchants.changed[merchant_id] = merchant_learn_fraud(before, known_ms, instead_of)

    def flush(self) -> None:
        """Compute what waits.

        Raises:
            StateError: a state cannot be read; what waited is dropped and nothing changed.
        """
        waiting, rows, answer = self._waiting, self._rows, cast(Any, _Answer)
        if not waiting:
            return
        self._waiting, self._rows, self._waiting_merchants = [], [], set()
        times, amounts, merchants, devices, marks, customers = zip(*rows, strict=True)
        users = self._users.applied([t.user_id for t in waiting], (times, amounts, merchants, devices, marks))
        shops = self._merchants.applied([t.merchant_id for t in waiting], (times, customers))
        answers = zip(waiting, users.values, users.lasts, shops.values, strict=True)
        self._features += [
            vector(t, self._profiles.get(t.user_id), answer(of_user, last), answer(of_shop, last))
            for t, of_user, last, of_shop in answers
        ]
        self._users.changed |= users.states
        self._merchants.changed |= shops.states

    def features(self) -> list[list[float]]:
        """The features of every transaction added, in that order; `flush`es."""
        self.flush()
        return self._features

    @property
    def users(self) -> dict[str, bytes]:
        return self._users.changed

    @property
    def merchants(self) -> dict[str, bytes]:
        return self._merchants.changed
