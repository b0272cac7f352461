"""Settings of functions that moto accepts and forgets: kept, shown and updated."""

from __future__ import annotations

from typing import Any

from moto.awslambda.models import LambdaFunction

_KEPT = {"DeadLetterConfig": "dead_letter_config", "LoggingConfig": "logging_config"}


def install() -> None:
    """Patch moto's function model in memory. Idempotent."""
    if getattr(LambdaFunction, "_fraudline", False):
        return
    create, update, show = (
        LambdaFunction.__init__,
        LambdaFunction.update_configuration,
        LambdaFunction.get_configuration,
    )

    def __init__(self: Any, account_id: str, spec: dict[str, Any], *args: Any, **kwargs: Any) -> None:  # noqa: N807
        for name, attribute in _KEPT.items():
            setattr(self, attribute, spec.get(name))
        create(self, account_id, spec, *args, **kwargs)

    def update_configuration(self: Any, config_updates: dict[str, Any]) -> dict[str, Any]:
        for name, attribute in _KEPT.items():
            if name in config_updates:
                setattr(self, attribute, config_updates[name])
        if "TracingConfig" in config_updates:
            self.tracing_config = config_updates["TracingConfig"]
        if "EphemeralStorage" in config_updates:
            self.ephemeral_storage = config_updates["EphemeralStorage"]["Size"]
        if "KMSKeyArn" in config_updates:
            self.kms_key_arn = config_updates["KMSKeyArn"]
        update(self, config_updates)
        return dict(self.get_configuration())

    def get_configuration(self: Any, on_create: bool = False) -> dict[str, Any]:
        kept = {name: getattr(self, attribute, None) for name, attribute in _KEPT.items()}
        return {**show(self, on_create), **{name: value for name, value in kept.items() if value}}

    LambdaFunction.__init__ = __init__
    LambdaFunction.update_configuration = update_configuration
    LambdaFunction.get_configuration = get_configuration
    LambdaFunction._fraudline = True
