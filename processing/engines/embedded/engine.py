"""The embedded engine: every user's and merchant's history in the memory of this process."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from feature_groups import FEATURE_NAMES
from processing.engines.columns import EventColumns, FraudReports
from processing.engines.embedded import fields as f
from processing.engines.embedded.entities import Codes
from processing.engines.embedded.histories import Histories
from processing.engines.embedded.known_frauds import KnownFrauds
from processing.engines.embedded.merchants import KINDS as MERCHANT_KINDS
from processing.engines.embedded.merchants import MerchantRows, run_merchants
from processing.engines.embedded.packed import run_packed_merchants, run_packed_users, split_packed
from processing.engines.embedded.request import fill_request
from processing.engines.embedded.states import export_merchant, export_user, import_merchant, import_user
from processing.engines.embedded.users import KINDS as USER_KINDS
from processing.engines.embedded.users import UserRows, run_users
from processing.windows import merchant_learn_fraud

_SWEEP = 4096  # entities looked through per batch, at least, for histories that have expired


class EmbeddedEngine:
    """Features of micro-batches, in the order of the log; keeps its state between them.

    Any split of a log into batches gives the same features, bit for bit those of `UserState` and
    `MerchantState`. One engine is for one thread.
    """

    def __init__(self) -> None:
        self._users = Histories("user", f.USER_TOTALS, USER_KINDS)
        self._merchants = Histories("merchant", f.MERCHANT_TOTALS, MERCHANT_KINDS)
        self._frauds = KnownFrauds()
        self._latest = f.NEVER

    def learn(self, reports: FraudReports) -> None:
        """Take in frauds, each counted from the time it became known, which may lie ahead."""
        if not len(reports):
            return
        identities, codes = np.unique(reports.merchant, return_inverse=True)
        numbers = self._merchants.numbers(identities, codes.astype(np.int32))
        self._frauds.extend(len(self._merchants))
        newest = self._merchants.newest()
        oldest = np.where(newest == f.NEVER, f.NEVER, newest - self._merchants.retention)
        self._frauds.learn(numbers, reports.known, oldest)
        for number, known in zip(numbers.tolist(), reports.known.tolist(), strict=True):
            if number in self._merchants.packed:
                state = self._merchants.packed[number]
                self._merchants.packed[number] = merchant_learn_fraud(state, known)

    def apply(self, events: EventColumns, out: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
        """Features of each transaction as of its own time and of what came before it, then take it in.

        Args:
            out: where to write, ``float64[len(events), len(FEATURE_NAMES)]``, one row after the other in
                memory; made anew if it is None.

        Returns:
            `out`, in the order of `FEATURE_NAMES`, NaN where missing.
        """
        if out is None:
            out = np.empty((len(events), len(FEATURE_NAMES)))
        if len(events):
            users = self._users.numbers(events.user_identity, events.user)
            merchants = self._merchants.numbers(events.merchant_identity, events.merchant)
            self._frauds.extend(len(self._merchants))
            last_times = self._run_users(events, users, out)
            self._run_merchants(events, merchants, out)
            fill_request(events, last_times, out)
            self._latest = max(self._latest, int(events.times.max()))
            for histories in (self._users, self._merchants):
                histories.release_idle(self._latest - histories.retention, max(_SWEEP, len(events)))
        return out

    def export_user(self, identity: int) -> bytes | None:
        """A user's packed state; None if there never was a transaction.

        It is what packed updates with the same transactions give, bit for bit, unless the user has
        been idle for longer than any window: then only the last time and the last device are left.
        """
        number = self._users.numbering.find(identity)
        if number < 0:
            return None
        return self._users.packed.get(number) or export_user(self._users, number)

    def export_merchant(self, identity: int) -> bytes | None:
        """A merchant's packed state; see `export_user`."""
        number = self._merchants.numbering.find(identity)
        if number < 0:
            return None
        packed = self._merchants.packed.get(number)
        return packed or export_merchant(self._merchants, self._frauds, number)

    def import_user(self, identity: int, state: bytes) -> None:
        """Put a packed state in the place of a user's history.

        Raises:
            StateError: the bytes are no user's state of this version.
        """
        number = self._users.add(identity)
        self._users.packed.pop(number, None)
        if not import_user(self._users, number, state):
            self._users.packed[number] = state

    def import_merchant(self, identity: int, state: bytes) -> None:
        """Put a packed state in the place of a merchant's history, known frauds included.

        Raises:
            StateError: the bytes are no merchant's state of this version.
        """
        number = self._merchants.add(identity)
        self._frauds.extend(len(self._merchants))
        self._merchants.packed.pop(number, None)
        if not import_merchant(self._merchants, self._frauds, number, state):
            self._merchants.packed[number] = state

    @property
    def nbytes(self) -> int:
        """Bytes of all histories; room that waits to be used again counts."""
        return self._users.nbytes + self._merchants.nbytes

    @property
    def user_bytes(self) -> int:
        """Bytes of the users' histories; room that waits to be used again counts."""
        return self._users.nbytes

    @property
    def user_bytes_in_use(self) -> int:
        """Bytes of the users' histories, without room that waits to be used again."""
        return self._users.nbytes_in_use

    def _run_users(self, events: EventColumns, numbers: Codes, out: NDArray[np.float64]) -> NDArray[np.int64]:
        users = self._users
        last_times = np.empty(len(events), np.int64)
        merchants = events.merchant_identity[events.merchant]
        marks = events.country << np.int32(f.COUNTRY) | events.status

        def step(touched: Codes, start: int, following: Codes) -> int:
            rows = UserRows(events.times, events.amounts, merchants, events.device, marks, following)
            done: int = run_users(
                users.memory,
                users.settings,
                users.large,
                touched,
                start,
                users.chains.first,
                users.chains.counts,
                rows,
                users.columns,
                out,
                last_times,
            )
            return done

        in_rings, packed = split_packed(users, numbers)
        users.run(in_rings, step)
        run_packed_users(users, numbers, packed, events, out, last_times)
        return last_times

    def _run_merchants(self, events: EventColumns, numbers: Codes, out: NDArray[np.float64]) -> None:
        merchants = self._merchants
        customers = events.user_identity[events.user]

        def step(touched: Codes, start: int, following: Codes) -> int:
            done: int = run_merchants(
                merchants.memory,
                merchants.settings,
                merchants.large,
                touched,
                start,
                merchants.chains.first,
                merchants.chains.counts,
                MerchantRows(events.times, customers, following),
                self._frauds.frauds,
                merchants.columns,
                out,
            )
            return done

        in_rings, packed = split_packed(merchants, numbers)
        merchants.run(in_rings, step)
        run_packed_merchants(merchants, numbers, packed, events, out)
