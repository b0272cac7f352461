"""The role that the endpoint's containers run as."""

from __future__ import annotations

from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from cdk_app.arns import Arns
from cdk_app.nag import acknowledge, acknowledge_wildcards
from feature_groups import GROUPS
from processing.lake.audit import AUDIT_PREFIX, SHADOW_AUDIT_PREFIX


class EndpointRole(Construct):
    """Reads features, models and the image; writes predictions, audit, logs and metrics. Nothing else."""

    def __init__(self, scope: Construct, construct_id: str, *, arns: Arns, key: kms.IKey) -> None:
        super().__init__(scope, construct_id)
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal(
                "sagemaker.amazonaws.com",
                conditions={"StringEquals": {"aws:SourceAccount": Stack.of(self).account}},
            ),
            description="Runs the decision server",
        )
        models = arns.lake_objects("models/")
        logs = arns.of("logs", "log-group:/aws/sagemaker/Endpoints/*")
        self._allow(
            ["sagemaker:GetRecord", "sagemaker:BatchGetRecord"],
            *(arns.feature_group(group.name) for group in GROUPS),
        )
        self._allow(["s3:GetObject"], models)
        self._allow(["s3:ListBucket"], arns.lake, conditions={"StringLike": {"s3:prefix": "models/*"}})
        self._allow(["kms:Decrypt"], key.key_arn)
        self._allow(
            ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
            logs,
        )
        self._allow(
            ["cloudwatch:PutMetricData"],
            "*",
            conditions={"StringLike": {"cloudwatch:namespace": ["/aws/sagemaker/*", "Fraudline"]}},
        )
        self._allow(["ecr:GetAuthorizationToken"], "*")
        self._allow(
            ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            arns.image_repository,
        )
        self._predictions(arns)
        audits = [arns.lake_objects(prefix) for prefix in (AUDIT_PREFIX, SHADOW_AUDIT_PREFIX)]
        self._allow(["s3:PutObject", "s3:PutObjectRetention"], *audits)
        self._allow(["kms:GenerateDataKey"], key.key_arn)
        acknowledge_wildcards(
            self.role,
            {
                **dict.fromkeys(audits, "Adds audit files below a prefix; may neither read nor delete them."),
                models: "Model artifacts below one prefix, read only.",
                logs: "SageMaker creates the log group of the endpoint.",
            },
        )
        acknowledge(
            self.role,
            {"AwsSolutions-IAM5[Resource::*]": "GetAuthorizationToken and PutMetricData know no resources."},
        )

    def _predictions(self, arns: Arns) -> None:
        """The log of decisions. Its key belongs to another stack: the stream says which key it may be."""
        stream = arns.stream("model-predictions")
        keys = arns.of("kms", "key/*")
        self._allow(["kinesis:PutRecord", "kinesis:PutRecords"], stream)
        self._allow(
            ["kms:GenerateDataKey"],
            keys,
            conditions={
                "StringEquals": {
                    "kms:ViaService": f"kinesis.{Stack.of(self).region}.amazonaws.com",
                    "kms:EncryptionContext:aws:kinesis:arn": stream,
                }
            },
        )
        acknowledge_wildcards(
            self.role, {keys: "Only through Kinesis, and only for the stream of decisions."}
        )

    def _allow(self, actions: list[str], *resources: str, conditions: dict[str, Any] | None = None) -> None:
        self.role.add_to_policy(
            iam.PolicyStatement(actions=actions, resources=list(resources), conditions=conditions)
        )
