"""The role that the nightly pipeline and its jobs run as."""

from __future__ import annotations

from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from cdk_app.arns import Arns
from cdk_app.nag import acknowledge, acknowledge_wildcards
from feature_groups import MERCHANT_RISK, USER_BASELINE, USER_PROFILE
from pipelines.steps.clean_up.retention import RETENTION
from processing.lake.audit import AUDIT_PREFIX
from processing.lake.keys import AGGREGATES_PREFIX, ANALYTICS_PREFIX, BATCH_SCORES_PREFIX, SERVED_PREFIX

_READ_PREFIXES = (
    "raw/transactions/",
    "labels/",
    "processed/features/",
    "processed/training_sets/",
    "models/",
    AGGREGATES_PREFIX,
    BATCH_SCORES_PREFIX,
    AUDIT_PREFIX,
)
_WRITTEN_PREFIXES = (
    "processed/training_sets/",
    "models/",
    "audit/",
    AGGREGATES_PREFIX,
    BATCH_SCORES_PREFIX,
    ANALYTICS_PREFIX,
)
# What served features are compared with, besides the lake; see docs/parity.md.
_READ_STREAMS = ("model-predictions", "fraud-labels", "transactions-late")
_METRICS_NAMESPACE = "/aws/sagemaker/*"


class PipelineRole(Construct):
    """Reads lake and streams, writes what a night makes and removes what has expired, registers models.

    It can register a package and see which is in production, but neither approve nor deploy one.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        arns: Arns,
        key: kms.IKey,
        emr_application: str | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self._arns = arns
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal(
                "sagemaker.amazonaws.com",
                conditions={"StringEquals": {"aws:SourceAccount": Stack.of(self).account}},
            ),
            description="Runs the nightly pipeline and its jobs",
        )
        self._data(key)
        self._served()
        self._aggregates()
        self._clean_up()
        self._jobs()
        self._registration()
        self._production()
        self._containers()
        if emr_application is not None:
            self._emr_serverless(emr_application)

    def allow_image(self, uri: str) -> None:
        """Let jobs pull an image of this account's ECR."""
        name = uri.partition("/")[2].partition("@")[0].partition(":")[0]
        self._allow(
            ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            self._arns.of("ecr", f"repository/{name}"),
        )

    def allow_object(self, uri: str) -> None:
        """Let jobs read one object."""
        self._allow(["s3:GetObject"], f"arn:{Stack.of(self).partition}:s3:::{uri.removeprefix('s3://')}")

    def _emr_serverless(self, application: str) -> None:
        """The run of ComputeFeatures, and the role for it."""
        assert self.role.assume_role_policy is not None
        self.role.assume_role_policy.add_statements(
            iam.PolicyStatement(
                actions=["sts:AssumeRole"],
                principals=[iam.ServicePrincipal("emr-serverless.amazonaws.com")],
                conditions={"StringEquals": {"aws:SourceAccount": Stack.of(self).account}},
            )
        )
        arn = self._arns.of("emr-serverless", f"/applications/{application}")
        runs = f"{arn}/jobruns/*"
        self._allow(["emr-serverless:StartJobRun", "emr-serverless:GetApplication"], arn)
        self._allow(["emr-serverless:GetJobRun", "emr-serverless:CancelJobRun"], runs)
        # SageMaker Pipelines learns from EventBridge, by a rule of its own, that a run has ended.
        rule = self._arns.of("events", "rule/SageMakerPipelineExecutionEMRServerlessJobRunStatusUpdateRule")
        self._allow(["events:PutRule", "events:PutTargets", "events:DescribeRule"], rule)
        self._allow(
            ["iam:PassRole"],
            self.role.role_arn,
            conditions={"StringEquals": {"iam:PassedToService": "emr-serverless.amazonaws.com"}},
        )
        acknowledge_wildcards(self.role, {runs: "Runs of one application."})

    def _data(self, key: kms.IKey) -> None:
        read = [self._arns.lake_objects(prefix) for prefix in _READ_PREFIXES]
        written = [self._arns.lake_objects(prefix) for prefix in _WRITTEN_PREFIXES]
        code = f"{self._arns.code_bucket}/*"
        self._allow(["s3:GetObject"], *read, code)
        self._allow(["s3:PutObject", "s3:AbortMultipartUpload"], *written)
        # ComputeFeatures replaces what an attempt before it left.
        self._allow(["s3:DeleteObject"], self._arns.lake_objects("processed/training_sets/"))
        self._allow(["s3:ListBucket", "s3:GetBucketLocation"], self._arns.lake, self._arns.code_bucket)
        self._allow(["kms:Decrypt", "kms:GenerateDataKey"], key.key_arn)
        self._allow(
            ["kms:CreateGrant"],  # encrypted volumes of the jobs
            key.key_arn,
            conditions={"Bool": {"kms:GrantIsForAWSResource": "true"}},
        )
        acknowledge_wildcards(
            self.role,
            {
                **dict.fromkeys([*read, *written], "Objects below fixed prefixes of the lake."),
                code: "Code assets have content-hashed keys; read only.",
            },
        )

    def _served(self) -> None:
        """Streams and profiles. The streams' key belongs to another stack: they say which it may be."""
        streams = [self._arns.stream(name) for name in _READ_STREAMS]
        keys = self._arns.of("kms", "key/*")
        self._allow(["kinesis:ListShards", "kinesis:GetShardIterator", "kinesis:GetRecords"], *streams)
        self._allow(
            ["kms:Decrypt"],
            keys,
            conditions={
                "StringEquals": {
                    "kms:ViaService": f"kinesis.{Stack.of(self).region}.amazonaws.com",
                    "kms:EncryptionContext:aws:kinesis:arn": streams,
                }
            },
        )
        self._allow(["sagemaker:GetRecord"], self._arns.feature_group(USER_PROFILE.name))
        self._allow(["glue:GetSchemaVersion"], "*")  # of Avro records, by an id that is in no ARN
        acknowledge_wildcards(self.role, {keys: "Only through Kinesis, and only for three streams."})

    def _aggregates(self) -> None:
        """Records of the night's own groups."""
        groups = [self._arns.feature_group(group.name) for group in (USER_BASELINE, MERCHANT_RISK)]
        self._allow(
            ["sagemaker:BatchGetRecord", "sagemaker:BatchWriteRecord", "sagemaker:PutRecord"], *groups
        )

    def _clean_up(self) -> None:
        """What `pipelines.steps.clean_up.retention` names; of no object may a version be removed."""
        removable = [self._arns.lake_objects(rule.prefix) for rule in RETENTION]
        served = self._arns.lake_objects(SERVED_PREFIX)
        self._allow(["s3:DeleteObject"], *removable)
        self.role.add_to_policy(
            iam.PolicyStatement(effect=iam.Effect.DENY, actions=["s3:DeleteObject"], resources=[served])
        )
        # Which packages there are, and what they refer to; of every group, also those of fraud types.
        groups, packages = self._arns.all_package_groups, self._arns.all_packages
        self._allow(["sagemaker:ListModelPackageGroups"], "*")
        self._allow(["sagemaker:ListModelPackages"], groups)
        self._allow(["sagemaker:DescribeModelPackage"], packages)
        acknowledge_wildcards(
            self.role,
            {
                **dict.fromkeys([*removable, served], "Objects below fixed prefixes of the lake."),
                **dict.fromkeys(
                    [groups, packages], "The groups of one environment, and every version in them."
                ),
            },
        )

    def _jobs(self) -> None:
        """SageMaker Pipelines names a step's job ``pipelines-<execution>-<step>-...``."""
        kinds = ("processing-job", "training-job")
        jobs = [self._arns.of("sagemaker", f"{kind}/pipelines-*") for kind in kinds]
        for kind, arn in zip(("ProcessingJob", "TrainingJob"), jobs, strict=True):
            self._allow([f"sagemaker:{verb}{kind}" for verb in ("Create", "Describe", "Stop")], arn)
        self._allow(["sagemaker:AddTags"], *jobs, self._arns.packages)
        self._allow(
            ["iam:PassRole"],
            self.role.role_arn,
            conditions={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
        )
        acknowledge_wildcards(
            self.role, dict.fromkeys(jobs, "SageMaker Pipelines generates the rest of a job's name.")
        )

    def _registration(self) -> None:
        self._allow(
            ["sagemaker:CreateModelPackage", "sagemaker:DescribeModelPackage"],
            self._arns.packages,
            self._arns.package_group,
        )
        self._allow(["sagemaker:DescribeModelPackageGroup"], self._arns.package_group)
        acknowledge_wildcards(self.role, {self._arns.packages: "Every version of one model package group."})

    def _production(self) -> None:
        """What FindChampion asks: the approved versions, and which of them the endpoint serves."""
        endpoint = self._arns.endpoint
        name = endpoint.rpartition("/")[2]
        served = [self._arns.of("sagemaker", f"{kind}/{name}-*") for kind in ("endpoint-config", "model")]
        self._allow(["sagemaker:ListModelPackages"], self._arns.package_group)
        self._allow(["sagemaker:DescribeEndpoint"], endpoint)
        self._allow(["sagemaker:DescribeEndpointConfig", "sagemaker:DescribeModel"], *served)
        acknowledge_wildcards(
            self.role, dict.fromkeys(served, "Names end in a hash of their content; read only.")
        )

    def _containers(self) -> None:
        stack = Stack.of(self)
        logs = self._arns.of("logs", "log-group:/aws/sagemaker/*")
        first_party = f"arn:{stack.partition}:ecr:{stack.region}:*:repository/sagemaker-xgboost"
        self._allow(["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"], logs)
        self._allow(
            ["cloudwatch:PutMetricData"],
            "*",
            conditions={"StringLike": {"cloudwatch:namespace": _METRICS_NAMESPACE}},
        )
        self._allow(["ecr:GetAuthorizationToken"], "*")
        self._allow(
            ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            first_party,
            self._arns.image_repository,
        )
        acknowledge_wildcards(
            self.role,
            {
                logs: "SageMaker creates one log group per kind of job.",
                first_party: "AWS publishes its images from an account per region.",
            },
        )
        acknowledge(
            self.role,
            {
                "AwsSolutions-IAM5[Resource::*]": "GetAuthorizationToken, PutMetricData, GetSchemaVersion "
                "by id and ListModelPackageGroups know no resources."
            },
        )

    def _allow(self, actions: list[str], *resources: str, conditions: dict[str, Any] | None = None) -> None:
        self.role.add_to_policy(
            iam.PolicyStatement(actions=actions, resources=list(resources), conditions=conditions)
        )
