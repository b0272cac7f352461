"""Generated histories: ties, gaps longer than every window, boundaries, disorder, missing columns."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from processing.windows import LATENESS_MS, WINDOW_MS

# Steps between events that land on, just before and just after every boundary.
_STEPS = st.one_of(
    st.just(0),
    st.integers(1, 5),
    st.sampled_from([w + d for w in WINDOW_MS for d in (-1, 0, 1)]),
    st.integers(1, 3 * WINDOW_MS[0]),
    st.integers(1, WINDOW_MS[2]),
    st.just(WINDOW_MS[3] + LATENESS_MS + 1),
)
# How much later than its turn an event arrives: 0 for most.
_DISORDER = st.one_of(st.just(0), st.just(0), st.integers(0, LATENESS_MS))


@st.composite
def histories(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Transactions in arrival order, none more than the allowed lateness behind an earlier one."""
    has_country, has_device, has_status = draw(st.tuples(st.booleans(), st.booleans(), st.booleans()))
    event = st.fixed_dictionaries(
        {
            "step": _STEPS,
            "delay": _DISORDER,
            "amount": st.integers(1, 10**11),
            "merchant": st.integers(1, 4),
            "customer": st.integers(1, 4),
            "country": st.integers(0, 3) if has_country else st.just(0),
            "device": st.sampled_from([0, 1, 2, 2**64 - 1]) if has_device else st.just(0),
            "status": st.integers(0, 2) if has_status else st.just(0),
        }
    )
    t, events = 10**12, []
    for one in draw(st.lists(event, min_size=1, max_size=40)):
        t += one["step"]
        events.append({**one, "t": t, "arrival": t + one["delay"]})
    return sorted(events, key=lambda e: e["arrival"])


# Where to ask, relative to the newest event: on boundaries, in the past it still knows, far ahead.
QUESTIONS = st.one_of(
    st.integers(-LATENESS_MS, 5),
    st.sampled_from([w + d for w in WINDOW_MS for d in (-1, 0, 1)]),
    st.integers(0, WINDOW_MS[3]),
)
