"""Tags of SageMaker resources."""

from __future__ import annotations

from mirror.cloudformation.resource import Request, tag_changes


def retag(request: Request, arn: str) -> None:
    """Bring the tags of a SageMaker resource up to date."""
    added, removed = tag_changes(request)
    if added:
        tags = [{"Key": key, "Value": value} for key, value in added.items()]
        request.aws("sagemaker", "AddTags", ResourceArn=arn, Tags=tags)
    if removed:
        request.aws("sagemaker", "DeleteTags", ResourceArn=arn, TagKeys=removed)
