"""Runs the SageMaker SDK without the machine: no credentials, settings, network or chatter."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_ENVIRONMENT = {
    # The SDK needs some region to be imported; the definition does not contain it.
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "SAGEMAKER_VALIDATE_ROLE": "false",
}
_LOGGERS = ("sagemaker", "botocore", "boto3")


@contextmanager
def offline_sdk() -> Iterator[None]:
    """Inside, the AWS environment is fixed and the SDK's logs and warnings are silent.

    Changes the process's environment until it ends, so definitions are made one at a time.
    """
    saved = {name: value for name, value in os.environ.items() if name.startswith(("AWS_", "SAGEMAKER_"))}
    levels = {name: logging.getLogger(name).level for name in _LOGGERS}
    disabled = logging.root.manager.disable
    for name in saved:
        del os.environ[name]
    os.environ.update(_ENVIRONMENT)
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
        for name in _ENVIRONMENT:
            os.environ.pop(name, None)
        os.environ.update(saved)
