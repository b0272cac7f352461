"""``python -m inference serve``: what SageMaker runs as ``docker run IMAGE serve``."""

from __future__ import annotations

import sys

from inference import lean_imports


def main(arguments: list[str]) -> int:
    """Run the one command there is; returns the process's exit code."""
    if arguments != ["serve"]:
        print("usage: python -m inference serve", file=sys.stderr)
        return 2
    lean_imports.prepare()
    from inference.server.serving import serve

    return serve()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
