"""A template as text becomes a document with its parameters resolved."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlparse

import yaml

from mirror.api import Document, ServiceError
from mirror.aws import Aws

SECTIONS = {
    "AWSTemplateFormatVersion", "Conditions", "Description", "Mappings", "Metadata", "Outputs",
    "Parameters", "Resources", "Rules",
}  # fmt: skip


class _Loader(yaml.CSafeLoader):
    """YAML with CloudFormation's short forms, such as ``!GetAtt Key.Arn``."""


def _short_form(loader: yaml.SafeLoader, tag: str, node: yaml.Node) -> Document:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    elif isinstance(node, yaml.MappingNode):
        value = loader.construct_mapping(node, deep=True)
    else:
        raise yaml.constructor.ConstructorError(None, None, f"!{tag}: unexpected {node!r}", node.start_mark)
    if tag == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {tag if tag in ("Ref", "Condition") else f"Fn::{tag}": value}


def _text(loader: yaml.CSafeLoader, node: yaml.ScalarNode) -> str:
    return str(loader.construct_scalar(node))


_Loader.add_multi_constructor("!", _short_form)
# A date stays text: CloudFormation has no timestamps, and policy versions look like one.
_Loader.add_constructor("tag:yaml.org,2002:timestamp", _text)


def parse(body: str) -> Document:
    """The template in `body`, JSON or YAML.

    Raises:
        ServiceError: it is neither, or has no ``Resources``.
    """
    try:
        document = json.loads(body) if body.lstrip().startswith("{") else yaml.load(body, _Loader)  # noqa: S506
    except (ValueError, yaml.YAMLError) as error:
        raise ServiceError("ValidationError", f"Template format error: {error}") from error
    if not isinstance(document, dict) or not isinstance(document.get("Resources"), dict):
        raise ServiceError(
            "ValidationError", "Template format error: At least one Resources member must be defined."
        )
    unknown = sorted(set(document) - SECTIONS)
    if unknown:
        raise ServiceError("ValidationError", f"Template section not supported by the mirror: {unknown}")
    return document


def body_of(aws: Aws, params: Document, previous: str | None = None) -> str:
    """The template text a request names: inline, by S3 URL, or the stack's previous one."""
    if params.get("TemplateBody"):
        return str(params["TemplateBody"])
    if params.get("TemplateURL"):
        return _download(aws, params["TemplateURL"])
    if params.get("UsePreviousTemplate") and previous is not None:
        return previous
    raise ServiceError("ValidationError", "Either Template URL or Template Body must be specified.")


def _download(aws: Aws, url: str) -> str:
    """Fetch from the mirror's S3 whatever host the URL names: AWS, the mirror, any bucket style."""
    parts = urlparse(url)
    host, path = parts.hostname or "", unquote(parts.path).lstrip("/")
    if ".s3." in host or ".s3-" in host:
        bucket, key = host.split(".s3", 1)[0], path
    else:
        bucket, _, key = path.partition("/")
    try:
        body: bytes = aws("s3", "GetObject", Bucket=bucket, Key=key)["Body"].read()
    except ServiceError as error:
        raise ServiceError("ValidationError", f"S3 error for {url}: {error.message}") from error
    return body.decode()


@dataclass(frozen=True, slots=True)
class Parameters:
    """Parameter values of a stack.

    Args:
        given: as the caller or the default has them, for ``DescribeStacks``.
        resolved: what ``Ref`` answers: SSM parameters looked up, lists split.
    """

    given: dict[str, str]
    resolved: dict[str, Any]
    hidden: frozenset[str]


def parameters(
    aws: Aws, document: Document, supplied: list[Document], previous: dict[str, str]
) -> Parameters:
    """Match supplied parameters with the template's declarations.

    Raises:
        ServiceError: a value is missing, unknown or not allowed.
    """
    declared: dict[str, Document] = document.get("Parameters") or {}
    values = {
        item["ParameterKey"]: previous.get(item["ParameterKey"])
        if item.get("UsePreviousValue")
        else item.get("ParameterValue", "")
        for item in supplied
    }
    unknown = sorted(set(values) - set(declared))
    if unknown:
        raise ServiceError(
            "ValidationError", f"Parameters: [{', '.join(unknown)}] do not exist in the template"
        )
    given: dict[str, str] = {}
    missing = []
    for name, declaration in declared.items():
        value = values.get(name)
        if value is None:
            value = declaration.get("Default")
        if value is None:
            missing.append(name)
            continue
        given[name] = str(value)
        problem = _constraint(declaration, given[name])
        if problem:
            raise ServiceError("ValidationError", f"Parameter '{name}' must {problem}, got {value!r}")
    if missing:
        raise ServiceError("ValidationError", f"Parameters: [{', '.join(missing)}] must have values")
    resolved = {name: _resolve(aws, declared[name].get("Type", "String"), v) for name, v in given.items()}
    hidden = frozenset(n for n, d in declared.items() if str(d.get("NoEcho", "")).lower() == "true")
    return Parameters(given, resolved, hidden)


def _constraint(declaration: Document, value: str) -> str:
    """What the declaration of a parameter demands and `value` does not keep; empty when it keeps all."""
    allowed = declaration.get("AllowedValues")
    if allowed and value not in map(str, allowed):
        return f"be one of AllowedValues {allowed}"
    pattern = declaration.get("AllowedPattern")
    try:
        if pattern and not re.fullmatch(pattern, value):
            return f"match AllowedPattern {pattern}"
    except re.error as error:
        return f"match AllowedPattern {pattern}, which the mirror cannot read ({error})"
    if len(value) < int(declaration.get("MinLength", 0)):
        return f"have at least MinLength {declaration['MinLength']} characters"
    if len(value) > int(declaration.get("MaxLength", len(value))):
        return f"have at most MaxLength {declaration['MaxLength']} characters"
    if declaration.get("Type") == "Number":
        try:
            number = float(value)
        except ValueError:
            return "be a number"
        if number < float(declaration.get("MinValue", number)):
            return f"be at least MinValue {declaration['MinValue']}"
        if number > float(declaration.get("MaxValue", number)):
            return f"be at most MaxValue {declaration['MaxValue']}"
    return ""


def _resolve(aws: Aws, kind: str, value: str) -> Any:
    if kind.startswith("AWS::SSM::Parameter::Value<"):
        value = aws("ssm", "GetParameter", Name=value)["Parameter"]["Value"]
        kind = kind.removeprefix("AWS::SSM::Parameter::Value<").removesuffix(">")
    if kind == "CommaDelimitedList" or kind.startswith("List<"):
        return [item.strip() for item in value.split(",")] if value else []
    return value
