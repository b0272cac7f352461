"""``fraudline-docker``: the part of docker's command line that the CDK uses, without docker.

The CDK runs it when ``CDK_DOCKER`` names it (`fraudline env` does that).
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

import click

from mirror.docker.build import build as build_image
from mirror.docker.dockerfile import DockerfileError
from mirror.docker.store import ImageStore, StoredImage, split

_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


def _store() -> ImageStore:
    return ImageStore(Path(os.environ.get("FRAUDLINE_STATE_DIR", ".fraudline")).resolve())


@click.group()
@click.option("--config", hidden=True)
def main(config: str | None) -> None:
    """Build, tag and push images for the mirror: their files and commands, no layers.

    \b
    Example:
      CDK_DOCKER=fraudline-docker cdk deploy
    """


@main.command()
@click.option("--tag", "-t", "tag_name", required=True, help="Name of the image.")
@click.option(
    "--file", "-f", "dockerfile", default="Dockerfile", show_default=True, help="Within the context."
)
@click.option("--build-arg", "build_args", multiple=True, help="NAME=VALUE of an ARG.")
@click.option("--target", help="Stage to build.")
@click.option("--platform", help="Accepted; the mirror runs every image on this machine.")
@click.option("--network", hidden=True)
@click.option("--output", hidden=True)
@click.option("--no-cache", is_flag=True, hidden=True)
@click.option("--cache-from", hidden=True, multiple=True)
@click.option("--cache-to", hidden=True)
@click.argument("context", type=click.Path(exists=True, file_okay=False, path_type=Path))
def build(
    tag_name: str,
    dockerfile: str,
    build_args: tuple[str, ...],
    target: str | None,
    context: Path,
    **_accepted: object,
) -> None:
    """Lay out the image's files from CONTEXT and record what it runs."""
    arguments = dict(item.partition("=")[::2] for item in build_args)
    home = Path(tempfile.mkdtemp())
    try:
        image, skipped = build_image(context, context / dockerfile, home / "root", arguments, target)
        _store().put(tag_name, image, home / "root")
    except (DockerfileError, OSError) as error:
        raise click.ClickException(str(error)) from error
    finally:
        shutil.rmtree(home, ignore_errors=True)
    for command in skipped:
        click.echo(f"not run, the mirror's environment stands in for it: RUN {command}", err=True)
    click.echo(f"{tag_name} {image.digest}", err=True)


@main.command()
@click.argument("reference")
def inspect(reference: str) -> None:
    """Print an image's configuration; exit code 1 when there is none."""
    found = _store().get(reference)
    if found is None:
        click.echo("[]")
        raise click.ClickException(f"No such object: {reference}")
    image = found[0]
    config = {
        "Cmd": image.cmd,
        "Entrypoint": image.entrypoint,
        "Env": [f"{name}={value}" for name, value in image.env.items()],
        "WorkingDir": image.workdir,
    }
    click.echo(json.dumps([{"Id": image.digest, "RepoTags": [reference], "Config": config}], indent=4))


@main.command()
@click.argument("source")
@click.argument("target")
def tag(source: str, target: str) -> None:
    """Give the image SOURCE the name TARGET as well."""
    if not _store().tag(source, target):
        raise click.ClickException(f"No such image: {source}")


@main.command()
@click.option("--format", "_format", hidden=True)
@click.option("--filter", "filter_", default="", help="reference=PATTERN")
def images(_format: str | None, filter_: str) -> None:
    """List image names."""
    wanted = filter_.removeprefix("reference=").rpartition(":")[2]
    for reference in _store().references():
        if wanted in ("", "*", split(reference)[1]):
            click.echo(reference)


@main.command()
@click.option("--username", hidden=True)
@click.option("--password-stdin", is_flag=True, hidden=True)
@click.argument("server", required=False)
def login(username: str | None, password_stdin: bool, server: str | None) -> None:  # noqa: ARG001
    """Accept any credentials: the registry is the mirror."""
    if password_stdin:
        sys.stdin.read()
    click.echo("Login Succeeded")


@main.command()
@click.argument("reference")
def push(reference: str) -> None:
    """Enter the image in the mirror's ECR, so that its URI can be described and deployed."""
    found = _store().get(reference)
    if found is None:
        raise click.ClickException(f"An image does not exist locally with the tag: {reference}")
    repository, image_tag = split(reference)
    host, _, name = repository.partition("/")
    _register(name or host, image_tag, host, found[0])
    click.echo(f"{image_tag}: digest: {found[0].digest}")


def _register(repository: str, image_tag: str, host: str, image: StoredImage) -> None:
    import boto3  # half a second, which only a push needs
    from botocore.exceptions import ClientError

    parts = host.split(".")
    client = boto3.client("ecr", region_name=parts[3] if len(parts) > 3 else None)
    config = json.dumps({"digest": image.digest}).encode()
    manifest = {
        "schemaVersion": 2,
        "mediaType": _MANIFEST,
        "config": {
            "mediaType": "application/vnd.docker.container.image.v1+json",
            "size": len(config),
            "digest": f"sha256:{hashlib.sha256(config).hexdigest()}",
        },
        "layers": [],
    }
    try:
        client.put_image(
            repositoryName=repository,
            imageManifest=json.dumps(manifest),
            imageManifestMediaType=_MANIFEST,
            imageTag=image_tag,
            imageDigest=image.digest,
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ImageAlreadyExistsException":
            raise click.ClickException(str(error)) from error


if __name__ == "__main__":
    main()
