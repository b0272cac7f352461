"""Target-tracking auto-scaling of the endpoint's variant."""

from __future__ import annotations

from typing import Any

from cdk_app.functions.deployer.desired import Desired

_SERVICE = {"ServiceNamespace": "sagemaker", "ScalableDimension": "sagemaker:variant:DesiredInstanceCount"}
_SCALE_OUT_COOLDOWN_SECONDS = 60
_SCALE_IN_COOLDOWN_SECONDS = 300


class Scaling:
    """The scalable target of one endpoint's variant."""

    def __init__(self, autoscaling: Any, endpoint: str, variant: str) -> None:
        self._autoscaling = autoscaling
        self._target = {**_SERVICE, "ResourceId": f"endpoint/{endpoint}/variant/{variant}"}
        self._policy = f"{endpoint}-invocations"

    def apply(self, desired: Desired) -> None:
        """Let the number of instances follow the load, within the configured limits, where there are any."""
        if desired.serverless:
            return
        self._autoscaling.register_scalable_target(
            **self._target, MinCapacity=desired.min_instances, MaxCapacity=desired.max_instances
        )
        self._autoscaling.put_scaling_policy(
            **self._target,
            PolicyName=self._policy,
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration={
                "TargetValue": float(desired.invocations_per_instance),
                "PredefinedMetricSpecification": {
                    "PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"
                },
                "ScaleOutCooldown": _SCALE_OUT_COOLDOWN_SECONDS,
                "ScaleInCooldown": _SCALE_IN_COOLDOWN_SECONDS,
            },
        )

    def suspend(self) -> None:
        """Stop scaling: SageMaker does not update an endpoint that is a scalable target."""
        targets = self._autoscaling.describe_scalable_targets(
            ServiceNamespace=_SERVICE["ServiceNamespace"], ResourceIds=[self._target["ResourceId"]]
        )["ScalableTargets"]
        if targets:
            self._autoscaling.deregister_scalable_target(**self._target)
