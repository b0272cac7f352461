"""The nightly pipeline (N1-N8), its code, the schedule that starts it, and the mail about its end."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from aws_cdk import Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3_assets as s3_assets
from aws_cdk import aws_sagemaker as sagemaker
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from cdk_app.arns import Arns
from cdk_app.constructs.night_mail import NightMail
from cdk_app.constructs.pipeline_role import PipelineRole
from cdk_app.nag import acknowledge
from cdk_app.project import inference_image
from cdk_app.settings import SERVING_INSTANCE_TYPES, Settings
from pipelines.bundles import build_bundles
from pipelines.definition import NightlyInputs, nightly_definition
from pipelines.definition.sandbox import offline_sdk
from processing.lake.keys import profiles_prefix

XGBOOST_VERSION = "3.2-0"
SCHEDULED_TIME = "<aws.scheduler.scheduled-time>"
"""EventBridge Scheduler replaces it with the time it was to fire, in ISO-8601 UTC."""


class TrainingStack(Stack):
    """A SageMaker pipeline at content-hashed code, started every night.

    The schedule passes the time it was to fire as ``AsOf``, the night's name, so a late or repeated start
    trains on the same data, and as part of the request token, so a repeated start is the same execution.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: Settings, key: kms.IKey, **kwargs: Any
    ) -> None:
        super().__init__(
            scope, construct_id, description="The nightly pipeline, its schedule and its mail", **kwargs
        )
        self._settings = settings
        self._arns = Arns(self, settings.names)
        role = PipelineRole(
            self,
            "PipelineRole",
            arns=self._arns,
            key=key,
            emr_application=settings.emr_serverless_application,
        )
        if settings.spark_image is not None:
            role.allow_image(settings.spark_image)
        if settings.emr_serverless_environment is not None:
            role.allow_object(settings.emr_serverless_environment)
        definition = nightly_definition(self._inputs(role.role, key))
        pipeline = sagemaker.CfnPipeline(
            self,
            "Pipeline",
            pipeline_name=settings.names.pipeline,
            pipeline_description="Features, training, evaluation and registration of the fraud model",
            pipeline_definition={"PipelineDefinitionBody": self.to_json_string(definition)},
            role_arn=role.role.role_arn,
        )
        pipeline.node.add_dependency(role)
        NightMail(self, "NightMail", settings=settings, arns=self._arns, key=key)
        self._schedule().add_resource_dependency(pipeline)

    def _inputs(self, role: iam.IRole, key: kms.IKey) -> NightlyInputs:
        settings, arns = self._settings, self._arns
        with TemporaryDirectory() as directory:
            bundles = build_bundles(Path(directory))
            processing = s3_assets.Asset(self, "ProcessingCode", path=str(bundles.processing))
            training = s3_assets.Asset(self, "TrainingCode", path=str(bundles.training))
            embedded = settings.features_engine == "embedded"
            spark = None if embedded else s3_assets.Asset(self, "SparkProgram", path=str(bundles.spark))
        return NightlyInputs(
            environment=settings.names.environment,
            pipeline_name=settings.names.pipeline,
            role_arn=role.role_arn,
            lake_bucket=arns.lake_name,
            profiles_uri=f"s3://{arns.lake_name}/"
            + profiles_prefix(settings.names, self.account, self.region),
            processing_code_uri=_uri(processing),
            training_code_uri=_uri(training),
            code_version=bundles.version,
            xgboost_image=_xgboost_image(settings.region),
            inference_image=inference_image(self).image_uri,
            model_package_group=settings.names.model_package_group,
            processing_instance_type=settings.processing_instance_type,
            training_instance_type=settings.training_instance_type,
            inference_instance_types=SERVING_INSTANCE_TYPES,
            policy_file=settings.policy_file,
            kms_key_arn=key.key_arn,
            features_engine=settings.features_engine,
            spark_program_uri=None if spark is None else _uri(spark),
            spark_image=settings.spark_image,
            spark_instance_type=settings.spark_instance_type,
            spark_instance_count=settings.spark_instance_count,
            emr_serverless_application=settings.emr_serverless_application,
            emr_serverless_environment=settings.emr_serverless_environment,
            minimum_auc=settings.minimum_auc,
            minimum_average_precision=settings.minimum_average_precision,
        )

    def _schedule(self) -> scheduler.CfnSchedule:
        names = self._settings.names
        dead_letters = sqs.Queue(
            self,
            "MissedStarts",
            queue_name=f"{names.prefix}-missed-starts",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(14),
        )
        acknowledge(dead_letters, {"AwsSolutions-SQS3": "It is itself the dead-letter queue."})
        role = iam.Role(
            self,
            "ScheduleRole",
            assumed_by=iam.ServicePrincipal(
                "scheduler.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": self.account}}
            ),
            description="Starts the nightly pipeline",
        )
        role.add_to_policy(
            iam.PolicyStatement(actions=["sagemaker:StartPipelineExecution"], resources=[self._arns.pipeline])
        )
        dead_letters.grant_send_messages(role)
        schedule = scheduler.CfnSchedule(
            self,
            "Schedule",
            name=names.schedule,
            description="Starts the nightly pipeline, as of the time it was to start",
            schedule_expression=self._settings.schedule_expression,
            schedule_expression_timezone=self._settings.schedule_timezone,
            state="ENABLED" if self._settings.schedule_enabled else "DISABLED",
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
            target=scheduler.CfnSchedule.TargetProperty(
                arn=f"arn:{self.partition}:scheduler:::aws-sdk:sagemaker:startPipelineExecution",
                role_arn=role.role_arn,
                input=json.dumps(
                    {
                        "PipelineName": names.pipeline,
                        "ClientRequestToken": f"{names.schedule}-{SCHEDULED_TIME}",
                        "PipelineParameters": [{"Name": "AsOf", "Value": SCHEDULED_TIME}],
                    }
                ),
                dead_letter_config=scheduler.CfnSchedule.DeadLetterConfigProperty(arn=dead_letters.queue_arn),
                retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(
                    maximum_retry_attempts=12, maximum_event_age_in_seconds=3600
                ),
            ),
        )
        schedule.node.add_dependency(role)
        return schedule


def _uri(asset: s3_assets.Asset) -> str:
    """The asset's S3 address with its key spelled out; CDK's own is one opaque token."""
    return f"s3://{asset.s3_bucket_name}/{asset.s3_object_key}"


def _xgboost_image(region: str) -> str:
    with offline_sdk():
        from sagemaker.core import image_uris

        image: str = image_uris.retrieve("xgboost", region, XGBOOST_VERSION)
    return image
