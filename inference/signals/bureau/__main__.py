"""``python -m inference.signals.bureau``: run the bureau until SIGTERM or Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from typing import get_args

import click
import msgspec
from aiohttp import web

from inference.signals.bureau.application import Bureau
from inference.signals.bureau.faults import Fault, Mode


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8090, show_default=True, help="0 takes a free one."
)
@click.option(
    "--fault", type=click.Choice(get_args(Mode)), default="none", show_default=True, help="Start broken."
)
@click.option(
    "--share", type=click.FloatRange(0, 1), default=1.0, show_default=True, help="Of the questions."
)
@click.option(
    "--delay-ms", type=click.FloatRange(0, 60_000), default=200.0, show_default=True, help="Of slow ones."
)
def main(host: str, port: int, fault: Mode, share: float, delay_ms: float) -> None:
    """A bureau with deterministic answers, for tests and demonstrations.

    \b
    Example:
      python -m inference.signals.bureau --port 8090
      curl -X POST localhost:8090/v1/risk -d '{"user_id": "u-1", "device": "phone"}'
      curl -X PUT localhost:8090/faults -d '{"mode": "slow", "share": 0.05, "delay_ms": 300}'
    """
    try:
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(_serve(host, port, Fault(fault, share, delay_ms)))
    except OSError as error:
        raise click.ClickException(f"cannot listen on {host}:{port}: {error.strerror}") from error


async def _serve(host: str, port: int, fault: Fault) -> None:
    # A hung question is given up at once when the bureau ends.
    runner = web.AppRunner(Bureau(fault).application(), shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    try:
        await web.TCPSite(runner, host, port).start()
        listening = runner.addresses[0]
        click.echo(f"bureau on http://{listening[0]}:{listening[1]}, fault {msgspec.structs.asdict(fault)}")
        await stop.wait()
    finally:
        await runner.cleanup()


if __name__ == "__main__":
    main()
