"""How far back a state looks, and how long it keeps an event."""

from __future__ import annotations

from feature_groups.windows import WINDOWS

# Shortest first; each window lies inside the next.
WINDOW_MS: tuple[int, ...] = tuple(window.milliseconds for window in WINDOWS)

# An event may arrive this much after a younger one and still be applied (5 minutes of watermark
# plus 5 minutes of allowed lateness), so a state can still be asked about that far back.
LATENESS_MS = 10 * 60_000
RETENTION_MS = WINDOW_MS[-1] + LATENESS_MS
