"""The stream consumer with a decider beside it."""

from __future__ import annotations

import gc
import logging
import os
import signal
import threading

from botocore.exceptions import ClientError

from inference import bundle, policy
from inference.deciding import Decider
from inference.decision_log import DecisionLogError, Spool
from inference.decision_log.settings import LogSettings, LogSettingsError
from inference.ids import DecisionIds
from inference.scoring.model import Model
from inference.server.companion import Companion
from inference.settings import Settings, SettingsError
from inference.stream.batches import BatchDecider
from inference.stream.process import Decide, DeciderProcess
from processing.stream.clients import Clients
from processing.stream.consumer import Consumer
from processing.stream.interpreter import settle
from processing.stream.lock import StateInUseError, exclusive
from processing.stream.logs import configure
from processing.stream.settings import StreamSettings
from processing.stream.warm import warm

_WORKER = "stream"
_PATIENCE_S = 365 * 86_400.0  # nobody waits: a backlog is decided by the model too

log = logging.getLogger("inference")


def prepared(settings: Settings, log_settings: LogSettings) -> Decide:
    """Load what decides, and give the function that does.

    Raises:
        BundleError: the model directory holds something that must not be used.
        PolicyError: the policy cannot be used.
        DecisionLogError: decisions cannot be recorded.
    """
    rules = policy.load(settings.policy_file)
    loaded = bundle.load(settings.model_dir)
    model = None if loaded is None else Model(loaded, settings.model_version)
    if model is not None:
        model.warm()
    spool = Spool(log_settings.folder, _WORKER, log_settings.max_bytes)
    decider = Decider(rules, model, settings.model_version, spool, DecisionIds(), budget_s=_PATIENCE_S)
    gc.collect()
    gc.freeze()
    return BatchDecider(decider).decide


def run() -> int:
    """Run until a signal; 0 after a clean stop, 1 when it cannot run, 2 for bad settings."""
    configure()
    try:
        stream_settings = StreamSettings.from_environ()
        settings, log_settings = Settings.from_environ(os.environ), LogSettings.from_environ(os.environ)
        decide = prepared(settings, log_settings)
    except (ValueError, SettingsError, LogSettingsError) as error:
        log.error("%s", error)
        return 2
    except (bundle.BundleError, policy.PolicyError, DecisionLogError) as error:
        log.critical("not starting: %s", error)
        return 1
    decider = DeciderProcess(decide)
    decider.start()
    shipper = Companion("inference.decision_log", log_settings.drain_s + 5.0)
    shipper.start()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        with exclusive(stream_settings.state):
            warm()
            settle()
            Consumer(stream_settings, Clients.create(), stop, decider.deliver).run()
    except StateInUseError as error:
        log.error("%s", error)
        return 1
    except ClientError as error:
        log.error("the consumer cannot go on: %s", error)
        return 1
    finally:
        decider.close()
        shipper.stop()
    return 0
