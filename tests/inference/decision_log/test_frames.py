"""The framing: whatever happens to the bytes, a frame that is read is one that was written."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from inference.decision_log.frames import HEAD_BYTES, MAGIC, framed, next_frame, parse, wanted, written_ms

PAYLOADS = st.lists(st.binary(max_size=60) | st.just(MAGIC * 9), min_size=1, max_size=6)


def spool(payloads: list[bytes]) -> tuple[bytes, list[int]]:
    """Frames one behind the other, and where each ends."""
    frames = [framed(payload, index, 1_000 + index) for index, payload in enumerate(payloads)]
    ends = [sum(map(len, frames[: index + 1])) for index in range(len(frames))]
    return b"".join(frames), ends


@given(PAYLOADS, st.integers(0, 1 << 40))
def test_what_is_written_is_read(payloads: list[bytes], base: int) -> None:
    data, ends = spool(payloads)
    found, used, verdict = parse(data, base)
    assert [frame.payload for frame in found] == payloads
    assert [(frame.records, frame.time_ms) for frame in found] == [(n, 1000 + n) for n in range(len(found))]
    assert [frame.end - base for frame in found] == ends
    assert [frame.start - base for frame in found] == [0, *ends[:-1]]
    assert (used, verdict) == (len(data), "complete")


@given(PAYLOADS, st.data())
def test_a_torn_tail_loses_the_last_frame_only(payloads: list[bytes], draw: st.DataObject) -> None:
    data, ends = spool(payloads)
    cut = draw.draw(st.integers(0, len(data)))
    found, used, verdict = parse(data[:cut], 0)
    whole = [end for end in ends if end <= cut]
    assert [frame.end for frame in found] == whole
    assert used == (whole[-1] if whole else 0)
    assert verdict == ("complete" if used == cut else "short")


@given(PAYLOADS, st.data())
def test_damage_never_makes_a_record_up(payloads: list[bytes], draw: st.DataObject) -> None:
    data, ends = spool(payloads)
    at = draw.draw(st.integers(0, len(data) - 1))
    damaged = bytearray(data)
    damaged[at] ^= draw.draw(st.integers(1, 255))
    found, used, verdict = parse(bytes(damaged), 0)
    hit = next(index for index, end in enumerate(ends) if at < end)
    assert [frame.payload for frame in found] == payloads[:hit]
    assert verdict in ("damaged", "short")
    # What lies behind the damage is found again, unless a payload holds a frame itself.
    again = next_frame(bytes(damaged), used + 1)
    assert again == (ends[hit] if hit + 1 < len(ends) else None)


@given(PAYLOADS, st.binary(max_size=200))
def test_garbage_behind_frames_is_told_from_a_beginning(payloads: list[bytes], garbage: bytes) -> None:
    data, _ = spool(payloads)
    found, used, verdict = parse(data + garbage, 0)
    assert [frame.payload for frame in found] == payloads
    if garbage and not garbage.startswith(MAGIC[: len(garbage)]):
        assert (used, verdict) == (len(data), "damaged")


def test_heads_say_how_long_a_frame_is_and_when_it_was_written() -> None:
    frame = framed(b"x" * 100, 3, 1_772_368_496_789)
    assert wanted(frame[:HEAD_BYTES], 0) == len(frame)
    assert wanted(frame[: HEAD_BYTES - 1], 0) == 0
    assert written_ms(frame[:HEAD_BYTES]) == 1_772_368_496_789
    assert written_ms(b"") is None
    assert written_ms(b"y" * HEAD_BYTES) is None
