"""Starts the server: load and warm everything, then let the supervisor listen."""

from __future__ import annotations

import gc
import logging
import os
import socket
import tempfile
import time
from pathlib import Path

from inference import bundle, logs, policy, signals
from inference.deciding import Decider
from inference.decision_log import DecisionLogError, Spool
from inference.decision_log.settings import LogSettings, LogSettingsError
from inference.ids import DecisionIds
from inference.scoring.model import Model
from inference.server import metrics
from inference.server.app import App
from inference.server.board import Board
from inference.server.companion import Companion
from inference.server.emf import DecisionMetrics, emit_every_period
from inference.server.invocations import Invocations
from inference.server.multi_model import MultiModel
from inference.server.shelf import Shelf
from inference.server.shipped import shipped
from inference.server.supervisor import Supervisor
from inference.server.worker import Worker
from inference.service import DecisionService
from inference.settings import Settings, SettingsError
from inference.stores import open_store
from processing import windows

SHIPPER = "inference.decision_log"

# What is said in one line when it is the reason not to start.
_REFUSED = (
    SettingsError,
    LogSettingsError,
    bundle.BundleError,
    policy.PolicyError,
    signals.SignalsError,
    DecisionLogError,
)

log = logging.getLogger("inference")


class Prepared:
    """What all workers share: loaded once, before they are forked.

    Raises:
        BundleError: the model directory holds something that must not be served.
        PolicyError: the policy cannot be used.
        SignalsError: the signals file cannot be used.
    """

    def __init__(self, settings: Settings, log_settings: LogSettings) -> None:
        started = time.perf_counter()
        self.settings, self.log_settings = settings, log_settings
        path = settings.signals_file
        self.signals = None if path is None else signals.load(path, os.environ)
        self.policy = policy.load(settings.policy_file, None if self.signals is None else self.signals.kinds)
        loaded = bundle.load(settings.model_dir)
        self.model = None if loaded is None else Model(loaded, settings.model_version)
        if self.model is not None:
            self.model.warm()
        windows.warm()
        self.shelf = Shelf(_shared_folder(), settings.most_models) if settings.multi_model else None
        self.adapters = [] if self.signals is None else [adapter.name for adapter in self.signals.adapter]
        self.board = Board(settings.workers + 1, metrics.columns(len(self.adapters)))
        what = "rules only: the model directory is empty" if self.model is None else self.model.scored_by
        fields = {"policy_version": self.policy.version, "model_version": settings.model_version}
        elapsed = time.perf_counter() - started
        log.info("ready in %.1f s (%s)", elapsed, what, extra={"fields": fields})

    def check_spool(self) -> None:
        """Fail now instead of in every worker.

        Raises:
            DecisionLogError: decisions cannot be recorded.
        """
        self._spool("start").close()

    def _spool(self, worker: str) -> Spool:
        return Spool(self.log_settings.folder, worker, self.log_settings.max_bytes)

    def _signals(self, worker: int) -> signals.Signals | None:
        if self.signals is None:
            return None
        row = self.board.counters[worker]
        rows = [row[metrics.signals_of(adapter)] for adapter in range(len(self.adapters))]
        return signals.create(self.signals, os.environ, rows)

    def run_worker(self, number: int, channel: socket.socket) -> int:
        """Serve as worker `number`; see `inference.server.supervisor.RunWorker`."""
        settings = self.settings
        spool = self._spool(f"worker-{number}")
        counters = metrics.Counters(self.board.counters[number], settings.most_staleness_ms)

        def expose() -> bytes:
            extra = {f"spool_{name}": value for name, value in spool.counters.items()}
            extra |= shipped(self.log_settings.folder)
            return metrics.exposition(self.board.counters, settings.model_version, extra, self.adapters)

        async def build() -> App:
            reader = open_store(settings)
            asked = self._signals(number)
            ids = DecisionIds()

            def serve(model: Model | None) -> DecisionService:
                version = settings.model_version if model is None else model.version
                budget = settings.decision_budget_ms / 1000
                decider = Decider(self.policy, model, version, spool, ids, budget_s=budget)
                return DecisionService(
                    reader, decider, read_budget_s=settings.read_budget_ms / 1000, signals=asked
                )

            environment = settings.names.environment
            counted = DecisionMetrics(f"{environment}-shadow" if settings.shadow else environment)
            emit_every_period(counted)
            return App(
                serve(self.model),
                Invocations(counters, counted, replay=settings.replay),
                counters,
                expose,
                None if self.shelf is None else MultiModel(self.shelf, serve, settings.model_names),
            )

        return Worker(number, channel, self.board, build, spool.close).run()


def serve() -> int:
    """Run until SIGTERM; returns 0, or 1 when there is something that must not be served."""
    logs.configure()
    try:
        settings = Settings.from_environ(os.environ)
        prepared = Prepared(settings, LogSettings.from_environ(os.environ))
        prepared.check_spool()
    except _REFUSED as error:
        log.critical("not starting: %s", error)
        return 1
    # What start-up leaves behind, a compiler above all, is here to stay: no collection during a request
    # may walk through it, and no worker may copy it by doing so.
    gc.collect()
    gc.freeze()
    supervisor = Supervisor(
        (settings.host, settings.port),
        settings.workers,
        prepared.board,
        prepared.run_worker,
        [Companion(SHIPPER, prepared.log_settings.drain_s + 5.0)],
    )
    return supervisor.run()


def _shared_folder() -> Path:
    """Where the workers keep what they have to agree on; empty at every start, as no model is loaded then."""
    return Path(tempfile.mkdtemp(prefix="fraudline-models-"))
