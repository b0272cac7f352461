"""The mail about every night, and what else its end brings about in the registry."""

from __future__ import annotations

from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from cdk_app.arns import Arns
from cdk_app.constructs.python_function import PythonFunction
from cdk_app.settings import Settings

_READ_PREFIXES = ("processed/training_sets/", "models/")
ENDED = ["Succeeded", "Failed", "Stopped"]


class NightMail(Construct):
    """A topic, and the function of `cdk_app.functions.nightly` that tells it how a night ended.

    The function may reject a package and write its card, and can neither approve nor deploy one.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: Settings, arns: Arns, key: kms.IKey
    ) -> None:
        super().__init__(scope, construct_id)
        self._settings = settings
        self._arns = arns
        self.topic = sns.Topic(
            self,
            "Topic",
            topic_name=f"{settings.names.prefix}-nights",
            display_name=f"Fraudline {settings.environment}: nights",
            master_key=key,
            enforce_ssl=True,
        )
        if settings.mail_address:
            self.topic.add_subscription(subscriptions.EmailSubscription(settings.mail_address))
        self.function = PythonFunction(
            self,
            "Teller",
            name=f"{settings.names.prefix}-nights",
            handler="cdk_app.functions.nightly.handler.handle",
            description="Tells how a night ended, and keeps its registrations in order",
            environment={"TOPIC_ARN": self.topic.topic_arn, "ENVIRONMENT": settings.environment},
            settings=settings,
        )
        self._allow_reading(key)
        self._allow_registry()
        self.function.allow(["sns:Publish"], self.topic.topic_arn)
        self._on_end()

    def _allow_reading(self, key: kms.IKey) -> None:
        arns = self._arns
        objects = [arns.lake_objects(prefix) for prefix in _READ_PREFIXES]
        executions = f"{arns.pipeline}/execution/*"
        jobs = [arns.of("sagemaker", f"{kind}/pipelines-*") for kind in ("processing-job", "training-job")]
        self.function.allow(["s3:GetObject"], *objects)
        # GenerateDataKey is for what it publishes, which the topic encrypts.
        self.function.allow(["kms:Decrypt", "kms:GenerateDataKey"], key.key_arn)
        self.function.allow(
            [
                "sagemaker:DescribePipelineExecution",
                "sagemaker:ListPipelineExecutionSteps",
                "sagemaker:ListPipelineParametersForExecution",
            ],
            executions,
        )
        self.function.allow(["sagemaker:DescribeProcessingJob"], jobs[0])
        self.function.allow(["sagemaker:DescribeTrainingJob"], jobs[1])
        self.function.acknowledge_wildcards(
            {
                **dict.fromkeys(objects, "What the night's jobs wrote below two prefixes, read only."),
                **dict.fromkeys(jobs, "SageMaker Pipelines generates the rest of a job's name; read only."),
                executions: "Every execution of one pipeline, read only.",
            }
        )

    def _allow_registry(self) -> None:
        packages = self._arns.packages
        self.function.allow(["sagemaker:ListModelPackages"], self._arns.package_group)
        self.function.allow(["sagemaker:DescribeModelPackage"], packages)
        self.function.allow(
            ["sagemaker:UpdateModelPackage"],
            packages,
            conditions={"StringEqualsIfExists": {"sagemaker:ModelApprovalStatus": "Rejected"}},
        )
        self.function.acknowledge_wildcards({packages: "Every version of one model package group."})

    def _on_end(self) -> events.Rule:
        return events.Rule(
            self,
            "Ended",
            rule_name=f"{self._settings.names.prefix}-nights",
            description="An execution of the nightly pipeline has ended",
            event_pattern=events.EventPattern(
                source=["aws.sagemaker"],
                detail_type=["SageMaker Model Building Pipeline Execution Status Change"],
                detail={
                    "pipelineArn": [self._arns.pipeline],
                    "currentPipelineExecutionStatus": ENDED,
                },
            ),
            targets=[
                targets.LambdaFunction(
                    self.function.handler,
                    retry_attempts=12,
                    dead_letter_queue=self.function.dead_letters,
                )
            ],
        )
