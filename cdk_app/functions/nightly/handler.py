"""Entry of the nightly function: an execution of the pipeline has ended."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from typing import Any

import boto3

from cdk_app.functions.nightly.card import attach
from cdk_app.functions.nightly.message import compose
from cdk_app.functions.nightly.night import read_night
from cdk_app.functions.nightly.supersede import supersede

logging.getLogger().setLevel(logging.INFO)
log = logging.getLogger(__name__)


def handle(event: Mapping[str, Any], _context: Any) -> dict[str, str]:
    """Follow an event "SageMaker Model Building Pipeline Execution Status Change".

    Everything before the mail may be repeated, so that a failed invocation, which Lambda repeats, does no
    harm; the mail is the last thing. An event that EventBridge delivers twice is mailed twice.

    Environment: ``TOPIC_ARN``, where the mail goes, and ``ENVIRONMENT``, which its subject names.
    """
    sagemaker, s3 = boto3.client("sagemaker"), boto3.client("s3")
    night = read_night(sagemaker, s3, event["detail"]["pipelineExecutionArn"])
    superseded = supersede(sagemaker, night.package) if night.package else []
    if night.package:
        attach(sagemaker, s3, night)
    mail = compose(night, superseded, os.environ["ENVIRONMENT"])
    sent = boto3.client("sns").publish(
        TopicArn=os.environ["TOPIC_ARN"], Subject=mail.subject, Message=mail.text
    )
    log.info("%s: %s", sent["MessageId"], mail.subject)
    return {"MessageId": sent["MessageId"], "Subject": mail.subject}
