"""The stream job as an application of Managed Service for Apache Flink."""

from __future__ import annotations

from aws_cdk import CustomResource, Duration, RemovalPolicy
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_kinesisanalyticsv2 as analytics
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from cdk_app.arns import Arns
from cdk_app.constructs.flink_role import FlinkRole
from cdk_app.constructs.python_function import RETENTION, PythonFunction
from cdk_app.project import flink_application
from cdk_app.settings import Settings
from processing.engines.flink.environment import JAR

RUNTIME = "FLINK-2_2"
ENTRY = "main.py"
CONNECTOR = f"lib/{JAR.name}"
CHECKPOINT_MS = 60_000
PAUSE_BETWEEN_CHECKPOINTS_MS = 5_000
_LONGEST_DOWNTIME_MS = 60_000


class FlinkApplication(Construct):
    """The application, started; its log, its role, and alarms on what it says of itself.

    State is in RocksDB, which the service does not leave to choice.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: Settings, arns: Arns, keys: list[kms.IKey]
    ) -> None:
        super().__init__(scope, construct_id)
        self._settings, self._arns = settings, arns
        self.name = f"{settings.names.prefix}-stream"
        self._code = flink_application(self)
        group = logs.LogGroup(
            self,
            "Logs",
            log_group_name=f"/aws/kinesis-analytics/{self.name}",
            retention=RETENTION[settings.log_retention_days],
            removal_policy=RemovalPolicy.DESTROY if settings.disposable else RemovalPolicy.RETAIN,
        )
        stream = logs.CfnLogStream(
            self, "LogStream", log_group_name=group.log_group_name, log_stream_name="job"
        )
        role = FlinkRole(
            self,
            "Role",
            names=settings.names,
            arns=arns,
            application=self.name,
            keys=keys,
            code=self._code,
            log_group=group,
        )
        application = self._application(role)
        logging = analytics.CfnApplicationCloudWatchLoggingOption(
            self,
            "LoggingOption",
            application_name=self.name,
            cloud_watch_logging_option=analytics.CfnApplicationCloudWatchLoggingOption.CloudWatchLoggingOptionProperty(
                log_stream_arn=arns.of("logs", f"log-group:{group.log_group_name}:log-stream:job")
            ),
        )
        logging.node.add_dependency(application, stream)
        self._started().node.add_dependency(logging, role)
        self._alarms()

    def _application(self, role: FlinkRole) -> analytics.CfnApplication:
        settings, flink = self._settings, analytics.CfnApplication
        groups = {
            "kinesis.analytics.flink.run.options": {"python": ENTRY, "jarfile": CONNECTOR},
            "FraudlineStream": {
                "environment": settings.environment,
                "region": settings.region,
                "lake_bucket": self._arns.lake_name,
                "replay": "1" if settings.replay else "0",
                "parallelism": str(settings.flink_parallelism),
            },
        }
        application = flink(
            self,
            "Application",
            application_name=self.name,
            runtime_environment=RUNTIME,
            service_execution_role=role.role.role_arn,
            application_configuration=flink.ApplicationConfigurationProperty(
                application_code_configuration=flink.ApplicationCodeConfigurationProperty(
                    code_content=flink.CodeContentProperty(
                        s3_content_location=flink.S3ContentLocationProperty(
                            bucket_arn=self._arns.bucket(self._code.s3_bucket_name),
                            file_key=self._code.s3_object_key,
                        )
                    ),
                    code_content_type="ZIPFILE",
                ),
                application_snapshot_configuration=flink.ApplicationSnapshotConfigurationProperty(
                    snapshots_enabled=True
                ),
                environment_properties=flink.EnvironmentPropertiesProperty(
                    property_groups=[
                        flink.PropertyGroupProperty(property_group_id=name, property_map=properties)
                        for name, properties in groups.items()
                    ]
                ),
                flink_application_configuration=flink.FlinkApplicationConfigurationProperty(
                    checkpoint_configuration=flink.CheckpointConfigurationProperty(
                        configuration_type="CUSTOM",
                        checkpointing_enabled=True,
                        checkpoint_interval=CHECKPOINT_MS,
                        min_pause_between_checkpoints=PAUSE_BETWEEN_CHECKPOINTS_MS,
                    ),
                    monitoring_configuration=flink.MonitoringConfigurationProperty(
                        configuration_type="CUSTOM", log_level="INFO", metrics_level="OPERATOR"
                    ),
                    parallelism_configuration=flink.ParallelismConfigurationProperty(
                        configuration_type="CUSTOM",
                        parallelism=settings.flink_parallelism,
                        parallelism_per_kpu=settings.flink_parallelism_per_kpu,
                        auto_scaling_enabled=False,  # states are keyed for the parallelism that was set
                    ),
                ),
            ),
        )
        # The policy must be there before the service first assumes the role.
        application.node.add_dependency(role)
        return application

    def _started(self) -> CustomResource:
        starter = PythonFunction(
            self,
            "Starter",
            name=f"{self.name}-starter",
            handler="cdk_app.functions.starter.handler.handle",
            description="Starts the stream job",
            environment={},
            settings=self._settings,
        )
        starter.allow(
            [f"kinesisanalytics:{verb}" for verb in ("DescribeApplication", "StartApplication")]
            + ["kinesisanalytics:DescribeApplicationOperation"],
            self._arns.of("kinesisanalytics", f"application/{self.name}"),
        )
        started = CustomResource(
            self,
            "Started",
            service_token=starter.arn,
            resource_type="Custom::FraudlineStreamStart",
            # With the code's hash: after an update that left it stopped it is started again.
            properties={"Application": self.name, "Code": self._code.asset_hash},
            service_timeout=Duration.hours(1),
        )
        started.node.add_dependency(starter)
        return started

    def _alarms(self) -> None:
        self._alarm(
            "Down",
            "stream-down",
            "The stream job has been down for a minute",
            self._metric("downtime", "Maximum"),
            _LONGEST_DOWNTIME_MS,
        )
        self._alarm(
            "CheckpointsFail",
            "stream-checkpoints-fail",
            "The stream job cannot save its state",
            # The metric counts from the start of the job: what matters is that it grows.
            cloudwatch.MathExpression(
                expression="DIFF(failed)",
                using_metrics={"failed": self._metric("numberOfFailedCheckpoints", "Maximum")},
                period=Duration.minutes(1),
                label="checkpoints that failed",
            ),
            0,
        )

    def _metric(self, name: str, statistic: str) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace="AWS/KinesisAnalytics",
            metric_name=name,
            dimensions_map={"Application": self.name},
            statistic=statistic,
            period=Duration.minutes(1),
        )

    def _alarm(
        self, construct_id: str, name: str, description: str, metric: cloudwatch.IMetric, threshold: float
    ) -> None:
        cloudwatch.Alarm(
            self,
            construct_id,
            alarm_name=f"{self._settings.names.prefix}-{name}",
            alarm_description=description,
            metric=metric,
            threshold=threshold,
            evaluation_periods=3,
            datapoints_to_alarm=2,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
