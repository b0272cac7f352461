"""How far back a state looks, and how long it keeps an event.

Both times are part of the packed layout: a change of either needs a new `packing.VERSION`.
"""

from __future__ import annotations

from feature_groups import windows

# Shortest first; each window lies inside the next.
WINDOW_MS: tuple[int, ...] = tuple(window.milliseconds for window in windows.WINDOWS)

# An event may arrive this much after a younger one and still be applied (5 minutes of watermark
# plus 5 minutes of allowed lateness), so a state can still be asked about that far back.
LATENESS_MS = 10 * 60_000
RETENTION_MS = windows.RETENTION_MS + LATENESS_MS

# How long the last transaction time and the last known device of a user count.
MEMORY_MS = windows.MEMORY_MS
