"""A model server that answers at once, and the mirror's front before it: what the proxy alone costs."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import click
import uvicorn

from mirror.cloud import Cloud
from mirror.endpoints.hosting import hosting
from mirror.endpoints.targets import Route, Target, Variant
from mirror.server import registry
from mirror.server.front import Front
from mirror.server.lifecycle import Lifecycle
from mirror.server.process import SWITCH_INTERVAL_S

_HEADERS = [(b"content-type", b"application/json"), (b"content-length", b"22")]


async def model(scope: Any, receive: Any, send: Any) -> None:
    """Answers every request with the same decision."""
    if scope["type"] == "http":
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        await send({"type": "http.response.body", "body": b'{"decision":"approve"}'})


def front(port: int, model_port: int, state_dir: Path) -> Front:
    """The front of a mirror whose endpoint ``decisions`` is served on `model_port`."""
    registry.load()
    cloud = Cloud(state_dir, port)
    target = Target("live/i-1", model_port)
    hosting(cloud).routes[cloud.region, "decisions"] = Route((Variant("live", 1.0, [target]),))
    served = Front(cloud, Lifecycle(cloud))
    served.ready = True
    return served


@click.command()
@click.argument("port", type=int)
@click.option("--front-of", type=int, help="Serve the mirror's front before the model on this port.")
def main(port: int, front_of: int | None) -> None:
    with tempfile.TemporaryDirectory() as state:
        sys.setswitchinterval(SWITCH_INTERVAL_S)  # as in the mirror's own process
        app = model if front_of is None else front(port, front_of, Path(state))
        uvicorn.run(
            app,
            port=port,
            loop="uvloop",
            http="httptools",
            lifespan="off",
            log_level="error",
            access_log=False,
        )


if __name__ == "__main__":
    main()
