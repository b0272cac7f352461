"""Everything that makes a definition runnable beyond its structure: references, shapes, order."""

from __future__ import annotations

from mirror.pipelines import conditions, shapes
from mirror.pipelines.definition import Definition, Step, parse
from mirror.pipelines.errors import InvalidDefinition
from mirror.pipelines.expressions import (
    EXECUTION_VARIABLES,
    Reference,
    is_expression,
    references,
)
from mirror.pipelines.plan import Plan, own_arguments


def load(text: str) -> Definition:
    """Parse and check a definition.

    Raises:
        InvalidDefinition: it cannot be run; the message names the step and the field.
    """
    definition = parse(text)
    for step in definition.steps.values():
        where = f"step {step.name!r}"
        for other in step.depends_on:
            if other not in definition.steps:
                raise InvalidDefinition(f"{where}: DependsOn: there is no step {other!r}")
        if step.type == "Condition":
            conditions.check(step.arguments, where)
        try:
            found = list(references(own_arguments(step)))
        except InvalidDefinition as error:
            raise InvalidDefinition(f"{where}: {error}") from error
        for reference in found:
            _check_reference(definition, step, reference)
        _check_property_files(step)
        _check_arguments(step)
    Plan.of(definition)
    return definition


def _check_reference(definition: Definition, step: Step, reference: Reference) -> None:
    where = f"step {step.name!r}: Get {reference.text!r}"
    if reference.scope == "Parameters":
        if reference.name not in definition.parameters or len(reference.path) != 1:
            raise InvalidDefinition(f"{where}: there is no parameter of that name")
    elif reference.scope == "Execution":
        if reference.name not in EXECUTION_VARIABLES or len(reference.path) != 1:
            known = ", ".join(EXECUTION_VARIABLES)
            raise InvalidDefinition(f"{where}: not an execution variable; use one of {known}")
    else:
        source = definition.steps.get(reference.name)
        if source is None:
            raise InvalidDefinition(f"{where}: there is no step {reference.name!r}")
        if not _has_property(source, reference):
            raise InvalidDefinition(f"{where}: a {source.type} step has no such property")


def _has_property(source: Step, reference: Reference) -> bool:
    path = reference.path[1:]
    if path[:1] == ("PropertyFiles",):
        return len(path) == 2 and path[1] in source.property_files
    if source.type == "Lambda":
        return len(path) == 2 and path[0] == "OutputParameters" and path[1] in source.outputs
    if source.type == "Condition":
        return path == ("Outcome",)
    shape = shapes.property_shape(source.type)
    return shape is not None and bool(path) and shapes.has_property(shape, path)


def _check_property_files(step: Step) -> None:
    if not step.property_files:
        return
    where = f"step {step.name!r}: PropertyFiles"
    if step.type != "Processing":
        raise InvalidDefinition(f"{where}: only a Processing step has property files")
    outputs = step.arguments.get("ProcessingOutputConfig", {}).get("Outputs", [])
    names = [output.get("OutputName") for output in outputs if isinstance(output, dict)]
    for name, (output, _) in step.property_files.items():
        if output not in names and not any(is_expression(item) for item in names):
            raise InvalidDefinition(
                f"{where}: {name!r} reads output {output!r}, which the step does not have"
            )


def _check_arguments(step: Step) -> None:
    shape = shapes.request_shape(step.type)
    if shape is None:
        return
    found = list(shapes.problems(step.arguments, shape))
    if found:
        raise InvalidDefinition(f"step {step.name!r}: " + "; ".join(found))
