"""A digest of what the engine makes of some generated logs, under either way of running its code."""

from __future__ import annotations

from hashlib import sha256

from feature_groups import windows
from processing.engines.embedded import EmbeddedEngine
from processing.windows import identity
from tests.processing.engines.embedded_logs import columns, reports
from tests.processing.windows.logs import many


def main() -> None:
    digest = sha256()
    for cap in (8, 1024):
        windows.EXACT_EVENTS = cap
        for log in many(12, seed=7, events=60):
            engine = EmbeddedEngine()
            engine.learn(reports(log))
            for batch in columns(log).batches(17):
                digest.update(engine.apply(batch).tobytes())
            for name in sorted({row.user for row in log.rows}):
                digest.update(engine.export_user(identity(name)) or b"")
    print(digest.hexdigest())


if __name__ == "__main__":
    main()
