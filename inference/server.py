"""Starts the server: load and warm everything, then listen; on SIGTERM finish what was begun."""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
import time
from types import FrameType

import uvicorn

from inference import bundle, logs, rules
from inference.app import App
from inference.feature_store import FeatureStoreReader
from inference.model import Model
from inference.prediction_stream import PredictionStream
from inference.service import DecisionService
from inference.settings import Settings, SettingsError
from processing import windows

DRAIN_SECONDS = 30
PREDICTION_DRAIN_SECONDS = 5
KEEP_ALIVE_SECONDS = 75  # longer than the idle time of the load balancers in front

log = logging.getLogger("inference")


def serve() -> int:
    """Run until SIGTERM; returns 0, or 1 when there is something that must not be served.

    Nothing listens before the model and the rules are loaded and warm, so ``/ping`` cannot
    succeed too early and a corrupt bundle never becomes healthy.
    """
    logs.configure()
    # uvicorn drains and then raises the signal again; before it runs, there is nothing to drain.
    signal.signal(signal.SIGTERM, _exit)
    try:
        settings = Settings.from_environ(os.environ)
        predictions = PredictionStream.create(settings.names.stream("model-predictions"))
        app = _build(settings, predictions)
    except (SettingsError, bundle.BundleError, rules.RulesError) as error:
        log.critical("not starting: %s", error)
        return 1
    # What start-up leaves behind, a compiler above all, is here to stay: no collection during a request
    # may walk through it.
    gc.collect()
    gc.freeze()
    log.info("listening on %s:%s", settings.host, settings.port)
    predictions.start()
    try:
        _listen(app, settings)
    finally:  # uvicorn raises the signal that ended it again
        predictions.close(PREDICTION_DRAIN_SECONDS)
    log.info("stopped")
    return 0


def _listen(app: App, settings: Settings) -> None:
    """Serve until a signal, then finish the requests that were begun."""
    uvicorn.Server(
        uvicorn.Config(
            app,
            host=settings.host,
            port=settings.port,
            loop="uvloop",
            http="httptools",
            lifespan="off",
            ws="none",
            access_log=False,
            log_config=None,
            server_header=False,
            date_header=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=DRAIN_SECONDS,
        )
    ).run()


def _build(settings: Settings, predictions: PredictionStream) -> App:
    """Load and warm what answers requests.

    Raises:
        BundleError: the model directory holds something that must not be served.
        RulesError: the rules file cannot be used.
    """
    started = time.perf_counter()
    engine = rules.RuleEngine(rules.load(settings.rules_file))
    loaded = bundle.load(settings.model_dir)
    model = None if loaded is None else Model(loaded)
    if model is not None:
        model.warm()
    windows.warm()
    reader = FeatureStoreReader(settings.names, settings.read_budget_ms)
    reader.warm()
    what = "rules only: the model directory is empty" if model is None else "model"
    fields = {"rules_version": engine.version, "model_version": settings.model_version}
    elapsed = time.perf_counter() - started
    log.info("ready in %.1f s (%s)", elapsed, what, extra={"fields": fields})
    service = DecisionService(
        reader,
        engine,
        model,
        settings.model_version,
        predictions,
        read_budget_s=settings.read_budget_ms / 1000,
    )
    return App(service, replay=settings.replay)


def _exit(_signal: int, _frame: FrameType | None) -> None:
    log.info("stopped by SIGTERM")
    sys.exit(0)
