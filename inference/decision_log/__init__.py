"""The log of decisions: written to a local spool before the answer, shipped beside the requests.

    worker --append--> segments --shipper--> stream | audit | PostgreSQL, each at its own pace

`Spool` is what the server uses; ``python -m inference.decision_log`` is the shipper, a process of its own.
"""

from __future__ import annotations

from inference.decision_log.log import DecisionLog, DecisionLogError
from inference.decision_log.spool import Spool

__all__ = ["DecisionLog", "DecisionLogError", "Spool"]
