"""Puts the steps together and lets the SDK compile them.

Imports the SageMaker SDK: import this module only inside `offline_sdk`.
"""

from __future__ import annotations

import json
from typing import Any

import boto3
from sagemaker.core.workflow.parameters import ParameterFloat, ParameterInteger, ParameterString
from sagemaker.core.workflow.pipeline_context import PipelineSession
from sagemaker.mlops.workflow.pipeline import Pipeline

from pipelines.definition.decision import data_is_sound, meets_criteria
from pipelines.definition.inputs import NightlyInputs
from pipelines.definition.jobs import (
    build_features,
    evaluate_model,
    find_champion,
    measure_serving,
    train_model,
)
from pipelines.definition.lake_jobs import lake_jobs
from pipelines.definition.parameters import parameters_for
from pipelines.definition.parity import served_parity
from pipelines.definition.spark import compute_features

_KINDS = {str: ParameterString, int: ParameterInteger, float: ParameterFloat}
# Given explicitly, the SDK does not read the machine's own settings, nor report usage.
_SDK_SETTINGS = {
    "SchemaVersion": "1.0",
    "SageMaker": {"PythonSDK": {"Modules": {"TelemetryOptOut": True}}},
}


def assemble(inputs: NightlyInputs) -> dict[str, Any]:
    """The definition as the SDK compiles it."""
    session = PipelineSession(
        boto_session=boto3.Session(region_name="us-east-1"),
        default_bucket=inputs.lake_bucket,
        sagemaker_config=_SDK_SETTINGS,
    )
    session._default_bucket = inputs.lake_bucket  # else the SDK asks S3 whether it exists
    variables = {
        item.name: _KINDS[item.type](name=item.name, default_value=item.default)
        for item in parameters_for(inputs)
    }
    spark = compute_features(inputs, session, variables)
    features = build_features(inputs, session, variables, spark)
    training = train_model(inputs, session, variables, features)
    champion = find_champion(inputs, session, variables, features)
    serving = measure_serving(inputs, session, variables, features, training)
    evaluation = evaluate_model(inputs, session, variables, features, training, champion, serving)
    parity = served_parity(inputs, session, variables, features)
    apart = lake_jobs(inputs, session, variables)
    decision = meets_criteria(inputs, session, features, training, evaluation, parity, apart[-1])
    pipeline = Pipeline(
        name=inputs.pipeline_name,
        parameters=list(variables.values()),
        steps=[
            *([spark] if spark else []),
            features,
            data_is_sound(features, [training, champion, serving, evaluation, parity, *apart, decision]),
        ],
        pipeline_experiment_config=None,
        sagemaker_session=session,
    )
    definition: dict[str, Any] = json.loads(pipeline.definition())
    return definition
