"""What the numbers of an arena are: names of the columns of its arrays."""

from __future__ import annotations

from typing import Any

Array = Any  # of numpy, one of those of `layout.Arena`

NEVER = -(1 << 62)
FAR = 1 << 62  # `NOW` of an entity whose windows have to be built anew before they are asked

# Columns of `Arena.entities`.
(
    BEGIN,  # first cell of the block, -1 for none
    END,  # the cell behind its last one
    SIZE,  # its size class, -1 for none
    FIRST,  # cell of the oldest transaction
    LENGTH,  # transactions in the ring
    TAIL,  # how many of them the windows have taken in
    NOW,  # the time the windows stand at
    EARLIER_TIME,  # time of the newest transaction that has left the ring
    EARLIER_DEVICE,  # last known device among those that have left, 0 unknown
    EARLIER_DEVICE_TIME,  # its time
    BEFORE,  # last known device strictly before `GROUP`, 0 unknown or forgotten
    LATEST,  # last known device among those taken in
    LATEST_TIME,  # its time
    GROUP,  # time of the newest transaction taken in
    INDEX,  # first number of the entity's index, -1 for none
    SHIFT,  # what to add to a position in the ring for its number in the index
) = range(16)
FIELDS = 16

# Columns of `Arena.windows`; merchants have the first two.
HEAD, DISTINCT, SUM, MAX, STATUSES, DECLINED, DEVICES, CHANGES, COUNTRIES = range(9)
USER_TOTALS, MERCHANT_TOTALS = 9, 2

# Bits of `Arena.marks`: status, then what the windows have found out, then the country.
STATUS, CHANGED, REPEATED, COUNTRY_REPEATED, COUNTRY = 3, 4, 8, 16, 8

# `Arena.free`: per size class the first block given back, then the first index given back, then where
# cells and numbers that were never used begin.
CLASSES = 112
NEXT_CELL, NEXT_NUMBER = 2 * CLASSES, 2 * CLASSES + 1
