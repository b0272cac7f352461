"""Logs that Hypothesis draws and shrinks: one user and one merchant, few values, every boundary."""

from __future__ import annotations

from hypothesis import strategies as st

from processing.windows import LATENESS_MS, MEMORY_MS, WINDOW_MS
from tests.processing.windows.logs import START, TILES, Log, Row

# Steps between events that land on, just before and just after every boundary.
_STEPS = st.one_of(
    st.just(0),
    st.integers(1, 5),
    st.sampled_from([length + d for length in (*TILES, *WINDOW_MS, LATENESS_MS) for d in (-1, 0, 1)]),
    st.integers(1, 3 * WINDOW_MS[0]),
    st.integers(1, WINDOW_MS[2]),
    st.sampled_from([WINDOW_MS[3] + LATENESS_MS + 1, MEMORY_MS, MEMORY_MS + 1]),
)
# How much later than its turn an event arrives: 0 for most.
_DELAYS = st.one_of(st.just(0), st.just(0), st.integers(0, LATENESS_MS), st.just(LATENESS_MS))

# Where to ask, relative to the newest event: in the past it still knows, on boundaries, far ahead.
QUESTIONS = st.one_of(
    st.integers(-LATENESS_MS, 5),
    st.sampled_from([length + d for length in (*TILES, *WINDOW_MS, MEMORY_MS) for d in (-1, 0, 1)]),
    st.integers(0, WINDOW_MS[3]),
)
CAPS = st.sampled_from([1, 2, 3, 5, 8, 1024])


@st.composite
def logs(draw: st.DrawFn, events: int = 40, disorder: st.SearchStrategy[int] = _DELAYS) -> Log:
    """Transactions in arrival order, none more than the lateness behind a younger one before it."""
    has_country, has_device, has_status = draw(st.tuples(st.booleans(), st.booleans(), st.booleans()))
    event = st.tuples(
        _STEPS,
        disorder,
        st.integers(1, 4),
        st.integers(1, 4),
        st.integers(1, 10**11),
        st.sampled_from([None, "d1", "d2", "d3"]) if has_device else st.none(),
        st.sampled_from([None, "FR", "GB", "JP"]) if has_country else st.none(),
        st.sampled_from([None, "approved", "declined"]) if has_status else st.none(),
    )
    rows: list[tuple[int, int, Row]] = []
    t = START + draw(st.integers(0, TILES[-1]))
    for number, (step, delay, user, merchant, *rest) in enumerate(
        draw(st.lists(event, min_size=1, max_size=events))
    ):
        t += step
        rows.append((t + delay, number, Row(f"t{number}", f"u{user}", f"m{merchant}", t, *rest)))
    arrived = [row for _, _, row in sorted(rows)]
    labels = draw(st.lists(st.tuples(st.sampled_from(arrived), st.integers(-(10**9), 10**10)), max_size=6))
    return Log(arrived, [(row.transaction_id, row.t + delay) for row, delay in labels])
