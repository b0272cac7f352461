"""``python -m mirror.docker``."""

from mirror.docker.cli import main

main(prog_name="fraudline-docker")
