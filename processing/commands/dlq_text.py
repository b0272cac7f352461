"""What ``fraudline dlq`` prints for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from processing.dead_letters.letters import Letter
from processing.dead_letters.summary import ALARM_PERCENT, Kind

_MOST_REASONS = 5


def summary_lines(kinds: Sequence[Kind], dead: int, read: int | None) -> Iterator[str]:
    """Kinds with their counts, times and reasons, and the rate against the transactions read."""
    yield f"{'kind':<18} {'count':>8}  {'oldest (UTC)':<20} {'newest (UTC)':<20}"
    for kind in kinds:
        oldest, newest = (f"{t:%Y-%m-%d %H:%M:%S}" if t else "-" for t in (kind.oldest, kind.newest))
        yield f"{kind.kind:<18} {kind.count:>8,}  {oldest:<20} {newest:<20}"
        for reason, count in kind.reasons[:_MOST_REASONS]:
            yield f"    {count:>8,} × {reason}"
        more = len(kind.reasons) - _MOST_REASONS
        if more > 0:
            yield f"    and {more} other reasons"
    if not read:
        yield f"{dead:,} dead letters; the consumer reported no transactions, so there is no rate"
        return
    rate = 100 * dead / read
    verdict = "above" if rate > ALARM_PERCENT else "within"
    yield f"{dead:,} dead letters of {read:,} transactions read: {rate:.3f} %, {verdict} {ALARM_PERCENT} %"


def letter_lines(letter: Letter, form: str, text: str) -> Iterator[str]:
    """One letter, with its payload in a readable form."""
    yield f"{letter.kind}: {letter.error}"
    yield f"  field          {letter.field or '-'}"
    yield f"  from           {letter.stream} {letter.shard}"
    yield f"  sequence       {letter.sequence}"
    yield f"  partition key  {letter.partition_key}"
    yield f"  arrived        {letter.arrived:%Y-%m-%d %H:%M:%S.%f}"[:-3] + " UTC"
    yield f"  id             {letter.id}"
    yield f"  payload        {form}"
    for line in text.splitlines():
        yield f"    {line}"
