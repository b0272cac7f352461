"""Small definitions for tests, built like the SageMaker SDK's output."""

from __future__ import annotations

import json
from typing import Any

Json = dict[str, Any]
ROLE = "arn:aws:iam::123456789012:role/pipeline"
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.2-0"


def definition(*steps: Json, parameters: list[Json] | None = None) -> Json:
    return {"Version": "2020-12-01", "Metadata": {}, "Parameters": parameters or [], "Steps": list(steps)}


def text(*steps: Json, parameters: list[Json] | None = None) -> str:
    return json.dumps(definition(*steps, parameters=parameters))


def parameter(name: str, type_: str = "String", default: Any = None, **more: Any) -> Json:
    given = {} if default is None else {"DefaultValue": default}
    return {"Name": name, "Type": type_, **given, **more}


def processing(name: str, *arguments: Any, bucket: str = "jobs", output: str = "out", **more: Any) -> Json:
    """A step that runs ``job.py`` from the bucket with `arguments`; its output is ``s3://BUCKET/NAME``."""
    return {
        "Name": name,
        "Type": "Processing",
        "Arguments": {
            "ProcessingResources": {
                "ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
            },
            "AppSpecification": {
                "ImageUri": IMAGE,
                "ContainerEntrypoint": ["python3", "/opt/ml/processing/input/code/job.py"],
                "ContainerArguments": list(arguments) or ["--exit", "0"],
            },
            "RoleArn": ROLE,
            "ProcessingInputs": [
                _input("code", f"s3://{bucket}/code/job.py", "/opt/ml/processing/input/code")
            ],
            "ProcessingOutputConfig": {
                "Outputs": [
                    {
                        "OutputName": output,
                        "S3Output": {
                            "S3Uri": f"s3://{bucket}/{name}",
                            "LocalPath": "/opt/ml/processing/out",
                            "S3UploadMode": "EndOfJob",
                        },
                    }
                ]
            },
        },
        **more,
    }


def property_files(*names: str, output: str = "out") -> list[Json]:
    return [
        {"PropertyFileName": name, "OutputName": output, "FilePath": f"{name.lower()}.json"} for name in names
    ]


def training(name: str, bucket: str = "jobs", **more: Any) -> Json:
    """A script-mode step whose channel ``train`` is ``s3://BUCKET/data``."""
    return {
        "Name": name,
        "Type": "Training",
        "Arguments": {
            "AlgorithmSpecification": {"TrainingInputMode": "File", "TrainingImage": IMAGE},
            "OutputDataConfig": {"S3OutputPath": f"s3://{bucket}/models"},
            "StoppingCondition": {"MaxRuntimeInSeconds": 60},
            "ResourceConfig": {"VolumeSizeInGB": 1, "InstanceCount": 1, "InstanceType": "ml.m5.large"},
            "RoleArn": ROLE,
            "InputDataConfig": [
                {
                    "DataSource": {
                        "S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/data"}
                    },
                    "ChannelName": "train",
                }
            ],
            "HyperParameters": {
                "sagemaker_program": '"train.py"',
                "sagemaker_submit_directory": f'"s3://{bucket}/code/train.tar.gz"',
                "depth": "6",
            },
        },
        **more,
    }


def condition(name: str, conditions: list[Json], yes: list[Json], no: list[Json]) -> Json:
    return {
        "Name": name,
        "Type": "Condition",
        "Arguments": {"Conditions": conditions, "IfSteps": yes, "ElseSteps": no},
    }


def compare(kind: str, left: Any, right: Any) -> Json:
    return {"Type": kind, "LeftValue": left, "RightValue": right}


def register(name: str, group: str, model_data: Any) -> Json:
    return {
        "Name": name,
        "Type": "RegisterModel",
        "Arguments": {
            "ModelPackageGroupName": group,
            "ModelApprovalStatus": "PendingManualApproval",
            "InferenceSpecification": {
                "Containers": [{"Image": IMAGE, "ModelDataUrl": model_data}],
                "SupportedContentTypes": ["application/json"],
                "SupportedResponseMIMETypes": ["application/json"],
            },
        },
    }


def fail(name: str, message: Any) -> Json:
    return {"Name": name, "Type": "Fail", "Arguments": {"ErrorMessage": message}}


def get(reference: str) -> Json:
    return {"Get": reference}


def json_get(step: str, file: str, path: str) -> Json:
    return {"Std:JsonGet": {"PropertyFile": get(f"Steps.{step}.PropertyFiles.{file}"), "Path": path}}


def join(on: str, *values: Any) -> Json:
    return {"Std:Join": {"On": on, "Values": list(values)}}


def _input(name: str, uri: Any, path: str) -> Json:
    source = {"S3Uri": uri, "LocalPath": path, "S3DataType": "S3Prefix", "S3InputMode": "File"}
    return {"InputName": name, "AppManaged": False, "S3Input": source}
