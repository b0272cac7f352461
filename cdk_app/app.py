"""Wires settings to stacks. Run by the `cdk` command line: ``python -m cdk_app.app``."""

from __future__ import annotations

import sys

from aws_cdk import App, Environment, Stack, Tags

from cdk_app.settings import Settings, SettingsError, load
from cdk_app.stacks.feature_store import FeatureStoreStack
from cdk_app.stacks.ingestion import IngestionStack
from cdk_app.stacks.lake import LakeStack
from cdk_app.stacks.registry import RegistryStack
from cdk_app.stacks.serving import ServingStack
from cdk_app.stacks.stream import StreamStack
from cdk_app.stacks.training import TrainingStack
from processing.engines.job import EngineError


def build(app: App, settings: Settings) -> None:
    """Add every stack of one environment to `app`."""
    prefix = settings.names.prefix
    env = Environment(account=settings.account, region=settings.region)

    ingestion = IngestionStack(app, f"{prefix}-ingestion", settings=settings, env=env)
    lake = LakeStack(app, f"{prefix}-lake", settings=settings, env=env)
    features = FeatureStoreStack(app, f"{prefix}-feature-store", settings=settings, key=lake.key, env=env)
    registry = RegistryStack(app, f"{prefix}-registry", settings=settings, env=env)
    training = TrainingStack(app, f"{prefix}-training", settings=settings, key=lake.key, env=env)
    serving = ServingStack(app, f"{prefix}-serving", settings=settings, key=lake.key, env=env)
    # Exported whether or not Flink needs it: an export cannot go while the stream stack still imports it.
    ingestion.export_value(ingestion.key.key_arn)
    keys = [ingestion.key, lake.key]
    stream = StreamStack(app, f"{prefix}-stream", settings=settings, keys=keys, env=env)
    # They name each other's resources instead of importing them, so the order is said here.
    order: list[tuple[Stack, list[Stack]]] = [
        (features, [lake]),
        (training, [lake, features, registry]),
        (serving, [lake, features, registry]),
        (stream, [ingestion, features]),
    ]
    for stack, needed in order:
        for other in needed:
            stack.add_stack_dependency(other)
    Tags.of(app).add("fraudline:environment", settings.environment)


def main() -> None:
    """Synthesise the cloud assembly that the `cdk` command line asks for."""
    try:
        settings = load()
    except SettingsError as error:
        sys.exit(f"settings are not valid:\n{error}")
    # The tests check the templates against CloudFormation's schemas and cdk-nag's rules; repeating
    # that at every deployment would double the time of synthesis.
    app = App(analytics_reporting=False, builtin_cloud_formation_validation=False)
    try:
        build(app, settings)
    except EngineError as error:
        sys.exit(str(error))
    app.synth()


if __name__ == "__main__":
    main()
