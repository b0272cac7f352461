"""What the nightly definition is made from."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal

FeaturesEngine = Literal["embedded", "spark", "emr-serverless"]
_NEEDED = {
    "embedded": (),
    "spark": ("spark_program_uri", "spark_image"),
    "emr-serverless": ("spark_program_uri", "emr_serverless_application", "emr_serverless_environment"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NightlyInputs:
    """Everything that differs between two deployments of the nightly pipeline.

    Every text may be, or contain, a CDK token: it reaches the definition unread. The exception is
    the last path segment of `processing_code_uri`, which names a file inside the container.

    Attributes:
        environment: which deployment, as `feature_groups.names.Names` takes it.
        pipeline_name: name of the pipeline.
        role_arn: role that the jobs run as.
        lake_bucket: bucket of the lake; holds ``raw/``, ``labels/``, ``processed/`` and ``models/``.
        profiles_uri: S3 prefix of the offline user-profile records, e.g. the ``user-profile`` part
            of the offline feature store.
        processing_code_uri: S3 object of the zip made by `pipelines.bundles`.
        training_code_uri: S3 object of the tar.gz made by `pipelines.bundles`.
        code_version: version of both bundles, as `pipelines.bundles` reports it.
        xgboost_image: SageMaker's XGBoost 3.2-0 image of the region; runs TrainModel and EvaluateModel.
        inference_image: image of the inference server, registered with the model. It also runs
            every step that reads the lake, computes features or asks the server: features are computed
            offline by the packages that compute them online, and the XGBoost image lacks one of them
            (msgspec).
        model_package_group: group the model is registered in.
        processing_instance_type: instance of BuildFeatures and EvaluateModel.
        training_instance_type: instance of TrainModel.
        inference_instance_types: real-time instance types the package declares as supported.
        volume_gb: disk of each job, in GB.
        policy_file: the deployment's policy, as a path from the image's working directory; None is the one
            that ships.
        kms_key_arn: key for job volumes and outputs; None leaves both to the bucket's default.
        features_engine: what computes the features: BuildFeatures itself, or before it a job on Spark.
        spark_program_uri: S3 object of the program for ``spark-submit`` made by `pipelines.bundles`.
        spark_image: SageMaker's Spark image with this project's packages.
        spark_instance_type, spark_instance_count: the cluster of the SageMaker job.
        emr_serverless_application: id of the application that runs the job.
        emr_serverless_environment: S3 object of a packed Python environment; see docs/spark.md.
        minimum_auc: default of the MinimumAuc parameter.
        minimum_average_precision: default of the MinimumAveragePrecision parameter.

    Raises:
        ValueError: a text is empty, the code URI does not end in a zip's name, or a number is out
            of its range.
    """

    environment: str
    pipeline_name: str
    role_arn: str
    lake_bucket: str
    profiles_uri: str
    processing_code_uri: str
    training_code_uri: str
    code_version: str
    xgboost_image: str
    inference_image: str
    model_package_group: str
    processing_instance_type: str = "ml.m5.2xlarge"
    training_instance_type: str = "ml.m5.2xlarge"
    inference_instance_types: tuple[str, ...] = ("ml.m5.large", "ml.c5.large", "ml.c5.xlarge")
    volume_gb: int = 30
    policy_file: str | None = None
    kms_key_arn: str | None = None
    features_engine: FeaturesEngine = "embedded"
    spark_program_uri: str | None = None
    spark_image: str | None = None
    spark_instance_type: str = "ml.m5.4xlarge"
    spark_instance_count: int = 2
    emr_serverless_application: str | None = None
    emr_serverless_environment: str | None = None
    minimum_auc: float = 0.85
    minimum_average_precision: float = 0.25

    def __post_init__(self) -> None:
        for field in fields(self):
            if getattr(self, field.name) == "":
                raise ValueError(f"{field.name}: is empty; give the value or its CDK token")
        if not self.inference_instance_types:
            raise ValueError("inference_instance_types: is empty; name at least one instance type")
        if self.volume_gb < 1:
            raise ValueError(f"volume_gb: {self.volume_gb} is not a disk size; use 1 or more")
        if self.spark_instance_count < 1:
            raise ValueError(
                f"spark_instance_count: {self.spark_instance_count} is no cluster; use 1 or more"
            )
        if self.features_engine not in _NEEDED:
            raise ValueError(f"features_engine: {self.features_engine!r} is not one of {', '.join(_NEEDED)}")
        for name in _NEEDED[self.features_engine]:
            if getattr(self, name) is None:
                raise ValueError(
                    f"{name}: features_engine {self.features_engine} needs it; see docs/spark.md"
                )
        for name in ("minimum_auc", "minimum_average_precision"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name}: {getattr(self, name)} is not between 0 and 1")
        _ = self.processing_code_file

    @property
    def processing_code_file(self) -> str:
        """File name that the processing bundle has inside the container."""
        _, separator, name = self.processing_code_uri.rpartition("/")
        if not separator or not name.endswith(".zip") or "${" in name:
            raise ValueError(
                f"processing_code_uri: {self.processing_code_uri!r} must end in '/<name>.zip', with the name "
                "spelled out: it becomes a path inside the container"
            )
        return name

    @property
    def spark_program_file(self) -> str:
        """File name that the program has inside the Spark container."""
        return (self.spark_program_uri or "").rpartition("/")[2]
