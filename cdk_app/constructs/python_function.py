"""A Lambda function of this project with its own role, log group and dead-letter queue."""

from __future__ import annotations

from typing import Any

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from cdk_app.nag import acknowledge, acknowledge_wildcards
from cdk_app.project import functions_code
from cdk_app.settings import LOG_RETENTION_DAYS, Settings

RETENTION = dict(
    zip(
        LOG_RETENTION_DAYS,
        (
            logs.RetentionDays.ONE_WEEK,
            logs.RetentionDays.TWO_WEEKS,
            logs.RetentionDays.ONE_MONTH,
            logs.RetentionDays.TWO_MONTHS,
            logs.RetentionDays.THREE_MONTHS,
            logs.RetentionDays.SIX_MONTHS,
            logs.RetentionDays.ONE_YEAR,
        ),
        strict=True,
    )
)


class PythonFunction(Construct):
    """Runs one handler of ``cdk_app/functions`` with no permission but to write its own logs.

    Invocations are asynchronous. A failed one is repeated twice, then its event goes to
    ``self.dead_letters``.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        handler: str,
        description: str,
        environment: dict[str, str],
        settings: Settings,
    ) -> None:
        super().__init__(scope, construct_id)
        self.dead_letters = sqs.Queue(
            self,
            "DeadLetters",
            queue_name=f"{name}-dead-letters",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(14),
        )
        acknowledge(self.dead_letters, {"AwsSolutions-SQS3": "It is itself the dead-letter queue."})
        group = logs.LogGroup(
            self,
            "Logs",
            log_group_name=f"/aws/lambda/{name}",
            retention=RETENTION[settings.log_retention_days],
            removal_policy=RemovalPolicy.DESTROY if settings.disposable else RemovalPolicy.RETAIN,
        )
        self.role = iam.Role(
            self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"), description=description
        )
        self.allow(["logs:CreateLogStream", "logs:PutLogEvents"], group.log_group_arn)
        self.allow(["sqs:SendMessage"], self.dead_letters.queue_arn)
        self.handler = lambda_.Function(
            self,
            "Function",
            function_name=name,
            description=description,
            runtime=lambda_.Runtime.PYTHON_3_14,
            architecture=lambda_.Architecture.ARM_64,
            code=functions_code(),
            handler=handler,
            timeout=Duration.minutes(15),
            memory_size=256,
            environment={**environment, "DEAD_LETTER_QUEUE_URL": self.dead_letters.queue_url},
            role=self.role,
            log_group=group,
            dead_letter_queue=self.dead_letters,
            retry_attempts=2,
        )

    @property
    def arn(self) -> str:
        arn: str = self.handler.function_arn
        return arn

    def allow(self, actions: list[str], *resources: str, conditions: dict[str, Any] | None = None) -> None:
        """Let the function do `actions` on `resources`."""
        self.role.add_to_policy(
            iam.PolicyStatement(actions=actions, resources=list(resources), conditions=conditions)
        )

    def acknowledge_wildcards(self, findings: dict[str, str]) -> None:
        """Accept wildcards in what `allow` granted; see `cdk_app.nag`."""
        acknowledge_wildcards(self.role, findings)
