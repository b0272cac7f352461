"""Settings of the decision server, all from environment variables (see docs/endpoint.md)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from feature_groups.names import Names
from processing.online.backends import BackendError, Backends, backends

DEFAULT_POLICY = Path(__file__).parent / "policy" / "default.toml"


class SettingsError(ValueError):
    """An environment variable does not fit; the message names it and says what does."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How one server process runs.

    Attributes:
        host: address to listen on; all interfaces in a container.
        port: SageMaker tells it in ``SAGEMAKER_BIND_TO_PORT``.
        model_dir: where ``model.tar.gz`` was extracted.
        policy_file: rules, thresholds and routes beside the model.
        signals_file: third parties to ask; None asks none.
        model_version: what answers call the model, e.g. a model package version.
        names: names of the deployed resources.
        backends: online stores; features are read from the first.
        read_budget_ms: longest wait for the feature store before the rules decide.
        decision_budget_ms: a request that is older when its turn comes is decided by the rules.
        most_staleness_ms: features further behind the stream than this are counted as stale.
        workers: processes that answer requests.
        multi_model: models come and go by the platform's multi-model contract; at most `most_models`.
        model_names: with several models, what answers call each, by its archive.
        shadow: nobody is told what this server decides; its metrics are not those of the endpoint.
        replay: accept transactions of any age, for demonstrations on historical data.
    """

    host: str
    port: int
    model_dir: Path
    policy_file: Path
    signals_file: Path | None
    model_version: str | None
    names: Names
    backends: Backends
    read_budget_ms: int
    decision_budget_ms: int
    most_staleness_ms: int
    workers: int
    multi_model: bool
    most_models: int
    model_names: Mapping[str, str]
    shadow: bool
    replay: bool

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """Read and check the environment.

        Raises:
            SettingsError: a variable has a value that does not fit.
        """
        try:
            names = Names(environ.get("FRAUDLINE_ENVIRONMENT", "dev"))
        except ValueError as error:
            raise SettingsError(f"FRAUDLINE_ENVIRONMENT: {error}") from error
        return cls(
            host=environ.get("FRAUDLINE_BIND_HOST", "0.0.0.0"),  # noqa: S104 - a container's only interface
            port=_integer(environ, "SAGEMAKER_BIND_TO_PORT", 8080, 1, 65535),
            model_dir=Path(environ.get("SM_MODEL_DIR", "/opt/ml/model")),
            policy_file=Path(environ.get("FRAUDLINE_POLICY_FILE", DEFAULT_POLICY)),
            signals_file=_path(environ, "FRAUDLINE_SIGNALS_FILE"),
            model_version=environ.get("FRAUDLINE_MODEL_VERSION") or None,
            names=names,
            backends=_backends(environ),
            read_budget_ms=_integer(environ, "FRAUDLINE_READ_BUDGET_MS", 50, 1, 10_000),
            decision_budget_ms=_integer(environ, "FRAUDLINE_DECISION_BUDGET_MS", 120, 1, 60_000),
            most_staleness_ms=_integer(environ, "FRAUDLINE_MAX_STALENESS_MS", 60_000, 1, 86_400_000),
            workers=_integer(environ, "FRAUDLINE_WORKERS", os.cpu_count() or 1, 1, 256),
            multi_model=environ.get("SAGEMAKER_MULTI_MODEL", "").lower() == "true",
            most_models=_integer(environ, "FRAUDLINE_MOST_MODELS", 16, 1, 10_000),
            model_names=_model_names(environ),
            shadow=_flag(environ, "FRAUDLINE_SHADOW"),
            replay=_flag(environ, "FRAUDLINE_REPLAY"),
        )


def _backends(environ: Mapping[str, str]) -> Backends:
    try:
        return backends(environ)
    except BackendError as error:
        raise SettingsError(str(error)) from error


def _model_names(environ: Mapping[str, str]) -> dict[str, str]:
    """Group and version of each model package, as a single model's ``FRAUDLINE_MODEL_VERSION`` has them."""
    text = environ.get("FRAUDLINE_MODEL_PACKAGES") or "{}"
    try:
        packages = msgspec.json.decode(text, type=dict[str, str])
    except msgspec.DecodeError as error:
        raise SettingsError(
            f'FRAUDLINE_MODEL_PACKAGES: {error}; expected {{"archive.tar.gz": "model package ARN"}}'
        ) from error
    return {archive: arn.rpartition("model-package/")[2] for archive, arn in packages.items()}


def _path(environ: Mapping[str, str], name: str) -> Path | None:
    text = environ.get(name, "")
    return Path(text) if text else None


def _integer(environ: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    text = environ.get(name, "")
    if not text:
        return default
    if not text.isascii() or not text.isdecimal() or not low <= int(text) <= high:
        raise SettingsError(f"{name}={text!r}: expected a whole number from {low} to {high}")
    return int(text)


def _flag(environ: Mapping[str, str], name: str) -> bool:
    text = environ.get(name, "0")
    if text not in ("", "0", "1"):
        raise SettingsError(f"{name}={text!r}: expected 0 or 1")
    return text == "1"
