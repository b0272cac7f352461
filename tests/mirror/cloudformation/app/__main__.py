"""``python -m tests.mirror.cloudformation.app``: settings come from the context."""

from __future__ import annotations

from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_ecr_assets as ecr_assets
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_ssm as ssm

HERE = Path(__file__).parent


def data_stack(app: cdk.App) -> s3.Bucket:
    """A bucket, which is returned, and a stream."""
    stack = cdk.Stack(app, "small-data")
    bucket = s3.Bucket(
        stack,
        "Lake",
        bucket_name="small-app-lake",
        versioned=True,
        enforce_ssl=True,
        encryption=s3.BucketEncryption.KMS,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        lifecycle_rules=[s3.LifecycleRule(id="old", expiration=cdk.Duration.days(90))],
        removal_policy=cdk.RemovalPolicy.DESTROY,
    )
    hours = int(app.node.try_get_context("retention") or 24)
    stream = kinesis.Stream(
        stack, "Raw", stream_name="small-app-raw", shard_count=1, retention_period=cdk.Duration.hours(hours)
    )
    if app.node.try_get_context("ignored"):
        resource = stream.node.default_child
        assert isinstance(resource, kinesis.CfnStream)
        resource.desired_shard_level_metrics = ["ALL"]
    return bucket


def app_stack(app: cdk.App, bucket: s3.Bucket) -> None:
    """An image, and a parameter that imports the bucket's name."""
    stack = cdk.Stack(app, "small-app")
    image = ecr_assets.DockerImageAsset(stack, "Image", directory=str(HERE / "image"))
    ssm.StringParameter(stack, "Where", parameter_name="/small-app/bucket", string_value=bucket.bucket_arn)
    ssm.StringParameter(stack, "What", parameter_name="/small-app/image", string_value=image.image_uri)


def main() -> None:
    app = cdk.App()
    app_stack(app, data_stack(app))
    app.synth()


main()
