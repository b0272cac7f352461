"""The signals file: which third parties are asked, what they say, and within which limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from inference.policy import Kind
from inference.signals.asking import CacheLimits
from inference.signals.breaker import BreakerLimits
from inference.signals.hedge import HedgeLimits
from inference.signals.outputs import Output
from processing.events import Transaction

_FIELDS = tuple(field for field in Transaction.__struct_fields__ if field != "status")


class SignalsError(Exception):
    """A signals file cannot be used; one line per problem, each naming the adapter, the field and the fix."""


class AdapterSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One third party that answers JSON over HTTP.

    Attributes:
        fields: fields of the transaction that are sent, and by which answers are cached.
        timeout_ms: longest wait for an answer; shorter than the budget.
        concurrency: most calls under way at once, in each worker.
        token_env: environment variable with the bearer token to send.
        cache, hedge: None keeps nothing, and asks once.
    """

    name: str
    url: str
    fields: tuple[str, ...]
    outputs: dict[str, Output]
    timeout_ms: float = 40.0
    concurrency: int = 64
    max_body_bytes: int = 16_384
    token_env: str | None = None
    cache: CacheLimits | None = None
    breaker: BreakerLimits = BreakerLimits()
    hedge: HedgeLimits | None = None


class SignalsFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that is asked; `budget_ms` is the longest time a decision waits for all of it."""

    version: str
    budget_ms: float
    adapter: tuple[AdapterSettings, ...]

    @property
    def kinds(self) -> dict[str, Kind]:
        """Kinds of all signals by ``adapter.output``, for the check of a policy."""
        return {
            f"{adapter.name}.{name}": output.kind
            for adapter in self.adapter
            for name, output in adapter.outputs.items()
        }


def load(path: Path, environ: Mapping[str, str]) -> SignalsFile:
    """Read and check a signals file (TOML).

    Args:
        environ: where tokens come from.

    Raises:
        SignalsError: the file is missing or something in it is wrong.
    """
    try:
        document = msgspec.toml.decode(path.read_bytes(), type=SignalsFile)
    except OSError as error:
        raise SignalsError(f"{path}: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SignalsError(f"{path}: {error}") from error
    problems = list(_problems(document, environ))
    if problems:
        raise SignalsError("\n".join(f"{path}: {problem}" for problem in problems))
    return document


def _problems(document: SignalsFile, environ: Mapping[str, str]) -> Iterator[str]:
    if not document.version:
        yield "version: give the file a version"
    if not 1.0 <= document.budget_ms <= 10_000:
        yield "budget_ms: expected 1 to 10000"
    if not document.adapter:
        yield "adapter: name at least one, or leave FRAUDLINE_SIGNALS_FILE unset"
    names = [adapter.name for adapter in document.adapter]
    for adapter in document.adapter:
        where = f"adapter {adapter.name!r}: "
        if names.count(adapter.name) > 1:
            yield f"{where}the name is used twice"
        if adapter.timeout_ms >= document.budget_ms:
            yield f"{where}timeout_ms: has to be below budget_ms, {document.budget_ms:g}"
        yield from (where + problem for problem in _adapter_problems(adapter, environ))


def _adapter_problems(adapter: AdapterSettings, environ: Mapping[str, str]) -> Iterator[str]:
    if not _is_word(adapter.name):
        yield "name: use letters, digits, - and _"
    address = urlsplit(adapter.url)
    if address.scheme not in ("http", "https") or not address.hostname:
        yield f"url: {adapter.url!r}: expected one like https://bureau.example/v1/risk"
    if not adapter.fields:
        yield "fields: name at least one field to ask about"
    for field in adapter.fields:
        if field not in _FIELDS:
            yield f"fields: {field!r} is none of {', '.join(_FIELDS)}"
    if not adapter.outputs:
        yield "outputs: declare what it says"
    for name, output in adapter.outputs.items():
        if not _is_word(name):
            yield f"outputs {name!r}: use letters, digits, - and _"
        if problem := output.problem():
            yield f"outputs {name}: {problem}"
    if not 1.0 <= adapter.timeout_ms <= 10_000:
        yield "timeout_ms: expected 1 to 10000"
    if not 1 <= adapter.concurrency <= 10_000:
        yield "concurrency: expected 1 to 10000"
    if not 64 <= adapter.max_body_bytes <= 1 << 20:
        yield "max_body_bytes: expected 64 to 1048576"
    if adapter.token_env is not None and not environ.get(adapter.token_env):
        yield f"token_env: the environment has no {adapter.token_env}"
    for part in ("cache", "breaker", "hedge"):
        limits = getattr(adapter, part)
        if limits is not None and (problem := limits.problem()):
            yield f"{part}: {problem}"


def _is_word(name: str) -> bool:
    return bool(name) and name.isascii() and name.replace("-", "_").isidentifier()
