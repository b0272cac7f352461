"""``python -m inference.stream``: the stream consumer, deciding every transaction in time.

Environment: that of the consumer (docs/stream.md), and of the server the model, the policy and the log of
decisions (docs/endpoint.md). Run it instead of ``python -m processing.stream``, not beside it.
"""

from __future__ import annotations

import sys

from inference import lean_imports

if __name__ == "__main__":
    lean_imports.prepare()
    from inference.stream.running import run

    sys.exit(run())
