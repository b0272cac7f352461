"""Carries values that the SDK must not read (CDK tokens) through it.

The SDK parses what it is given: a role without a slash is looked up in IAM, a URI that is not
``s3://`` is uploaded as a local file. So it is given well-formed stand-ins, and the caller's
values replace them in the finished definition.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

from pipelines.definition.inputs import NightlyInputs

MARK = "fraudline-placeholder"
_REGISTRY = "000000000000.dkr.ecr.us-east-1.amazonaws.com"
_SHAPES = {
    "role_arn": "arn:aws:iam::000000000000:role/{mark}",
    "profiles_uri": "s3://{mark}/",
    "training_code_uri": "s3://{mark}/code.tar.gz",
    "spark_image": _REGISTRY + "/{mark}:latest",
    "xgboost_image": _REGISTRY + "/{mark}:latest",
    "inference_image": _REGISTRY + "/{mark}:latest",
}


@dataclass(frozen=True, slots=True)
class Placeholders:
    """`inputs` with each text replaced by a well-formed stand-in, and the way back."""

    inputs: NightlyInputs
    values: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, inputs: NightlyInputs) -> Placeholders:
        """Stand-ins for every text of `inputs`."""
        originals = {
            field.name: value
            for field in fields(inputs)
            if isinstance(value := getattr(inputs, field.name), str)
        }
        shapes = {
            **_SHAPES,
            # The file name inside the container is read by the definition itself.
            "processing_code_uri": "s3://{mark}/" + inputs.processing_code_file,
            "spark_program_uri": "s3://{mark}/" + inputs.spark_program_file,
            # Compared by the definition, and no text of a deployment.
            "features_engine": inputs.features_engine,
        }
        stand_ins: dict[str, str] = {
            name: shapes.get(name, "{mark}").format(mark=f"{MARK}-{name.replace('_', '-')}-x")
            for name in originals
        }
        types = inputs.inference_instance_types
        instances = tuple(f"{MARK}-instance-{index}-x" for index in range(len(types)))
        pairs = [(stand_ins[name], originals[name]) for name in originals]
        pairs += zip(instances, types, strict=True)
        texts: dict[str, Any] = {**stand_ins, "inference_instance_types": instances}
        return cls(replace(inputs, **texts), tuple(pairs))

    def restore(self, node: Any) -> Any:
        """`node` with each stand-in replaced by its value.

        Raises:
            RuntimeError: a stand-in was changed on the way, so its value would be lost.
        """
        if isinstance(node, dict):
            return {self.restore(key): self.restore(value) for key, value in node.items()}
        if isinstance(node, list | tuple):
            return [self.restore(item) for item in node]
        if not isinstance(node, str) or MARK not in node:
            return node
        text = node
        for stand_in, value in self.values:
            text = text.replace(stand_in, value)
        if MARK in text:
            raise RuntimeError(f"{node!r} was derived from an input: make the derived value an input itself")
        return text
