"""A user's packed history: where everything lies.

8-byte words: the header below and a count of tiles per window; columns time, amount, merchant,
device; tiles, window by window; the sketches of merchants and of countries. Then a 4-byte column of
marks, ``country << 2 | status``. The columns are ordered by time, device, amount, merchant, mark.
"""

from __future__ import annotations

from processing.windows.compiled import Buffer, Words, compiled, int64s
from processing.windows.kernel.ring import PREFIX, WINDOWS, ascending
from processing.windows.packing import StateError

# The header's words after the first: length of the ring and of the sketches; the newest time that
# left the ring; the newest known device that did, and when.
COUNT, MERCHANTS, COUNTRIES, LAST_TIME, LAST_DEVICE_TIME, LAST_DEVICE, TILES = 1, 2, 3, 4, 5, 6, 7
SKETCHES = slice(MERCHANTS, COUNTRIES + 1)
COLUMNS = 4
# A tile: its start, transactions, amounts, largest amount, declined, with known status, with known
# device, with a changed device.
WIDTH = 8


@compiled
def checked(settings: Words, state: Buffer) -> Words:
    """The words of a state whose sizes agree with its header."""
    windows = settings[WINDOWS]
    size = len(state)
    if size < 8 * (TILES + windows):
        raise StateError("a user's state ends within its header: read the whole value")
    words = int64s(state, 0, size // 8)
    if words[0] != settings[PREFIX]:
        raise StateError("not a user's state of this version and these windows")
    for i in range(COUNT, COUNTRIES + 1):
        if words[i] < 0 or words[i] > size:
            raise StateError("a user's state has an impossible length in its header")
    expected = TILES + windows + COLUMNS * words[COUNT] + words[MERCHANTS] + words[COUNTRIES]
    for i in range(TILES, TILES + windows):
        if words[i] < 0 or words[i] > size:
            raise StateError("a user's state has an impossible length in its header")
        expected += WIDTH * words[i]
    if size != 8 * expected + 4 * words[COUNT]:
        raise StateError("a user's state has another length than its header tells")
    return words


@compiled
def check(settings: Words, state: Buffer) -> None:
    """Refuse what is not a state, or one whose times are not in order, which nothing else looks at."""
    words = checked(settings, state)
    if not ascending(words, TILES + settings[WINDOWS], words[COUNT]):
        raise StateError("a user's state is not in the order of time")
