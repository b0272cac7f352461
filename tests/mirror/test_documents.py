"""The document store under threads, which is how the mirror uses it."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

_CONTENTION = """
    import sys, threading
    from pathlib import Path
    from mirror.documents import Documents

    documents = Documents(Path(sys.argv[1]))
    documents.collection("busy").put("region", "key", {"count": 0})

    def write():
        for _ in range(2_000):
            documents.collection("busy").update("region", "key", lambda d: {"count": d["count"] + 1})

    def open_collections(first):
        for number in range(first, first + 20):
            documents.collection(f"new-{number}").put("region", "key", {"number": number})

    threads = [threading.Thread(target=write) for _ in range(2)]
    threads += [threading.Thread(target=open_collections, args=(first,)) for first in (0, 0, 20)]
    sys.setswitchinterval(1e-5)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert documents.collection("busy").get("region", "key") == {"count": 4_000}
    assert all(documents.collection(f"new-{n}").get("region", "key") == {"number": n} for n in range(40))
"""


def test_opening_a_collection_never_waits_for_a_writer_with_the_gil_held(tmp_path: Path) -> None:
    # In a process of its own: the failure is a deadlock of the whole interpreter.
    code = [sys.executable, "-c", textwrap.dedent(_CONTENTION), str(tmp_path)]
    done = subprocess.run(code, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
