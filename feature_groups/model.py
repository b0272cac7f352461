"""The model's inputs in their order, checked, and what the kernel needs to know of them."""

from __future__ import annotations

from feature_groups.checks import check
from feature_groups.feature import Feature
from feature_groups.merchant import MERCHANT_FEATURES
from feature_groups.primitives import Entity
from feature_groups.request import REQUEST_FEATURES
from feature_groups.user_activity import USER_FEATURES
from feature_groups.windows import Window

MODEL_FEATURES: tuple[Feature, ...] = (*USER_FEATURES, *MERCHANT_FEATURES, *REQUEST_FEATURES)
check(MODEL_FEATURES)

FEATURE_NAMES: tuple[str, ...] = tuple(feature.name for feature in MODEL_FEATURES)


def features_of(entity: Entity) -> tuple[Feature, ...]:
    """The features of one entity, in model order."""
    return tuple(feature for feature in MODEL_FEATURES if feature.entity == entity)


def windows_of(entity: Entity) -> tuple[Window, ...]:
    """The windows that features of one entity use, shortest first: each lies inside the next."""
    used = {feature.window for feature in features_of(entity) if feature.window is not None}
    return tuple(sorted(used, key=lambda window: window.milliseconds))
