"""Puts the original bytes of letters back on the streams they came from, each once."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any

from processing.dead_letters.journal import Entry, Journal, Past
from processing.dead_letters.letters import Letter
from processing.dead_letters.payloads import payload
from processing.dead_letters.reading import records
from processing.stream.replays import entry

_MOST_RECORDS = 500
_MOST_BYTES = 4_500_000  # of 5 MiB, which includes partition keys
_ATTEMPTS = 8
_FIRST_PAUSE_S = 0.1
_CLOCKS = timedelta(minutes=1)  # how far this clock may be from that of Kinesis


class ReplayError(Exception):
    """Records could not be put back; what arrived before is noted and is not sent again."""


def settle(kinesis: Any, s3: Any, journal: Journal, past: Past, letters: Iterable[Letter]) -> frozenset[str]:
    """The ids that earlier replays sent, including those of replays that were killed.

    What a killed one had sent is looked for on the source streams, and then noted.

    Args:
        letters: at least those that `past` names as open, as far as they still exist.
    """
    by_id = {letter.id: letter for letter in letters}
    done = set(past.done)
    for found in past.open:
        arrived = _arrived(kinesis, s3, found, by_id)
        done.update(arrived)
        if all(id_ in by_id for id_ in found.letters):
            journal.complete(found, arrived)
    return frozenset(done)


def replay(
    kinesis: Any, s3: Any, journal: Journal, letters: Sequence[Letter], sent: Callable[[int], None]
) -> int:
    """Send letters in their order; returns how many.

    Args:
        sent: told how many records arrived, after each request.

    Raises:
        ReplayError: a stream keeps refusing.
        PayloadError: the original bytes of a letter are gone.
    """
    count = 0
    for stream, chunk in _chunks(s3, letters):
        begun = journal.begin([letter.id for letter, _ in chunk])
        refused = _put(kinesis, stream, [found for _, found in chunk])
        arrived = [letter.id for index, (letter, _) in enumerate(chunk) if index not in refused]
        journal.complete(begun, arrived)
        count += len(arrived)
        sent(len(arrived))
        if refused:
            raise ReplayError(
                f"{stream} refused {len(refused)} records {_ATTEMPTS} times: {next(iter(refused.values()))}. "
                "Run the same command again later: it sends only what is missing"
            )
    return count


def _arrived(kinesis: Any, s3: Any, open_entry: Entry, by_id: dict[str, Letter]) -> list[str]:
    """The letters of an open entry whose records are on their source streams."""
    meant = [by_id[id_] for id_ in open_entry.letters if id_ in by_id]
    arrived = []
    for stream in {letter.stream for letter in meant}:
        there = Counter(
            (record["PartitionKey"], bytes(record["Data"]))
            for record in records(kinesis, stream, open_entry.began - _CLOCKS)
        )
        for letter in meant:
            if letter.stream == stream:
                found = entry(payload(s3, letter), letter.partition_key)
                sent = (found["PartitionKey"], found["Data"])
                if there[sent]:
                    there[sent] -= 1  # equal letters: each needs an arrival of its own
                    arrived.append(letter.id)
    return arrived


def _chunks(s3: Any, letters: Sequence[Letter]) -> Iterator[tuple[str, list[tuple[Letter, dict[str, Any]]]]]:
    """Requests: neighbours of the same stream that fit into one."""
    chunk: list[tuple[Letter, dict[str, Any]]] = []
    size = 0
    for letter in letters:
        found = entry(payload(s3, letter), letter.partition_key)
        weight = len(found["Data"]) + len(found["PartitionKey"].encode())
        full = len(chunk) == _MOST_RECORDS or size + weight > _MOST_BYTES
        if chunk and (full or chunk[0][0].stream != letter.stream):
            yield chunk[0][0].stream, chunk
            chunk, size = [], 0
        chunk.append((letter, found))
        size += weight
    if chunk:
        yield chunk[0][0].stream, chunk


def _put(kinesis: Any, stream: str, entries: list[dict[str, Any]]) -> dict[int, str]:
    """Put one request, and again what was refused; returns the last error of each that never arrived."""
    left = dict.fromkeys(range(len(entries)), "")
    for attempt in range(_ATTEMPTS):
        if attempt:
            time.sleep(_FIRST_PAUSE_S * 2 ** (attempt - 1))
        indices = list(left)
        answer = kinesis.put_records(StreamName=stream, Records=[entries[index] for index in indices])
        results = zip(indices, answer["Records"], strict=True)
        left = {index: result["ErrorMessage"] for index, result in results if "ErrorCode" in result}
        if not left:
            break
    return left
