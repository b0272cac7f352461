"""Sends a text to an SQS queue or an SNS topic that is named by its ARN."""

from __future__ import annotations

from collections.abc import Mapping

from mirror.api import Context, ServiceError
from mirror.aws import Aws


def send_text(
    ctx: Context,
    arn: str,
    text: str,
    *,
    attributes: Mapping[str, str] | None = None,
    group_id: str | None = None,
) -> None:
    """Send `text` with string message attributes.

    Args:
        group_id: message group of a FIFO queue.

    Raises:
        ServiceError: the ARN is of another service, or the queue or topic does not take the message.
    """
    service, region = arn.split(":")[2:4]
    aws = Aws(Context(ctx.cloud, region or ctx.region))
    shaped = {
        name: {"DataType": "String", "StringValue": value or " "}
        for name, value in (attributes or {}).items()
    }
    if service == "sqs":
        url = aws("sqs", "GetQueueUrl", QueueName=arn.rpartition(":")[2])["QueueUrl"]
        group = {"MessageGroupId": group_id} if group_id else {}
        aws("sqs", "SendMessage", QueueUrl=url, MessageBody=text, MessageAttributes=shaped, **group)
    elif service == "sns":
        aws("sns", "Publish", TopicArn=arn, Message=text, MessageAttributes=shaped)
    else:
        raise ServiceError("InvalidParameterValue", f"{arn}: messages go to SQS queues and SNS topics only")
