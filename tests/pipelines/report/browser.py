"""A real browser without a driver: it loads a page, and says what it complained of and how wide it got."""

from __future__ import annotations

import functools
import http.server
import json
import re
import shutil
import subprocess
import threading
from dataclasses import dataclass
from html import unescape
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
MISSING = "no Chromium: install one (Debian: apt-get install chromium) to see the pages as a reviewer does"
_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--hide-scrollbars",
    "--enable-logging=stderr", "--virtual-time-budget=4000",
)  # fmt: skip
_WRAPPER = """<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><body style="margin:0">
<iframe id="page" src="{page}" style="border:0" width="{width}" height="900"></iframe><pre id="found"></pre>
<script>
const frame = document.getElementById("page");
frame.onload = () => {{
  const page = frame.contentDocument, images = [...page.images];
  document.getElementById("found").textContent = JSON.stringify({{
    width: page.documentElement.scrollWidth,
    heading: page.querySelector("h1").textContent,
    verdict: page.querySelector(".verdict").getBoundingClientRect().top,
    broken: images.filter(one => !one.complete || !one.naturalWidth).length,
    images: images.length,
    small: [...page.querySelectorAll("p, td")].filter(
      one => parseFloat(frame.contentWindow.getComputedStyle(one).fontSize) < 12).length,
  }});
}};
</script>"""


@dataclass(frozen=True, slots=True)
class Seen:
    """A page in a window of some width.

    Attributes:
        width: of its content, px; more than the window's means scrolling sideways.
        verdict: px from the top to the verdict.
        small: texts below 12 px.
        complaints: errors and warnings of the console.
    """

    heading: str
    width: int
    verdict: float
    images: int
    broken: int
    small: int
    complaints: list[str]


def find() -> str | None:
    """The browser's program."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def see(program: str, file: Path, width: int, profile: Path) -> Seen:
    """Load a page in a window `width` px wide."""
    wrapper = file.with_name("wrapper.html")
    wrapper.write_text(_WRAPPER.format(page=file.name, width=width))
    handler = functools.partial(_Quiet, directory=str(file.parent))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/wrapper.html"
        command = [program, *_FLAGS, f"--user-data-dir={profile}", "--dump-dom", address]
        result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
        server.shutdown()
    found = re.search(r'<pre id="found">(.*?)</pre>', result.stdout)
    assert found is not None, result.stdout[-500:]
    complaints = [line for line in result.stderr.splitlines() if "CONSOLE" in line]
    return Seen(**json.loads(unescape(found[1])), complaints=complaints)


def photograph(program: str, file: Path, picture: Path, profile: Path, *, width: int, height: int) -> None:
    """A picture of a page, for the documentation."""
    command = [
        program, *_FLAGS, f"--user-data-dir={profile}", f"--window-size={width},{height}",
        f"--screenshot={picture}", file.as_uri(),
    ]  # fmt: skip
    subprocess.run(command, capture_output=True, timeout=120, check=True)


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass
