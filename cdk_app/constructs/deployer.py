"""The function that keeps the endpoint serving the approved model, and what it may do."""

from __future__ import annotations

from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from cdk_app.arns import Arns
from cdk_app.constructs.python_function import PythonFunction
from cdk_app.settings import Settings
from processing.lake.keys import SERVED_PREFIX

ARCHIVES_PREFIX = SERVED_PREFIX
"""Of the lake: where the archives of an endpoint with several models are."""

# PendingManualApproval is an approval taken back: that model must stop serving too.
APPROVAL_STATES = ["Approved", "Rejected", "PendingManualApproval"]


class Deployer(Construct):
    """The reconciler of `cdk_app.functions.deployer`, and the rule that calls it on approvals."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        arns: Arns,
        desired_parameter: str,
        endpoint_role: iam.IRole,
        key: kms.IKey,
    ) -> None:
        super().__init__(scope, construct_id)
        self._settings = settings
        self._arns = arns
        names = settings.names
        self._groups = [names.model_package_group, *map(names.model_package_group_of, settings.model_types)]
        self.function = PythonFunction(
            self,
            "Reconciler",
            name=f"{settings.names.prefix}-deployer",
            handler="cdk_app.functions.deployer.handler.handle",
            description="Keeps the endpoint as configured, serving the approved model",
            environment={"DESIRED_PARAMETER": desired_parameter},
            settings=settings,
        )
        self._allow_endpoint(endpoint_role)
        self._allow_registry(desired_parameter)
        self._allow_scaling()
        self._allow_archives(key)
        self._alarm()

    def on_approvals(self) -> events.Rule:
        """Call the function whenever the approval of one of our packages changes."""
        return events.Rule(
            self,
            "Approvals",
            rule_name=f"{self._settings.names.prefix}-approvals",
            description="An approval in the model registry changed",
            event_pattern=events.EventPattern(
                source=["aws.sagemaker"],
                detail_type=["SageMaker Model Package State Change"],
                detail={
                    "ModelPackageGroupName": self._groups,
                    "ModelApprovalStatus": APPROVAL_STATES,
                },
            ),
            targets=[targets.LambdaFunction(self.function.handler, retry_attempts=12)],
        )

    def _allow_endpoint(self, endpoint_role: iam.IRole) -> None:
        arns, name = self._arns, self._settings.names.endpoint
        configs = arns.of("sagemaker", f"endpoint-config/{name}-*")
        models = arns.of("sagemaker", f"model/{name}-*")
        verbs = ("Create", "Describe", "Delete")
        self.function.allow(
            [f"sagemaker:{verb}Endpoint" for verb in (*verbs, "Update")], arns.endpoint, configs
        )
        self.function.allow([f"sagemaker:{verb}EndpointConfig" for verb in verbs], configs)
        self.function.allow([f"sagemaker:{verb}Model" for verb in verbs], models)
        self.function.allow(["sagemaker:AddTags"], arns.endpoint, configs, models)
        self.function.allow(["sagemaker:ListModels", "sagemaker:ListEndpointConfigs"], "*")
        self.function.allow(
            ["iam:PassRole"],
            endpoint_role.role_arn,
            conditions={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
        )
        self.function.acknowledge_wildcards(
            dict.fromkeys((configs, models), "Names end in a hash of their content, known at run time.")
        )

    def _allow_registry(self, desired_parameter: str) -> None:
        arns = self._arns
        packages = [arns.packages_of(group) for group in self._groups]
        self.function.allow(["sagemaker:DescribeModelPackage"], *packages)
        self.function.allow(["sagemaker:ListModelPackages"], *map(arns.package_group_of, self._groups))
        self.function.allow(["ssm:GetParameter"], arns.of("ssm", f"parameter{desired_parameter}"))
        self.function.acknowledge_wildcards(dict.fromkeys(packages, "Every version of one group."))

    def _allow_archives(self, key: kms.IKey) -> None:
        """Copying archives of models to where an endpoint with several models finds them."""
        models, served = (self._arns.lake_objects(prefix) for prefix in ("models/", ARCHIVES_PREFIX))
        self.function.allow(
            ["s3:ListBucket"],
            self._arns.lake,
            conditions={"StringLike": {"s3:prefix": f"{ARCHIVES_PREFIX}*"}},
        )
        self.function.allow(["s3:GetObject", "s3:GetObjectTagging"], models)
        self.function.allow(["s3:PutObject", "s3:PutObjectTagging", "s3:DeleteObject"], served)
        self.function.allow(["kms:Decrypt", "kms:GenerateDataKey"], key.key_arn)
        self.function.acknowledge_wildcards(
            {
                models: "Model artifacts below one prefix, read only.",
                served: "Archives that it has copied.",
            }
        )

    def _allow_scaling(self) -> None:
        stack = Stack.of(self)
        targets_arn = self._arns.of("application-autoscaling", "scalable-target/*")
        linked_service = "sagemaker.application-autoscaling.amazonaws.com"
        linked_role = (
            f"arn:{stack.partition}:iam::{stack.account}:role/aws-service-role/{linked_service}/"
            "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
        )
        actions = ("RegisterScalableTarget", "DeregisterScalableTarget", "PutScalingPolicy")
        self.function.allow(
            [f"application-autoscaling:{action}" for action in actions],
            targets_arn,
            conditions={"StringEquals": {"application-autoscaling:service-namespace": "sagemaker"}},
        )
        self.function.allow(["application-autoscaling:DescribeScalableTargets"], "*")
        endpoint = self._settings.names.endpoint
        alarms = self._arns.of("cloudwatch", f"alarm:TargetTracking-endpoint/{endpoint}/*")
        self.function.allow(
            ["iam:CreateServiceLinkedRole"],
            linked_role,
            conditions={"StringEquals": {"iam:AWSServiceName": linked_service}},
        )
        self.function.allow(["sagemaker:UpdateEndpointWeightsAndCapacities"], self._arns.endpoint)
        self.function.allow(["cloudwatch:DescribeAlarms"], "*")
        self.function.allow(["cloudwatch:PutMetricAlarm", "cloudwatch:DeleteAlarms"], alarms)
        self.function.acknowledge_wildcards(
            {
                alarms: "Scaling names the alarms of its policies by generated identifiers.",
                targets_arn: "Application Auto Scaling names its targets by generated identifiers.",
                "*": "The list and describe calls of SageMaker, scaling and alarms know no resources.",
            }
        )

    def _alarm(self) -> None:
        cloudwatch.Alarm(
            self,
            "Failed",
            alarm_name=f"{self._settings.names.prefix}-deployment-failed",
            alarm_description="A change of the endpoint failed or was rolled back; see the queue",
            metric=self.function.dead_letters.metric_approximate_number_of_messages_visible(
                period=Duration.minutes(1), statistic="Maximum"
            ),
            threshold=0,
            evaluation_periods=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
