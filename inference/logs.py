"""JSON log lines on standard output, without personal data: no ids, amounts, places or devices."""

from __future__ import annotations

import json
import logging
import sys
import time
import traceback
from typing import Any


class JsonFormatter(logging.Formatter):
    """One JSON object a line; ``extra={"fields": {...}}`` adds fields of its own."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
            + f".{int(record.msecs):03d}Z",
            "level": record.levelname,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info and record.exc_info[0] is not None:
            # The type and the place only: an exception's text may quote the request.
            frames = traceback.extract_tb(record.exc_info[2])
            line["exception"] = record.exc_info[0].__name__
            line["at"] = [f"{frame.filename}:{frame.lineno}" for frame in frames[-5:]]
        return json.dumps(line, ensure_ascii=False)


def configure() -> None:
    """Send every logger of the process to standard output as JSON."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for chatty in ("botocore", "boto3", "urllib3", "uvicorn.access"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


class Throttled:
    """Logs at most one message a second and says how many were left out, so a fault cannot flood.

    Whoever reads the log may be slower than a fault is repeated, and a server that waits for its reader
    answers nobody.
    """

    def __init__(self, logger: logging.Logger, interval: float = 1.0) -> None:
        self._logger = logger
        self._interval = interval
        self._next = 0.0
        self._suppressed = 0

    def warning(self, message: str, **fields: object) -> None:
        self._log(logging.WARNING, message, fields, None)

    def exception(self, message: str, error: BaseException | None = None, **fields: object) -> None:
        """An error, with the trace of an exception: the one that is being handled unless it is given."""
        self._log(logging.ERROR, message, fields, error or True)

    def _log(
        self, level: int, message: str, fields: dict[str, object], exc_info: BaseException | bool | None
    ) -> None:
        now = time.monotonic()
        if now < self._next:
            self._suppressed += 1
            return
        extra = {"fields": {**fields, "suppressed": self._suppressed}}
        self._logger.log(level, message, exc_info=exc_info, extra=extra)
        self._next = now + self._interval
        self._suppressed = 0
