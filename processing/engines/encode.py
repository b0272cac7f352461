"""From Arrow columns of texts and amounts to the numbers of `EventColumns`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from processing.engines.homes import Homes
from processing.events.currencies import DECIMALS
from processing.windows import APPROVED, DECLINED, UNKNOWN, country_code, identity

Times = NDArray[np.int64]

_SCALE = np.array([1.0, 10.0, 100.0, 1000.0])
_STATUS = {"approved": APPROVED, "declined": DECLINED}


def codes(column: pa.ChunkedArray) -> tuple[NDArray[np.int32], list[str]]:
    """Dense codes per row, and the text of each code; the column has no nulls."""
    encoded = pc.dictionary_encode(_whole(column))
    return encoded.indices.to_numpy(), encoded.dictionary.cast(pa.string()).to_pylist()


def identities(texts: list[str]) -> NDArray[np.int64]:
    """The identity of each text."""
    return np.fromiter(map(identity, texts), np.int64, len(texts))


def devices(column: pa.ChunkedArray) -> NDArray[np.int64]:
    """The identity of each row's device, 0 where there is none."""
    return _coded(column, lambda text: identity(text) if text else 0, np.int64)


def countries(column: pa.ChunkedArray) -> NDArray[np.int32]:
    """The `country_code` of each row, 0 where there is none."""
    return _coded(column, country_code, np.int32)


def statuses(column: pa.ChunkedArray) -> NDArray[np.int8]:
    """`APPROVED`, `DECLINED` or `UNKNOWN` per row.

    Raises:
        ValueError: another text.
    """
    return _coded(column, _status, np.int8)


def hundredths(minor: NDArray[np.int64], currency: pa.ChunkedArray) -> NDArray[np.int64]:
    """Amounts in minor units of their currencies as hundredths, as `processing.events.currencies` does it.

    Raises:
        ValueError: an unknown currency.
    """
    decimals = _coded(currency, _decimals, np.int8)
    if (decimals == 2).all():
        return minor
    quotient, rest = np.divmod(minor, 10)
    thousandths = quotient + ((rest > 5) | ((rest == 5) & (quotient % 2 == 1)))
    values: NDArray[np.int64] = np.select([decimals == 2, decimals == 0], [minor, minor * 100], thousandths)
    return values


def minor_units(major: NDArray[np.float64], currency: pa.ChunkedArray) -> NDArray[np.int64]:
    """Amounts in major units, e.g. 285.79999999999995, as whole minor units of their currencies.

    Raises:
        ValueError: an unknown currency.
    """
    decimals = _coded(currency, _decimals, np.int8)
    minor: NDArray[np.int64] = np.rint(major * _SCALE[decimals]).astype(np.int64)
    return minor


def against_home(
    homes: Homes | None,
    users: list[str],
    user: NDArray[np.int32],
    times: NDArray[np.int64],
    place: tuple[pa.ChunkedArray, pa.ChunkedArray, pa.ChunkedArray],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """`distance` and `foreign` of each row; `place` is its latitude, longitude and country."""
    if homes is None:
        return np.full(user.size, np.nan), np.full(user.size, np.nan)
    version = homes.versions_at(users, user, times)
    lat, lon, country = place
    return (
        homes.distances(version, floats(lat), floats(lon)),
        homes.foreign(version, _whole(country)),
    )


def against_own_home(
    table: pa.Table, place: tuple[pa.ChunkedArray, pa.ChunkedArray, pa.ChunkedArray]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """`distance` and `foreign` where the rows themselves say where the user lives."""

    def home(name: str, kind: pa.DataType) -> pa.ChunkedArray:
        return table[name] if name in table.column_names else pa.chunked_array([pa.nulls(len(table), kind)])

    lat, lon, country = place
    homes = Homes.of_rows(
        floats(home("home_lat", pa.float64())),
        floats(home("home_lon", pa.float64())),
        _whole(home("home_country", pa.string())),
    )
    own = np.arange(len(table))
    return homes.distances(own, floats(lat), floats(lon)), homes.foreign(own, _whole(country))


def milliseconds(column: pa.ChunkedArray) -> NDArray[np.int64]:
    """Timestamps of any unit as milliseconds since 1970; finer units are cut, as at the border."""
    if isinstance(column.type, pa.TimestampType) and column.type.unit in ("us", "ns"):
        finer: NDArray[np.int64] = column.cast(pa.int64()).to_numpy()
        return finer // (1_000 if column.type.unit == "us" else 1_000_000)
    values: NDArray[np.int64] = column.cast(pa.timestamp("ms", column.type.tz)).cast(pa.int64()).to_numpy()
    return values


def floats(column: pa.ChunkedArray) -> NDArray[np.float64]:
    """Numbers per row, NaN where there is none."""
    values: NDArray[np.float64] = column.cast(pa.float64()).to_numpy()
    return values


def first_arrivals(ids: pa.ChunkedArray) -> NDArray[np.int64] | None:
    """Positions of the first row of each id, ascending; None when all ids are different."""
    whole = _whole(ids)
    if pa.types.is_integer(whole.type):
        numbers = whole.to_numpy(zero_copy_only=False)
        if numbers.size < 2 or (np.diff(numbers) > 0).all():
            return None
    encoded = pc.dictionary_encode(whole)
    if len(encoded.dictionary) == len(encoded):
        return None
    _, first = np.unique(encoded.indices.to_numpy(), return_index=True)
    return np.sort(first)


def _coded(column: pa.ChunkedArray, code: Callable[[str | None], int], kind: type[Any]) -> NDArray[Any]:
    """`code` of each row's text, called once per different text."""
    if column.null_count == len(column):
        return np.full(len(column), code(None), kind) if len(column) else np.empty(0, kind)
    encoded = pc.dictionary_encode(_whole(column).cast(pa.string()), null_encoding="encode")
    table = np.array([code(text) for text in encoded.dictionary.to_pylist()], kind)
    values: NDArray[Any] = table[encoded.indices.to_numpy()]
    return values


def _status(text: str | None) -> int:
    if text is None:
        return UNKNOWN
    if text not in _STATUS:
        raise ValueError(f"status {text!r}: use {', '.join(_STATUS)}, or nothing where it is unknown")
    return _STATUS[text]


def _decimals(currency: str | None) -> int:
    if currency not in DECIMALS:
        raise ValueError(f"currency {currency!r}: use an ISO 4217 code such as EUR")
    return DECIMALS[currency]


def _whole(column: pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
