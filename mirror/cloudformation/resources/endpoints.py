"""AWS::SageMaker::Model, AWS::SageMaker::EndpointConfig and AWS::SageMaker::Endpoint."""

from __future__ import annotations

from typing import ClassVar

from mirror.api import Document
from mirror.cloudformation.coverage import Schema, whole
from mirror.cloudformation.resource import (
    Outcome,
    RefusedError,
    Request,
    ResourceType,
    boolean,
    ignoring,
    numbers,
    wait_until,
)
from mirror.cloudformation.resources.sagemaker_tags import retag

_CONTAINER: Schema = whole(
    "ContainerHostname", "Environment", "Image", "Mode", "ModelDataUrl", "ModelPackageName"
)
_VARIANT: Schema = {
    **whole(
        "ContainerStartupHealthCheckTimeoutInSeconds",
        "InitialInstanceCount",
        "InitialVariantWeight",
        "InstanceType",
        "ModelDataDownloadTimeoutInSeconds",
        "ModelName",
        "VariantName",
    ),
    "ServerlessConfig": whole("MaxConcurrency", "MemorySizeInMB", "ProvisionedConcurrency"),
}
_VARIANTS = ("ProductionVariants", "ShadowProductionVariants")
_READY_S = 900.0


class Model(ResourceType):
    type = "AWS::SageMaker::Model"
    properties: ClassVar[Schema] = {
        **whole("EnableNetworkIsolation", "ExecutionRoleArn", "ModelName", "Tags"),
        "Containers": _CONTAINER,
        "PrimaryContainer": _CONTAINER,
    }
    attributes = frozenset({"ModelName"})
    replaced_by = frozenset(properties) - {"Tags"}
    name_property = "ModelName"
    lower_case_name = True
    how = "mirror.endpoints"

    def create(self, request: Request) -> Outcome:
        params = request.pick("Containers", "ExecutionRoleArn", "PrimaryContainer", "Tags")
        if "EnableNetworkIsolation" in request.properties:
            params["EnableNetworkIsolation"] = boolean(request.properties["EnableNetworkIsolation"])
        made = request.aws("sagemaker", "CreateModel", ModelName=request.name, **params)
        return Outcome(made["ModelArn"], {"ModelName": request.name})

    def update(self, request: Request) -> Outcome:
        retag(request, request.physical_id)
        return Outcome(request.physical_id, request.attributes)

    def delete(self, request: Request) -> None:
        with ignoring("ResourceNotFound", "ValidationException"):
            name = _name(request, "ModelName")
            request.aws("sagemaker", "DescribeModel", ModelName=name)
            request.aws("sagemaker", "DeleteModel", ModelName=name)


class EndpointConfig(ResourceType):
    type = "AWS::SageMaker::EndpointConfig"
    properties: ClassVar[Schema] = {
        **whole("EndpointConfigName", "ExecutionRoleArn", "KmsKeyId", "Tags"),
        **dict.fromkeys(_VARIANTS, _VARIANT),
    }
    attributes = frozenset({"EndpointConfigName"})
    replaced_by = frozenset(properties) - {"Tags"}
    name_property = "EndpointConfigName"
    lower_case_name = True
    how = "mirror.endpoints"

    def create(self, request: Request) -> Outcome:
        params = request.pick("ExecutionRoleArn", "KmsKeyId", "Tags")
        for field in _VARIANTS:
            if field in request.properties:
                params[field] = [_variant(item) for item in request.properties[field]]
        made = request.aws("sagemaker", "CreateEndpointConfig", EndpointConfigName=request.name, **params)
        return Outcome(made["EndpointConfigArn"], {"EndpointConfigName": request.name})

    def update(self, request: Request) -> Outcome:
        retag(request, request.physical_id)
        return Outcome(request.physical_id, request.attributes)

    def delete(self, request: Request) -> None:
        with ignoring("ResourceNotFound", "ValidationException"):
            name = _name(request, "EndpointConfigName")
            request.aws("sagemaker", "DescribeEndpointConfig", EndpointConfigName=name)
            request.aws("sagemaker", "DeleteEndpointConfig", EndpointConfigName=name)


class Endpoint(ResourceType):
    type = "AWS::SageMaker::Endpoint"
    properties = whole("DeploymentConfig", "EndpointConfigName", "EndpointName", "Tags")
    attributes = frozenset({"EndpointName"})
    replaced_by = frozenset({"EndpointName"})
    name_property = "EndpointName"
    lower_case_name = True
    how = "mirror.endpoints"

    def create(self, request: Request) -> Outcome:
        params = request.pick("DeploymentConfig", "Tags")
        config = request.properties["EndpointConfigName"]
        made = request.aws(
            "sagemaker", "CreateEndpoint", EndpointName=request.name, EndpointConfigName=config, **params
        )
        request.created(made["EndpointArn"])
        self._in_service(request, request.name, config)
        return Outcome(made["EndpointArn"], {"EndpointName": request.name})

    def update(self, request: Request) -> Outcome:
        name = _name(request, "EndpointName")
        if request.changed("EndpointConfigName", "DeploymentConfig"):
            config = request.properties["EndpointConfigName"]
            params = request.pick("DeploymentConfig")
            request.aws("sagemaker", "UpdateEndpoint", EndpointName=name, EndpointConfigName=config, **params)
            self._in_service(request, name, config)
        retag(request, request.physical_id)
        return Outcome(request.physical_id, request.attributes)

    def delete(self, request: Request) -> None:
        name = _name(request, "EndpointName")

        def gone() -> bool:
            with ignoring("ResourceNotFound", "ValidationException"):
                request.aws("sagemaker", "DescribeEndpoint", EndpointName=name)
                return False
            return True

        if not gone():
            request.aws("sagemaker", "DeleteEndpoint", EndpointName=name)
            wait_until(gone, f"deletion of endpoint {name}")

    def _in_service(self, request: Request, name: str, config: str) -> None:
        """Wait for the endpoint to serve `config`: after a rollback it is in service on the old one."""

        def settled() -> bool:
            found = request.aws("sagemaker", "DescribeEndpoint", EndpointName=name)
            if found["EndpointStatus"] == "InService" and found["EndpointConfigName"] == config:
                return True
            if found["EndpointStatus"] in ("Failed", "InService", "UpdateRollbackFailed"):
                reason = found.get("FailureReason", f"it serves {found.get('EndpointConfigName')}")
                raise RefusedError(f"endpoint {name} is {found['EndpointStatus']}: {reason}")
            return False

        wait_until(settled, f"endpoint {name}", timeout=_READY_S, interval=0.2)


def _name(request: Request, name_property: str) -> str:
    # ARNs carry names in lower case, so an explicit name is taken from the properties.
    return str(request.properties.get(name_property) or request.physical_id.rpartition("/")[2])


def _variant(variant: Document) -> Document:
    shaped = variant | numbers(
        variant,
        "ContainerStartupHealthCheckTimeoutInSeconds",
        "InitialInstanceCount",
        "ModelDataDownloadTimeoutInSeconds",
    )
    if "InitialVariantWeight" in shaped:
        shaped["InitialVariantWeight"] = float(shaped["InitialVariantWeight"])
    if "ServerlessConfig" in shaped:
        shaped["ServerlessConfig"] = {name: int(value) for name, value in shaped["ServerlessConfig"].items()}
    return shaped
