"""Flink's REST interface: is the job running, and stop it with a snapshot."""

from __future__ import annotations

import json
import re
import urllib.request
from typing import Any

_TIMEOUT_S = 10.0
_LISTENING = re.compile(r"Rest endpoint listening at ([\w.]+:\d+)")


def address(log: str) -> str | None:
    """URL of the interface, from the log of a Flink that chose a free port; None before it did."""
    found = _LISTENING.search(log)
    return f"http://{found[1]}" if found else None


def running_job(url: str) -> str | None:
    """The id of the job once all of its tasks run; None before."""
    try:
        jobs = _request(f"{url}/jobs/overview")["jobs"]
    except (OSError, ValueError):
        return None
    for job in jobs:
        if job["state"] == "RUNNING" and job["tasks"]["running"] == job["tasks"]["total"]:
            return str(job["jid"])
    return None


def stop_with_snapshot(url: str, job: str, folder: str) -> None:
    """Ask a job to write its state below `folder` (a URI) and to end; its process ends with it.

    Raises:
        OSError, ValueError: Flink did not take the request.
    """
    _request(f"{url}/jobs/{job}/stop", {"targetDirectory": folder, "drain": False})


def _request(url: str, body: dict[str, Any] | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(url, data, headers)  # noqa: S310 - it is always our own http URL
    with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310
        return json.load(answer)
