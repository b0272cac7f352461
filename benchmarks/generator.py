"""How fast transactions are generated and encoded: one process, from a scenario to JSON bytes."""

from __future__ import annotations

import sys
import time

from processing.generator import Scenario, generate
from processing.sources.records import transaction_records


def main(events: int) -> None:
    """Print events per second of wall time for both stages."""
    generate(Scenario(events=1_000, days=7))  # imports and caches are not what is measured
    start = time.perf_counter()
    dataset = generate(Scenario(events=events, days=60))
    generated = time.perf_counter()
    size = sum(len(record.data) for record in transaction_records(dataset.transactions))
    encoded = time.perf_counter()
    print(f"generate  {events / (generated - start):>10,.0f} events/s")
    print(f"encode    {events / (encoded - generated):>10,.0f} events/s, {size / events:.0f} bytes each")
    print(f"both      {events / (encoded - start):>10,.0f} events/s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
