"""Carries out creations, updates and deletions of endpoints in the background."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from mirror.api import Context
from mirror.cloud import Cloud
from mirror.documents import Collection, utcnow
from mirror.endpoints import artifacts, notices
from mirror.endpoints.container import ContainerFailedError
from mirror.endpoints.fleet import Fleet, retire, route_of
from mirror.endpoints.metering import Meter
from mirror.endpoints.plan import Plan
from mirror.endpoints.rollout import Rollout, rollout, tripped
from mirror.endpoints.targets import Route

_FAILURES = (ContainerFailedError, artifacts.ArtifactError)
Key = tuple[str, str]  # region, endpoint name

_WATCH_EVERY_S = 0.25

log = logging.getLogger(__name__)


class Hosting:
    """The endpoints of one mirror. Its methods return at once; the documents tell the progress."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._fleets: dict[Key, Fleet] = {}
        self._work = ThreadPoolExecutor(8, thread_name_prefix="endpoints")
        self._stopping = threading.Event()
        #: Read by the proxy for every request; entries are replaced, never changed.
        self.routes: dict[Key, Route] = {}
        #: Of region, endpoint and variant.
        self.meters: dict[tuple[str, str, str], Meter] = {}
        #: Requests on their way to shadows; of the event loop.
        self.copies: set[asyncio.Task[None]] = set()
        #: Held by operations between reading an endpoint's status and changing it.
        self.lock = threading.Lock()

    @property
    def endpoints(self) -> Collection:
        return self._cloud.documents.collection("endpoint")

    def create(self, key: Key) -> None:
        """Start the processes of an endpoint that is Creating."""
        self._submit(self._create, key)

    def update(self, key: Key) -> None:
        """Replace the processes of an endpoint that is Updating by those of its ``Pending`` plan."""
        self._submit(self._update, key)

    def resize(self, key: Key) -> None:
        """Take over weights and counts of the ``Pending`` plan of an endpoint that is Updating."""
        self._submit(self._resize, key)

    def delete(self, key: Key) -> None:
        """Stop the processes of an endpoint that is Deleting, and forget it."""
        self._submit(self._delete, key)

    def restore(self, regions: Iterable[str]) -> None:
        """Start again what ran when the mirror stopped, and finish what was under way."""
        found = [(region, document) for region in regions for document in self.endpoints.values(region)]
        artifacts.sweep(self._cloud, [v["ModelDir"] for _, d in found for v in d["Plan"] if "ModelDir" in v])
        for region, document in found:
            key = (region, document["EndpointName"])
            status = document["EndpointStatus"]
            if status == "Deleting":
                self.delete(key)
            elif status == "Creating":
                self.create(key)
            elif status != "Failed":
                # Requests wait for the processes, as they do for one that is being restarted.
                self.routes[key] = route_of(document["Plan"], {})
                self._submit(self._restore, key)

    def stop(self) -> None:
        """Stop every process; the documents keep what was serving."""
        self._stopping.set()
        self.routes.clear()
        fleets = list(self._fleets.values())
        self._fleets.clear()
        for fleet in fleets:
            fleet.stop()
        self._work.shutdown(wait=False, cancel_futures=True)

    def meter(self, key: Key, variant: str) -> Meter:
        """What counts the invocations of a variant."""
        found = self.meters.get((*key, variant))
        return self.meters.setdefault((*key, variant), Meter()) if found is None else found

    def _submit(self, work: Callable[[Key], None], key: Key) -> None:
        def run() -> None:
            try:
                work(key)
            except Exception as error:  # an endpoint must not stay Creating or Updating for ever
                log.exception("endpoint %s", key[1])
                self._settle(key, "Failed", FailureReason=f"{type(error).__name__}: {error}")

        self._work.submit(run)

    def _create(self, key: Key) -> None:
        document = self.endpoints.get(*key)
        if document is None:
            return
        fleet = self._fleet(key, document["Plan"])
        try:
            fleet.start()
        except _FAILURES as error:
            self._settle(key, "Failed", FailureReason=str(error))
            return
        self._serve(key, fleet)
        self._settle(key, "InService", Plan=fleet.plan)

    def _update(self, key: Key) -> None:
        document = self.endpoints.get(*key)
        if document is None:
            return
        pending = document["Pending"]
        fleet = self._fleet(key, pending["Plan"])
        try:
            fleet.start()
        except _FAILURES as error:
            # The old processes never stopped serving.
            self._settle(key, "InService", FailureReason=str(error))
            return
        old = self._fleets.get(key)
        steps = rollout(document.get("LastDeploymentConfig"), fleet.plan)
        if old is not None and (problem := self._shift(key, old, fleet, steps)) is not None:
            self._roll_back(key, old, fleet, problem)
            return
        self._serve(key, fleet)
        self._settle(key, "InService", Plan=fleet.plan, EndpointConfigName=pending["EndpointConfigName"])
        if old is not None:
            self._stopping.wait(steps.keep_s)
            old.drain_and_stop()

    def _shift(self, key: Key, old: Fleet, new: Fleet, steps: Rollout) -> str | None:
        """Move the traffic to the new fleet in steps, while the alarms watch. What went wrong, or None."""
        deadline = time.monotonic() + steps.limit_s
        from_old, to_new = old.route(), new.route()
        for share in steps.shares:
            if self._stopping.is_set():
                return "The mirror was stopped."
            self.routes[key] = from_old.shared_with(to_new, share)
            end = time.monotonic() + steps.bake_s
            while True:
                if names := tripped(self._cloud.account, key[0], steps.alarms):
                    return (
                        f"One or more configured alarm(s) fired and caused the rollback: {', '.join(names)}"
                    )
                if time.monotonic() > deadline:
                    return f"The update was not done after {steps.limit_s:g} seconds."
                if time.monotonic() >= end or self._stopping.is_set():
                    break
                self._stopping.wait(min(_WATCH_EVERY_S, max(0.0, end - time.monotonic())))
        return None

    def _roll_back(self, key: Key, old: Fleet, new: Fleet, problem: str) -> None:
        """All traffic back to the old fleet, which never stopped serving."""
        self.routes[key] = old.route()
        self._mark(key, "RollingBack")
        new.drain_and_stop()
        self._settle(key, "InService", FailureReason=problem)

    def _resize(self, key: Key) -> None:
        document = self.endpoints.get(*key)
        fleet = self._fleets.get(key)
        if document is None or fleet is None:
            return
        try:
            surplus = fleet.resize(document["Pending"]["Plan"])
        except _FAILURES as error:
            self._settle(key, "InService", FailureReason=str(error))
            return
        self._serve(key, fleet)
        self._settle(key, "InService", Plan=fleet.plan)
        retire(surplus)

    def _delete(self, key: Key) -> None:
        self.routes.pop(key, None)
        fleet = self._fleets.pop(key, None)
        if fleet is not None:
            fleet.drain_and_stop()
        self.endpoints.delete(*key)

    def _restore(self, key: Key) -> None:
        document = self.endpoints.get(*key)
        if document is None:
            return
        fleet = self._fleet(key, document["Plan"])
        try:
            fleet.start()
        except _FAILURES as error:
            self._settle(key, "Failed", FailureReason=str(error))
            return
        self._serve(key, fleet)
        if document["EndpointStatus"] == "Updating":
            self._update(key)

    def _fleet(self, key: Key, plan: Plan) -> Fleet:
        return Fleet(self._cloud, *key, plan)

    def _serve(self, key: Key, fleet: Fleet) -> None:
        if self._stopping.is_set():
            fleet.stop()
            return
        self._fleets[key] = fleet
        self.routes[key] = fleet.route()

    def _mark(self, key: Key, status: str) -> None:
        if self._stopping.is_set():
            return

        def change(document: dict[str, Any]) -> None:
            document.update(EndpointStatus=status, LastModifiedTime=utcnow())

        document = self.endpoints.update(*key, change)
        if document is not None:
            notices.publish_state(Context(self._cloud, key[0]), document)

    def _settle(self, key: Key, status: str, **changes: Any) -> None:
        """Write the outcome of a change, unless the mirror is stopping and it will be done again."""
        if self._stopping.is_set():
            return
        if status == "Failed":
            self.routes.pop(key, None)

        def change(document: dict[str, Any]) -> None:
            for field in ("Pending", "FailureReason"):
                document.pop(field, None)
            document.update(changes, EndpointStatus=status, LastModifiedTime=utcnow())

        document = self.endpoints.update(*key, change)
        if document is not None:
            notices.publish_state(Context(self._cloud, key[0]), document)


_hostings: dict[Path, Hosting] = {}
_lock = threading.Lock()


def hosting(cloud: Cloud) -> Hosting:
    """The one `Hosting` of a mirror."""
    found = _hostings.get(cloud.state_dir)
    if found is None:
        with _lock:
            found = _hostings.setdefault(cloud.state_dir, Hosting(cloud))
    return found


def forget(cloud: Cloud) -> None:
    """Drop the mirror's `Hosting` after it stopped."""
    _hostings.pop(cloud.state_dir, None)
