"""``python -m processing.schemas``: bring the committed schemas up to date with the declarations.

A changed schema becomes the next version in ``history/``. A change that cannot read what an older version
wrote is refused: nothing is written, and the message names the field and what to do instead.
"""

from __future__ import annotations

import sys
from pathlib import Path

from processing.schemas.declared import declared
from processing.schemas.evolution import refusals, same_fields
from processing.schemas.files import SCHEMAS, formatted, history


def main() -> int:
    """Write what changed; 0 when all is up to date, 1 when a change was refused."""
    folder = Path(__file__).parent
    wanted = {name: declared(name) for name in SCHEMAS}
    refused = [line for name in SCHEMAS for line in refusals(name, wanted[name], history(name))]
    if refused:
        print("\n".join(refused), file=sys.stderr)
        return 1
    for name, schema in wanted.items():
        versions = history(name)
        if not versions or not same_fields(versions[-1], schema):
            path = folder / "history" / name / f"v{len(versions) + 1}.avsc"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(formatted(schema), encoding="utf-8")
            print(f"{name}: version {len(versions) + 1} is new")
        (folder / f"{name}.avsc").write_text(formatted(schema), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
