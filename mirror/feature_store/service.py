"""Background work of the Feature Store: fills the offline stores, deletes expired records."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from mirror.cloud import Cloud
from mirror.feature_store import offline, runtime, store
from mirror.feature_store.groups import compile_group

logger = logging.getLogger(__name__)

_TICK_S = 0.5


class _Worker:
    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="feature-store", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()
        self._flush(only_due=False)

    def _run(self) -> None:
        while not self._stopping.wait(_TICK_S):
            self._flush(only_due=True)
            while store.of(self._cloud).expire(store.now_us()):
                pass

    def _flush(self, *, only_due: bool) -> None:
        stores = offline.of(self._cloud)
        for region, document in runtime.of(self._cloud).groups.all():
            group = compile_group(region, document)
            if not group.offline or (only_due and not stores.due(group)):
                continue
            try:
                stores.flush(group, document)
            except Exception as error:
                # The rows stay buffered and DescribeFeatureGroup says Blocked; the next tick tries again.
                logger.warning("offline store of %s: %s", group.name, error)


_workers: dict[Path, _Worker] = {}


def start(cloud: Cloud) -> None:
    """Start the background thread."""
    _workers[cloud.state_dir] = _Worker(cloud)
    _workers[cloud.state_dir].start()


def stop(cloud: Cloud) -> None:
    """Stop it, and write every buffered offline row."""
    _workers.pop(cloud.state_dir).stop()
