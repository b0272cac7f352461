"""The model's feature vector: one computation for stream, batch and request time."""

from __future__ import annotations

from feature_groups import MODEL_FEATURES, sentence
from processing.events.records import Profile
from processing.features.observe import observe
from processing.features.vector import vector, vector_into
from processing.windows import MerchantState, UserState

_BY_NAME = {feature.name: feature for feature in MODEL_FEATURES}


def explain(name: str, value: float | None) -> str:
    """The reason sentence for a feature's value, e.g. ``7 purchases in the last hour``.

    Raises:
        KeyError: no model feature has this name.
    """
    return sentence(_BY_NAME[name], value)


__all__ = ["MerchantState", "Profile", "UserState", "explain", "observe", "vector", "vector_into"]
