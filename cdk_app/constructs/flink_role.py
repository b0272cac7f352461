"""The role that the Flink application runs as."""

from __future__ import annotations

from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3_assets as s3_assets
from constructs import Construct

from cdk_app.arns import Arns
from cdk_app.nag import acknowledge, acknowledge_wildcards
from feature_groups import MERCHANT, USER_ACTIVITY, USER_PROFILE
from feature_groups.names import DEAD_LETTERS, Names
from processing.lake.keys import LABEL_PREFIX, RAW_PREFIX, marker_keys
from processing.stream.metrics import NAMESPACE

READ_STREAMS = ("transactions-raw", "fraud-labels")
WRITTEN_STREAMS = ("transactions-enriched", "transactions-late")


class FlinkRole(Construct):
    """Reads events and profiles; writes what the stream job makes of them, logs and metrics. Nothing else."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        names: Names,
        arns: Arns,
        application: str,
        keys: list[kms.IKey],
        code: s3_assets.Asset,
        log_group: logs.ILogGroup,
    ) -> None:
        super().__init__(scope, construct_id)
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal(
                "kinesisanalytics.amazonaws.com",
                conditions={
                    "StringEquals": {"aws:SourceAccount": Stack.of(self).account},
                    "ArnEquals": {"aws:SourceArn": arns.of("kinesisanalytics", f"application/{application}")},
                },
            ),
            description="Runs the stream job",
        )
        dead_letters = [
            arns.of("kinesis", f"stream/{names.dead_letter_stream(kind)}") for kind in DEAD_LETTERS
        ]
        self._allow(
            ["kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:ListShards"],
            *map(arns.stream, READ_STREAMS),
        )
        self._allow(["kinesis:PutRecords"], *map(arns.stream, WRITTEN_STREAMS), *dead_letters)
        self._allow(["sagemaker:BatchGetRecord"], arns.feature_group(USER_PROFILE.name))
        self._allow(
            ["sagemaker:BatchWriteRecord", "sagemaker:PutRecord"],
            *(arns.feature_group(group.name) for group in (USER_ACTIVITY, MERCHANT)),
        )
        self._lake(names, arns)
        self._allow(
            ["cloudwatch:PutMetricData"],
            "*",
            conditions={"StringEquals": {"cloudwatch:namespace": NAMESPACE}},
        )
        self._allow(["kms:Decrypt", "kms:GenerateDataKey"], *(key.key_arn for key in keys))
        self._allow(["s3:GetObject", "s3:GetObjectVersion"], f"{arns.code_bucket}/{code.s3_object_key}")
        self._allow(["logs:DescribeLogStreams", "logs:PutLogEvents"], log_group.log_group_arn)
        self._allow(["logs:DescribeLogGroups"], "*")
        acknowledge(
            self.role,
            {"AwsSolutions-IAM5[Resource::*]": "DescribeLogGroups and PutMetricData know no resources."},
        )

    def _lake(self, names: Names, arns: Arns) -> None:
        """Events below two prefixes, and the empty objects that make the lake's prefixes exist."""
        stack = Stack.of(self)
        events = [arns.lake_objects(prefix) for prefix in (RAW_PREFIX, LABEL_PREFIX)]
        markers = [f"{arns.lake}/{key}" for key in marker_keys(names, stack.account, stack.region)]
        self._allow(["s3:PutObject"], *events, *markers)
        acknowledge_wildcards(self.role, dict.fromkeys(events, "Adds files of events, reads none."))

    def _allow(self, actions: list[str], *resources: str, conditions: dict[str, Any] | None = None) -> None:
        self.role.add_to_policy(
            iam.PolicyStatement(actions=actions, resources=list(resources), conditions=conditions)
        )
