"""SageMaker's training toolkit in brief: arguments and ``SM_*`` variables of a user's script."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from mirror.jobs.container import OPT_ML

PROGRAM = "sagemaker_program"
SUBMIT_DIRECTORY = "sagemaker_submit_directory"


def decode(hyperparameters: Mapping[str, str]) -> dict[str, Any]:
    """Hyperparameters as values: the SDK sends each JSON-encoded, the API takes plain text too."""
    return {name: _decode(text) for name, text in hyperparameters.items()}


def arguments(values: Mapping[str, Any]) -> list[str]:
    """``--name value`` for each of the user's hyperparameters, in order of their names."""
    words: list[str] = []
    for name in sorted(values):
        if not name.startswith("sagemaker_"):
            words += [f"--{name}" if len(name) > 1 else f"-{name}", _text(values[name])]
    return words


def environ(
    values: Mapping[str, Any], channels: Mapping[str, Any], resources: Mapping[str, Any]
) -> dict[str, str]:
    """The ``SM_*`` variables.

    Args:
        values: decoded hyperparameters.
        channels: channel name → its entry in ``inputdataconfig.json``.
        resources: the content of ``resourceconfig.json``.
    """
    own = {name: value for name, value in values.items() if not name.startswith("sagemaker_")}
    program = values.get(PROGRAM, "")
    env = {
        "SM_MODEL_DIR": f"{OPT_ML}/model",
        "SM_INPUT_DIR": f"{OPT_ML}/input",
        "SM_INPUT_CONFIG_DIR": f"{OPT_ML}/input/config",
        "SM_OUTPUT_DIR": f"{OPT_ML}/output",
        "SM_OUTPUT_DATA_DIR": f"{OPT_ML}/output/data",
        "SM_OUTPUT_INTERMEDIATE_DIR": f"{OPT_ML}/output/intermediate",
        "SM_CHANNELS": json.dumps(sorted(channels)),
        "SM_INPUT_DATA_CONFIG": json.dumps(channels),
        "SM_RESOURCE_CONFIG": json.dumps(resources),
        "SM_CURRENT_HOST": "algo-1",
        "SM_HOSTS": json.dumps(["algo-1"]),
        "SM_NETWORK_INTERFACE_NAME": "eth0",
        "SM_NUM_CPUS": str(os.cpu_count() or 1),
        "SM_NUM_GPUS": "0",
        "SM_LOG_LEVEL": "20",
        "SM_HPS": json.dumps(own),
        "SM_USER_ARGS": json.dumps(arguments(values)),
        "SM_USER_ENTRY_POINT": str(program),
        "SM_MODULE_NAME": str(program).removesuffix(".py"),
        "SM_MODULE_DIR": str(values.get(SUBMIT_DIRECTORY, "")),
    }
    env |= {f"SM_CHANNEL_{name.upper()}": f"{OPT_ML}/input/data/{name}" for name in channels}
    env |= {f"SM_HP_{name.upper().replace('-', '_')}": _text(value) for name, value in own.items()}
    return env


def _decode(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
