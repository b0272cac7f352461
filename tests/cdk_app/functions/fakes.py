"""In-memory SageMaker and Application Auto Scaling: the few calls that the deployer makes.

They keep the behaviour that the deployer must survive: updates take several looks, a second update
meanwhile is refused, a rollback ends InService on the old configuration, a scalable target forbids
updates, and an endpoint configuration in use cannot be deleted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from cdk_app.functions.clock import Deadline
from cdk_app.functions.deployer.desired import Desired
from cdk_app.functions.deployer.reconcile import Clients

GROUP = "fraudline-test-fraud"
ENDPOINT = "fraudline-test-decisions"
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/images:server"

Document = dict[str, Any]


def desired(**changes: Any) -> Desired:
    values: Document = {
        "endpoint": ENDPOINT,
        "variant": "live",
        "package_group": GROUP,
        "image": IMAGE,
        "role": "arn:aws:iam::123456789012:role/serving",
        "model_environment": {"FRAUDLINE_ENVIRONMENT": "test"},
        "instance_type": "ml.c7i.large",
        "min_instances": 1,
        "max_instances": 4,
        "invocations_per_instance": 15_000,
        "rollout": "all-at-once",
        "step_percent": 10,
        "bake_seconds": 0,
        "metrics_seconds": 60,
        "rollback_alarms": ("errors",),
        "shadow_percent": 0,
        "shadow_environment": {"FRAUDLINE_SHADOW": "1"},
        "serverless": {},
        "model_types": {},
        "archives_uri": "s3://lake/models/served/",
        "tags": {"environment": "test"},
    }
    return Desired(**{**values, **changes})


def deadline(looks: int = 10_000) -> Deadline:
    """A deadline that allows that many pauses, and sleeps for none of them."""
    left = [looks]

    def remaining_ms() -> float:
        left[0] -= 1
        return 900_000.0 if left[0] >= 0 else 0.0

    return Deadline(remaining_ms, sleep=lambda _: None)


def refused(message: str, code: str = "ValidationException") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "operation")


class FakeSageMaker:
    """Endpoints, configurations, models and packages of one account."""

    def __init__(self) -> None:
        self.models: dict[str, Document] = {}
        self.configs: dict[str, Document] = {}
        self.endpoints: dict[str, Document] = {}
        self.packages: dict[str, Document] = {}
        self.scalable: set[str] = set()
        self.weights: dict[str, float] = {}
        self.calls: list[str] = []
        self.looks_until_settled = 3
        self.roll_back_updates = False
        self.fail_creation = False
        self.before_update: Callable[[], None] = lambda: None
        self.now = datetime.now(UTC)

    # Packages

    def register(
        self, status: str = "PendingManualApproval", *, group: str = GROUP, shadow: bool = False
    ) -> str:
        version = len(self.packages) + 1
        arn = f"arn:aws:sagemaker:us-east-1:123456789012:model-package/{group}/{version}"
        self.packages[arn] = {
            "CustomerMetadataProperties": {"shadow": "yes"} if shadow else {},
            "InferenceSpecification": {
                "Containers": [{"ModelDataUrl": f"s3://lake/models/{version}.tar.gz"}]
            },
            "ModelPackageArn": arn,
            "ModelPackageGroupName": group,
            "ModelPackageVersion": version,
            "ModelPackageStatus": "Completed",
            "CreationTime": self.now,
        }
        self.set_approval(arn, status)
        return arn

    def set_approval(self, arn: str, status: str) -> None:
        self.now += timedelta(minutes=1)
        self.packages[arn] |= {"ModelApprovalStatus": status, "LastModifiedTime": self.now}

    def describe_model_package(self, **request: Any) -> Document:
        return _find(self.packages, request["ModelPackageName"], "model package")

    def delete_model_package(self, **request: Any) -> None:
        _find(self.packages, request["ModelPackageName"], "model package")
        del self.packages[request["ModelPackageName"]]

    # Models and configurations

    def create_model(self, **request: Any) -> None:
        self.calls.append("create_model")
        _add(self.models, request["ModelName"], {**request, "CreationTime": self.now}, "model")

    def describe_model(self, **request: Any) -> Document:
        return _find(self.models, request["ModelName"], "model")

    def delete_model(self, **request: Any) -> None:
        _find(self.models, request["ModelName"], "model")
        del self.models[request["ModelName"]]

    def create_endpoint_config(self, **request: Any) -> None:
        for variant in (*request["ProductionVariants"], *request.get("ShadowProductionVariants", [])):
            _find(self.models, variant["ModelName"], "model")
        name = request["EndpointConfigName"]
        _add(self.configs, name, {**request, "CreationTime": self.now}, "endpoint configuration")

    def describe_endpoint_config(self, **request: Any) -> Document:
        return _find(self.configs, request["EndpointConfigName"], "endpoint configuration")

    def delete_endpoint_config(self, **request: Any) -> None:
        name = request["EndpointConfigName"]
        _find(self.configs, name, "endpoint configuration")
        if any(name in (item["EndpointConfigName"], item.get("next")) for item in self.endpoints.values()):
            raise refused(f"Cannot delete {name}: in use")
        del self.configs[name]

    # Endpoints

    def create_endpoint(self, **request: Any) -> None:
        self.calls.append("create_endpoint")
        _find(self.configs, request["EndpointConfigName"], "endpoint configuration")
        status = "Failed" if self.fail_creation else "InService"
        endpoint = {
            "EndpointName": request["EndpointName"],
            "EndpointConfigName": request["EndpointConfigName"],
        }
        _add(self.endpoints, request["EndpointName"], endpoint, "endpoint")
        self._change(endpoint, "Creating", status, request["EndpointConfigName"])

    def update_endpoint(self, **request: Any) -> None:
        self.before_update()
        self.calls.append("update_endpoint")
        name = request["EndpointName"]
        endpoint = _find(self.endpoints, name, "endpoint")
        _find(self.configs, request["EndpointConfigName"], "endpoint configuration")
        if endpoint["EndpointStatus"] not in ("InService", "UpdateRollbackFailed"):
            raise refused(f"Cannot update in-progress endpoint {name}")
        if name in self.scalable:
            raise refused(f"{name} has a registered scalable target")
        target = endpoint["EndpointConfigName"] if self.roll_back_updates else request["EndpointConfigName"]
        excluded = request.get("ExcludeRetainedVariantProperties", [])
        if request["RetainAllVariantProperties"] and {"VariantPropertyType": "DesiredWeight"} not in excluded:
            self.weights = {**self._weights(target), **self.weights}
        else:
            self.weights = self._weights(target)
        self._change(endpoint, "Updating", "InService", target)

    def _weights(self, config: str) -> dict[str, float]:
        found = self.configs[config]
        variants = (*found["ProductionVariants"], *found.get("ShadowProductionVariants", []))
        return {variant["VariantName"]: variant["InitialVariantWeight"] for variant in variants}

    def describe_endpoint(self, **request: Any) -> Document:
        endpoint = _find(self.endpoints, request["EndpointName"], "endpoint")
        if "looks" in endpoint:
            endpoint["looks"] -= 1
            if endpoint["looks"] <= 0:
                self._settle(endpoint)
        return _find(self.endpoints, request["EndpointName"], "endpoint")

    def delete_endpoint(self, **request: Any) -> None:
        self.calls.append("delete_endpoint")
        endpoint = _find(self.endpoints, request["EndpointName"], "endpoint")
        self._change(endpoint, "Deleting", "gone", endpoint["EndpointConfigName"])

    def _change(self, endpoint: Document, meanwhile: str, then: str, config: str) -> None:
        endpoint |= {"EndpointStatus": meanwhile, "then": then, "next": config}
        endpoint["looks"] = self.looks_until_settled

    def _settle(self, endpoint: Document) -> None:
        del endpoint["looks"]
        status = endpoint.pop("then")
        config = endpoint.pop("next")
        if status == "gone":
            del self.endpoints[endpoint["EndpointName"]]
        else:
            endpoint |= {"EndpointStatus": status, "EndpointConfigName": config}
            endpoint |= {"FailureReason": "the container did not answer /ping"} if status == "Failed" else {}

    # Lists

    def get_paginator(self, operation: str) -> Paginator:
        return Paginator(lambda request: self._list(operation, request))

    def _list(self, operation: str, request: Document) -> Document:
        part = request.get("NameContains", "")
        if operation == "list_models":
            return {"Models": [item for name, item in self.models.items() if part in name]}
        if operation == "list_endpoint_configs":
            return {"EndpointConfigs": [item for name, item in self.configs.items() if part in name]}
        group, status = request["ModelPackageGroupName"], request.get("ModelApprovalStatus")
        found = [
            item
            for item in self.packages.values()
            if item["ModelPackageGroupName"] == group and status in (None, item["ModelApprovalStatus"])
        ]
        return {"ModelPackageSummaryList": found}

    # What the tests ask

    def serving(self) -> str | None:
        """ARN of the package that the endpoint serves; None for the rules."""
        config = self.configs[self.endpoints[ENDPOINT]["EndpointConfigName"]]
        model = self.models[config["ProductionVariants"][0]["ModelName"]]
        package: str | None = model["PrimaryContainer"].get("ModelPackageName")
        return package

    def variant(self) -> Document:
        config = self.configs[self.endpoints[ENDPOINT]["EndpointConfigName"]]
        found: Document = config["ProductionVariants"][0]
        return found


class FakeScaling:
    """Scalable targets and policies, by resource."""

    def __init__(self, sagemaker: FakeSageMaker) -> None:
        self._sagemaker = sagemaker
        self.targets: dict[str, Document] = {}
        self.policies: dict[str, Document] = {}

    def register_scalable_target(self, **request: Any) -> None:
        self.targets[request["ResourceId"]] = request
        self._sagemaker.scalable.add(request["ResourceId"].split("/")[1])

    def deregister_scalable_target(self, **request: Any) -> None:
        if self.targets.pop(request["ResourceId"], None) is None:
            raise refused("No scalable target", "ObjectNotFoundException")
        self.policies.pop(request["ResourceId"], None)
        self._sagemaker.scalable.discard(request["ResourceId"].split("/")[1])

    def describe_scalable_targets(self, **request: Any) -> Document:
        found = [self.targets[name] for name in request["ResourceIds"] if name in self.targets]
        return {"ScalableTargets": found}

    def put_scaling_policy(self, **request: Any) -> None:
        if request["ResourceId"] not in self.targets:
            raise refused("No scalable target", "ObjectNotFoundException")
        self.policies[request["ResourceId"]] = request


class Paginator:
    """One page of everything."""

    def __init__(self, list_: Callable[[Document], Document]) -> None:
        self._list = list_

    def paginate(self, **request: Any) -> Iterator[Document]:
        yield self._list(request)


class FakeS3:
    """Objects by bucket and key, each with the key that it is a copy of."""

    def __init__(self) -> None:
        self.objects: dict[str, str] = {}

    def copy_object(self, **request: Any) -> None:
        source = request["CopySource"]
        self.objects[f"{request['Bucket']}/{request['Key']}"] = f"{source['Bucket']}/{source['Key']}"

    def delete_object(self, **request: Any) -> None:
        del self.objects[f"{request['Bucket']}/{request['Key']}"]

    def get_paginator(self, operation: str) -> Paginator:
        assert operation == "list_objects_v2"
        return Paginator(self._list)

    def _list(self, request: Document) -> Document:
        where = f"{request['Bucket']}/"
        below = [name for name in self.objects if name.startswith(where + request["Prefix"])]
        keys = [name.removeprefix(where) for name in below]
        long_ago = datetime(2020, 1, 1, tzinfo=UTC)
        return {"Contents": [{"Key": key, "LastModified": long_ago} for key in keys]}


class World:
    """The services, as the deployer gets them."""

    def __init__(self) -> None:
        self.sagemaker = FakeSageMaker()
        self.scaling = FakeScaling(self.sagemaker)
        self.s3 = FakeS3()
        self.clients = Clients(self.sagemaker, self.scaling, self.s3)


def _find(items: dict[str, Document], name: str, kind: str) -> Document:
    if name not in items:
        raise refused(f'Could not find {kind} "{name}".')
    return items[name]


def _add(items: dict[str, Document], name: str, item: Document, kind: str) -> None:
    if name in items:
        raise refused(f'Cannot create already existing {kind} "{name}".')
    items[name] = item
