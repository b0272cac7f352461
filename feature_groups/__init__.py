"""What a feature is: the 50 inputs of the model, and the Feature Store groups that hold them.

Declarations only. `processing` computes them, `cdk_app` deploys the groups, `pipelines` trains on
`FEATURE_NAMES` in this order, `inference` scores in this order.
"""

from __future__ import annotations

from feature_groups.feature import Feature
from feature_groups.groups import GROUPS, MERCHANT, USER_ACTIVITY, USER_PROFILE, FeatureGroup, GroupFeature
from feature_groups.merchant import MERCHANT_FEATURES
from feature_groups.reasons import sentence
from feature_groups.request import REQUEST_FEATURES
from feature_groups.user_activity import USER_FEATURES
from feature_groups.windows import WINDOWS, Window

MODEL_FEATURES: tuple[Feature, ...] = (*USER_FEATURES, *MERCHANT_FEATURES, *REQUEST_FEATURES)
FEATURE_NAMES: tuple[str, ...] = tuple(feature.name for feature in MODEL_FEATURES)

__all__ = [
    "FEATURE_NAMES",
    "GROUPS",
    "MERCHANT",
    "MERCHANT_FEATURES",
    "MODEL_FEATURES",
    "REQUEST_FEATURES",
    "USER_ACTIVITY",
    "USER_FEATURES",
    "USER_PROFILE",
    "WINDOWS",
    "Feature",
    "FeatureGroup",
    "GroupFeature",
    "Window",
    "sentence",
]
