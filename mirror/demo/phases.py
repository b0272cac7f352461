"""The demonstration from start to end."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable

from botocore.exceptions import BotoCoreError, ClientError

from mirror.demo.cloud import start_mirror
from mirror.demo.data import prepare
from mirror.demo.decisions import show_rules, wait_for_model
from mirror.demo.deploy import deploy
from mirror.demo.ingest import ingest_history
from mirror.demo.live import decide_live
from mirror.demo.parity import compare_with_batch
from mirror.demo.producer import ProducerError
from mirror.demo.profiles import put_profiles
from mirror.demo.reckoning import reckon
from mirror.demo.review import review_and_approve
from mirror.demo.run import DemoError, Run
from mirror.demo.train import run_pipeline

PHASES: tuple[tuple[str, str, Callable[[Run], None]], ...] = (
    ("data", "The data", prepare),
    ("mirror", "A fresh AWS on this machine", start_mirror),
    ("deploy", "Deploy the platform with the real cdk command line", deploy),
    ("rules", "The endpoint answers before there is a model", show_rules),
    ("profiles", "User profiles into the Feature Store", put_profiles),
    ("ingest", "The history through Kinesis", ingest_history),
    ("pipeline", "The nightly pipeline", run_pipeline),
    ("review", "Review and approval", review_and_approve),
    ("rollout", "The approved model reaches the endpoint", wait_for_model),
    ("live", "The last day, live", decide_live),
    ("parity", "Served features against the batch", compare_with_batch),
    ("reckoning", "Does it add up?", reckon),
)


def demonstrate(run: Run) -> None:
    """Run every phase in order and record its wall time.

    Raises:
        DemoError: a phase failed. Whatever it was, it names the phase and a log.
    """
    for name, title, phase in PHASES:
        start = time.perf_counter()
        try:
            with run.screen.phase(title):
                phase(run)
        except DemoError as error:
            raise DemoError(f"{name}: {error}", error.log) from error
        except (BotoCoreError, ClientError, ProducerError, OSError) as error:
            log = run.folder / "failure.log"
            log.write_text(traceback.format_exc())
            raise DemoError(f"{name}: {error}", log) from error
        finally:
            run.results.seconds[name] = time.perf_counter() - start
