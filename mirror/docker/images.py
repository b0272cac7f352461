"""From an image's URI to what the mirror runs in its place."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from mirror.api import ServiceError
from mirror.cloud import Cloud
from mirror.docker.store import ImageStore, StoredImage

BUILT = "built"


@dataclass(frozen=True, slots=True)
class Image:
    """What a container of the image would run.

    Args:
        workdir: the image's working directory as a path of this machine; None for a first-party image.
        root: folder of the image's own Python code, to be put on ``PYTHONPATH``; it is the `workdir`.
        kind: ``built``, or the repository of a first-party image, e.g. ``sagemaker-xgboost``.
    """

    entrypoint: list[str] = field(default_factory=list)
    cmd: list[str] = field(default_factory=list)
    env: dict[str, str] = field(default_factory=dict)
    workdir: str | None = None
    root: Path | None = None
    kind: str = BUILT


def resolve(cloud: Cloud, image_uri: str) -> Image:
    """The image behind a URI, by tag or by digest.

    AWS's own SageMaker images (XGBoost, scikit-learn, Spark) resolve to the mirror's Python.

    Raises:
        ServiceError: ``ValidationException`` when the image was never pushed.
    """
    store = ImageStore(cloud.state_dir)
    name, _, digest = image_uri.partition("@")
    found = store.by_digest(name.partition(":")[0], digest) if digest else store.get(image_uri)
    if found is not None:
        return _built(*found)
    repository = name.partition("/")[2].partition(":")[0]
    if not digest and repository.startswith("sagemaker-"):
        return Image(kind=repository)
    raise ServiceError(
        "ValidationException",
        f"Image {image_uri} is not in the mirror: deploy it as an asset with `fraudline cdk`, or build and "
        "push it with `fraudline-docker`. Of other images only SageMaker's own (sagemaker-*) are known",
    )


def _built(image: StoredImage, root: Path) -> Image:
    folder = root / image.workdir.lstrip("/")
    return Image(image.entrypoint, image.cmd, image.env, str(folder), folder)
