"""A real bureau process, and signals that ask it."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import urllib.request
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import msgspec

from inference import signals
from inference.signals.asking import CacheLimits
from inference.signals.document import AdapterSettings
from inference.signals.hedge import HedgeLimits
from processing.events import Transaction
from tests.processing.builders import transaction

DECLARED = Path(signals.__file__).parent / "bureau" / "signals.toml"
BUDGET_MS = 120.0
TIMEOUT_MS = 100.0


class Bureau:
    """``python -m inference.signals.bureau`` on a free port."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "inference.signals.bureau", "--port", "0"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().split()[2].rstrip(",")

    def fault(self, mode: str, **fields: float) -> None:
        """Switch a fault on; ``none`` heals."""
        body = json.dumps({"mode": mode, **fields}).encode()
        urllib.request.urlopen(urllib.request.Request(f"{self.url}/faults", body, method="PUT")).close()

    def counts(self) -> dict[str, int]:
        """How often it was asked, and answered."""
        with urllib.request.urlopen(f"{self.url}/counts") as response:
            counts: dict[str, int] = json.load(response)
        return counts

    def stop(self) -> int:
        """SIGTERM; its exit code."""
        self.process.terminate()
        self.process.communicate(timeout=10)
        return self.process.returncode

    def signals(
        self,
        cache: CacheLimits | None = None,
        hedge: HedgeLimits | None = None,
        budget_ms: float = BUDGET_MS,
        **changes: Any,
    ) -> signals.Signals:
        """Signals of the declared file, pointed at this bureau, without cache and hedge unless given."""
        declared = signals.load(DECLARED, {})
        fields = {"url": f"{self.url}/v1/risk", "timeout_ms": TIMEOUT_MS, "cache": cache, "hedge": hedge}
        adapter: AdapterSettings = msgspec.structs.replace(declared.adapter[0], **fields | changes)
        return signals.create(
            msgspec.structs.replace(declared, budget_ms=budget_ms, adapter=(adapter,)), {"TOKEN": "secret"}
        )


def asked(number: int = 1, **changes: Any) -> Transaction:
    """A transaction of its own user, so that no answer of another one fits."""
    return transaction(number, user_id=f"u{number}", **changes)


def run(asking: signals.Signals, work: Coroutine[Any, Any, Any]) -> Any:
    """Run in a loop of its own; connections are closed and no task is left behind."""

    async def whole() -> Any:
        try:
            return await work
        finally:
            await asking.close()
            await asyncio.sleep(0.05)
            left = asyncio.all_tasks() - {asyncio.current_task()}
            assert not left, left

    return asyncio.run(whole())
