"""A mirror with the schemas in its registry and a consumer that holds records to the rule of 5 minutes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from click.testing import CliRunner

from processing.commands.dlq import dlq
from processing.schemas import SCHEMAS, definition, history
from processing.schemas.registry import registry_name
from tests.processing.stream.mirror import NAMES, Mirror, running


@dataclass(frozen=True)
class Live(Mirror):
    """A mirror whose consumer takes records of the present only, and the command against it."""

    @property
    def environ(self) -> dict[str, str]:
        return {**super().environ, "FRAUDLINE_REPLAY": "0"}

    def dlq(self, *args: str) -> Any:
        """The JSON that ``fraudline dlq ARGS --json`` prints."""
        done = self.run(*args, "--json")
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    def run(self, *args: str) -> Any:
        """The command's result."""
        return CliRunner(env=self.environ).invoke(dlq, args)


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with running(tmp_path_factory.mktemp("live")) as mirror:
        found = Live(mirror.folder, mirror.port)
        glue, registry = found.client("glue"), registry_name(NAMES.prefix)
        glue.create_registry(RegistryName=registry)
        for name in SCHEMAS:
            glue.create_schema(
                RegistryId={"RegistryName": registry},
                SchemaName=name,
                DataFormat="AVRO",
                Compatibility="BACKWARD_ALL",
                SchemaDefinition=definition(history(name)[-1]),
            )
        with found.consumer():
            yield found
