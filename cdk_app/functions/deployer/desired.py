"""The serving configuration that the stack wants, as JSON in the parameter and the custom resource."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Desired:
    """Everything about the endpoint except which model it serves: the registry decides that.

    Attributes:
        model_environment: environment variables of every model container.
        invocations_per_instance: target of the scaling, per minute.
        rollout: ``all-at-once``, ``canary`` or ``linear``.
        step_percent: traffic of the canary, or of each linear step.
        bake_seconds: how long alarms watch after each step.
        metrics_seconds: how often the endpoint publishes its metrics; 60 is what every endpoint does.
        rollback_alarms: names of alarms that roll an update back.
        shadow_percent: of the requests, which the package approved as shadow gets too.
        shadow_environment: what is different in the environment of its container.
        serverless: SageMaker's ServerlessConfig; empty for instances.
        model_types: model package groups by fraud type, for one model each; empty for one model.
        archives_uri: S3 prefix, ending in /, where the archives of several models are put together.
    """

    endpoint: str
    variant: str
    package_group: str
    image: str
    role: str
    model_environment: dict[str, str]
    instance_type: str
    min_instances: int
    max_instances: int
    invocations_per_instance: int
    rollout: str
    step_percent: int
    bake_seconds: int
    metrics_seconds: int
    rollback_alarms: tuple[str, ...]
    shadow_percent: int
    shadow_environment: dict[str, str]
    serverless: dict[str, int]
    model_types: dict[str, str]
    archives_uri: str
    tags: dict[str, str]

    @classmethod
    def from_json(cls, text: str) -> Desired:
        """Parse a configuration.

        Raises:
            ValueError: it is not JSON, or a field is missing, unknown or of the wrong type.
        """
        document = json.loads(text)
        if not isinstance(document, dict):
            raise ValueError("configuration: expected a JSON object")
        names = {field.name for field in fields(cls)}
        if missing := sorted(names - document.keys()):
            raise ValueError(f"configuration: {', '.join(missing)} missing; deploy the serving stack again")
        if unknown := sorted(document.keys() - names):
            raise ValueError(f"configuration: {', '.join(unknown)} unknown; deploy the serving stack again")
        for field in fields(cls):
            kind = {"int": int, "str": str}.get(str(field.type), (list, dict))
            if not isinstance(document[field.name], kind) or isinstance(document[field.name], bool):
                raise ValueError(f"configuration: {field.name} is {document[field.name]!r}, not {field.type}")
        return cls(**{**document, "rollback_alarms": tuple(document["rollback_alarms"])})
