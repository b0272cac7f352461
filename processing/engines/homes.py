"""Where users live, in versions over time, and how far from it a transaction is."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from processing.features.geography import distance_km
from processing.windows.compiled import compiled

_kilometres = compiled(distance_km)


class Homes:
    """Every known version of every profile.

    Args:
        users: user per version; of versions of equal time the last one counts.
        since: from when on a version holds, milliseconds; None for always.
        lat, lon: degrees, NaN unknown.
        country: texts, null unknown.
    """

    def __init__(
        self,
        users: pa.Array,
        since: NDArray[np.int64] | None,
        lat: NDArray[np.float64],
        lon: NDArray[np.float64],
        country: pa.Array,
    ) -> None:
        self._users = pc.unique(users)
        owner = pc.index_in(users, self._users).to_numpy(zero_copy_only=False)
        times = np.full(len(users), np.iinfo(np.int64).min) if since is None else since
        order = np.lexsort((times, owner))  # stable: versions of equal time stay in their order
        self._since, self._lat, self._lon = times[order], lat[order], lon[order]
        self._country = country.take(pa.array(order))
        counts = np.bincount(owner, minlength=len(self._users))
        self._first = np.concatenate([[0], np.cumsum(counts)])

    @classmethod
    def of_profiles(cls, users: pa.Table) -> Homes:
        """A version for each user, valid always.

        Args:
            users: of the schema `processing.sources.dataset.USERS`.
        """
        lat, lon = (users[name].cast(pa.float64()).to_numpy() for name in ("home_lat", "home_lon"))
        return cls(users["user_id"].combine_chunks(), None, lat, lon, users["home_country"].combine_chunks())

    @classmethod
    def of_rows(cls, lat: NDArray[np.float64], lon: NDArray[np.float64], country: pa.Array) -> Homes:
        """A version for each row, in their order."""
        rows = pa.array(np.arange(lat.size))
        return cls(rows, None, lat, lon, country)

    def versions_at(
        self, users: list[str], user: NDArray[np.int32], times: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """The newest version of at most `times` per row, -1 where there was none.

        Args:
            users: the text of each code.
            user: codes, one per row.
        """
        known = pc.index_in(pa.array(users, pa.string()), self._users.cast(pa.string()))
        owner = pc.fill_null(known, len(self._users)).to_numpy(zero_copy_only=False)[user]
        first = self._first[np.minimum(owner, len(self._users))]
        end = self._first[np.minimum(owner + 1, len(self._users))]
        version = np.full(user.size, -1, np.int64)
        rows, at = np.flatnonzero(first < end), first[first < end]
        while rows.size:  # once per version of the user who has most
            passed = self._since[at] <= times[rows]
            rows, at = rows[passed], at[passed]
            version[rows] = at
            more = at + 1 < end[rows]
            rows, at = rows[more], at[more] + 1
        return version

    def distances(
        self, version: NDArray[np.int64], lat: NDArray[np.float64], lon: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Kilometres between home and place per row, NaN where either is unknown."""
        out = np.full(version.size, np.nan)
        _fill_distances(version, self._lat, self._lon, lat, lon, out)
        return out

    def foreign(self, version: NDArray[np.int64], country: pa.Array) -> NDArray[np.float64]:
        """1.0 where the country is not that of the home, 0.0 where it is, NaN where either is unknown."""
        home = self._country.take(pa.array(version, mask=version < 0))
        differs = pc.not_equal(country.cast(pa.string()), home.cast(pa.string()))
        values: NDArray[np.float64] = differs.cast(pa.float64()).to_numpy(zero_copy_only=False)
        return values


@compiled
def _fill_distances(
    version: NDArray[np.int64],
    home_lat: NDArray[np.float64],
    home_lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    lon: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    for row in range(version.size):
        home = version[row]
        if home < 0:
            continue
        unknown = np.isnan(lat[row]) or np.isnan(lon[row])
        if not (unknown or np.isnan(home_lat[home]) or np.isnan(home_lon[home])):
            out[row] = _kilometres(home_lat[home], home_lon[home], lat[row], lon[row])
