"""Histories of the arena as the packed states of `processing.windows`, and back.

A packed state whose older transactions are counted in tiles cannot be put into a ring again: the engine
goes on with it as it is, see `packed`.
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

from processing.engines.embedded import fields as f
from processing.engines.embedded.blocks import release, reserve
from processing.engines.embedded.histories import Histories
from processing.engines.embedded.known_frauds import KnownFrauds
from processing.windows import merchant_learn_fraud, merchant_update_many, user_update_many
from processing.windows.packing import words_of
from processing.windows.runtime import kernel

# Words of the packed headers; see `processing.windows.kernel.user` and `.merchant`.
_COUNT = 1
_LAST_TIME, _LAST_DEVICE_TIME, _LAST_DEVICE = 4, 5, 6
_FRAUDS, _FIRST_FRAUD = 3, 4


def export_user(users: Histories, number: int) -> bytes:
    """What packed updates with the same transactions give, bit for bit, while any of them is in memory."""
    entity, memory = users.memory.entities[number], users.memory
    words = [int(entity[field]) for field in (f.EARLIER_TIME, f.EARLIER_DEVICE_TIME, f.EARLIER_DEVICE)]
    empty = _with_words(users.plan.empty, _LAST_TIME, words)
    cells = _cells(users, number)
    marks = memory.marks[cells]
    return user_update_many(
        empty,
        memory.times[cells].tolist(),
        memory.amounts[cells].tolist(),
        memory.values[cells].tolist(),
        memory.devices[cells].tolist(),
        (marks >> f.COUNTRY).tolist(),
        (marks & f.STATUS).tolist(),
    )


def export_merchant(merchants: Histories, frauds: KnownFrauds, number: int) -> bytes:
    """As `export_user`, with the frauds of the merchant."""
    state = _with_words(merchants.plan.empty, _FIRST_FRAUD, [frauds.first(number)])
    for known in frauds.known(number):
        state = merchant_learn_fraud(state, known)
    cells, memory = _cells(merchants, number), merchants.memory
    return merchant_update_many(state, memory.times[cells].tolist(), memory.values[cells].tolist())


def import_user(users: Histories, number: int, state: bytes) -> bool:
    """Put a packed state in the place of a user's history; False if it has tiles, and nothing is changed.

    Raises:
        StateError: the bytes are no user's state of this version.
    """
    words = _checked(users, state)
    windows, count = len(users.plan.windows), words[_COUNT]
    first = kernel("user").header + windows
    if any(words[first - windows : first]) or any(words[_COUNT + 1 : _LAST_TIME]):
        return False
    cells = _replace(users, number, count)
    ring = np.array(words[first : first + 4 * count], np.int64).reshape(4, count)
    memory, entity = users.memory, users.memory.entities[number]
    memory.times[cells], memory.amounts[cells], memory.values[cells], memory.devices[cells] = ring
    marks = np.frombuffer(state, np.int32, count, len(state) - 4 * count)
    memory.marks[cells] = marks >> 2 << f.COUNTRY | marks & f.STATUS
    entity[[f.EARLIER_TIME, f.EARLIER_DEVICE_TIME, f.EARLIER_DEVICE]] = words[_LAST_TIME : _LAST_DEVICE + 1]
    return True


def import_merchant(merchants: Histories, frauds: KnownFrauds, number: int, state: bytes) -> bool:
    """As `import_user`, with the frauds of the merchant.

    Raises:
        StateError: the bytes are no merchant's state of this version.
    """
    words = _checked(merchants, state)
    windows, count = len(merchants.plan.windows), words[_COUNT]
    first = kernel("merchant").header + windows
    known = words[len(words) - words[_FRAUDS] :] if words[_FRAUDS] else []
    frauds.replace(number, np.array(known, np.int64), words[_FIRST_FRAUD])
    if any(words[first - windows : first]) or words[_COUNT + 1]:
        return False
    cells = _replace(merchants, number, count)
    ring = np.array(words[first : first + 2 * count], np.int64).reshape(2, count)
    merchants.memory.times[cells], merchants.memory.values[cells] = ring
    merchants.memory.marks[cells] = 0
    return True


def _checked(histories: Histories, state: bytes) -> list[int]:
    its = kernel(histories.entity)
    buffer = its.read(state)
    its.check(its.settings, buffer)
    words: list[int] = words_of(its.packed(buffer)).tolist()
    return words


def _replace(histories: Histories, number: int, count: int) -> slice:
    """An empty history with room for `count` transactions, which it then has."""
    memory = histories.memory
    if memory.entities[number, f.SIZE] >= 0:
        release(memory, number)
    memory.entities[number, [f.EARLIER_TIME, f.EARLIER_DEVICE_TIME]] = f.NEVER
    memory.entities[number, f.EARLIER_DEVICE] = 0
    if count:
        while not reserve(memory, number, count, histories.retention, histories.large, histories.kinds):
            histories.grow(number, count)
    memory.entities[number, f.LENGTH] = count
    memory.entities[number, f.NOW] = f.FAR
    return _cells(histories, number)


def _cells(histories: Histories, number: int) -> slice:
    first, length = (int(histories.memory.entities[number, field]) for field in (f.FIRST, f.LENGTH))
    return slice(first, first + length)


def _with_words(state: bytes, at: int, words: list[Any]) -> bytes:
    """A packed state with some words of its header set."""
    return state[: 8 * at] + struct.pack(f"<{len(words)}q", *words) + state[8 * (at + len(words)) :]
