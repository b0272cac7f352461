"""The decision endpoint (D1), and its deployment on approval (D5)."""

from __future__ import annotations

from typing import Any

from aws_cdk import CustomResource, Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from cdk_app.arns import Arns
from cdk_app.constructs.deployer import ARCHIVES_PREFIX, Deployer
from cdk_app.constructs.endpoint_role import EndpointRole
from cdk_app.constructs.rollback_alarms import RollbackAlarms
from cdk_app.project import inference_image
from cdk_app.settings import Settings
from processing.lake.audit import AUDIT_PREFIX, SHADOW_AUDIT_PREFIX

VARIANT = "live"


class ServingStack(Stack):
    """The endpoint, owned by the deployer function instead of by CloudFormation.

    This stack says *how* to serve: instances, scaling, image, role. The registry says *which* model.
    The deployer joins the two; see docs/decisions/0003-cloudformation-and-the-registry.md.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: Settings, key: kms.IKey, **kwargs: Any
    ) -> None:
        super().__init__(scope, construct_id, description="The decision endpoint and its deployer", **kwargs)
        names = settings.names
        self._settings = settings
        arns = self._arns = Arns(self, names)
        endpoint_role = EndpointRole(self, "EndpointRole", arns=arns, key=key)
        alarms = RollbackAlarms(self, "RollbackAlarms", settings=settings, variant=VARIANT).alarms
        desired = self.to_json_string(
            self._desired(endpoint_role.role, [alarm.alarm_name for alarm in alarms])
        )
        parameter_name = f"/{names.prefix}/serving"
        parameter = ssm.StringParameter(
            self,
            "Desired",
            parameter_name=parameter_name,
            description="The serving configuration that the deployer keeps",
            string_value=desired,
        )
        deployer = Deployer(
            self,
            "Deployer",
            settings=settings,
            arns=arns,
            desired_parameter=parameter_name,
            endpoint_role=endpoint_role.role,
            key=key,
        )
        endpoint = CustomResource(
            self,
            "Endpoint",
            service_token=deployer.function.arn,
            resource_type="Custom::FraudlineEndpoint",
            properties={"Configuration": desired},
            service_timeout=Duration.hours(1),
        )
        for needed in (parameter, endpoint_role, deployer.function, *alarms):
            endpoint.node.add_dependency(needed)
        # Approvals are heard once the endpoint exists and no longer when it is being deleted.
        deployer.on_approvals().node.add_dependency(endpoint)

    def _desired(self, endpoint_role: iam.IRole, alarms: list[str]) -> dict[str, Any]:
        """The configuration as `cdk_app.functions.deployer.desired` reads it."""
        settings, names = self._settings, self._settings.names
        return {
            "endpoint": names.endpoint,
            "variant": VARIANT,
            "package_group": names.model_package_group,
            "image": inference_image(self).image_uri,
            "role": endpoint_role.role_arn,
            "model_environment": {
                "FRAUDLINE_ENVIRONMENT": settings.environment,
                "FRAUDLINE_REPLAY": "1" if settings.replay else "0",
                "FRAUDLINE_AUDIT_URI": f"s3://{self._arns.lake_name}/{AUDIT_PREFIX}",
                "FRAUDLINE_AUDIT_RETENTION_DAYS": (
                    "0" if settings.disposable else str(settings.audit_retention_days)
                ),
                **_files(settings),
            },
            "instance_type": settings.endpoint_instance_type,
            "min_instances": settings.endpoint_min_instances,
            "max_instances": settings.endpoint_max_instances,
            "invocations_per_instance": settings.endpoint_invocations_per_instance,
            "rollout": settings.rollout,
            "step_percent": settings.rollout_step_percent,
            "metrics_seconds": settings.rollout_alarm_seconds,
            "bake_seconds": settings.rollout_bake_seconds,
            "rollback_alarms": alarms,
            "shadow_percent": settings.shadow_percent,
            "shadow_environment": {
                # Its decisions are no decisions: they have an audit of their own, and no part in any figure.
                "FRAUDLINE_SHADOW": "1",
                "FRAUDLINE_LOG_STREAM": "off",
                "FRAUDLINE_POSTGRES_DSN": "",
                "FRAUDLINE_AUDIT_URI": f"s3://{self._arns.lake_name}/{SHADOW_AUDIT_PREFIX}",
            },
            "serverless": _serverless(settings),
            "model_types": {
                fraud_type: names.model_package_group_of(fraud_type) for fraud_type in settings.model_types
            },
            "archives_uri": f"s3://{self._arns.lake_name}/{ARCHIVES_PREFIX}",
            "tags": {"fraudline:environment": settings.environment},
        }


def _files(settings: Settings) -> dict[str, str]:
    """Files that the server reads at its start, as paths from the image's working directory."""
    files = {"FRAUDLINE_POLICY_FILE": settings.policy_file, "FRAUDLINE_SIGNALS_FILE": settings.signals_file}
    return {name: file for name, file in files.items() if file is not None}


def _serverless(settings: Settings) -> dict[str, int]:
    if settings.endpoint_mode != "serverless":
        return {}
    config = {
        "MemorySizeInMB": settings.serverless_memory_mb,
        "MaxConcurrency": settings.serverless_max_concurrency,
    }
    if settings.serverless_provisioned_concurrency:
        config["ProvisionedConcurrency"] = settings.serverless_provisioned_concurrency
    return config
