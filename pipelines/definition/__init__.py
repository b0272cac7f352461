"""The nightly SageMaker Pipeline as data: typed inputs in, a JSON-able definition out.

    definition = nightly_definition(NightlyInputs(...))

The SageMaker SDK is needed here and nowhere else, and is imported only when a definition is made.
"""

from pipelines.definition.inputs import NightlyInputs
from pipelines.definition.parameters import PARAMETERS, PipelineParameter
from pipelines.definition.render import canonical_json, nightly_definition

__all__ = ["PARAMETERS", "NightlyInputs", "PipelineParameter", "canonical_json", "nightly_definition"]
