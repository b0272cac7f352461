"""What a feature is: the inputs of the model, and the Feature Store groups that hold them.

Declarations only. `processing` computes them, `cdk_app` deploys the groups, `pipelines` trains on
`FEATURE_NAMES` in this order, `inference` scores in this order. docs/adding-a-feature.md adds one.

Raises:
    DeclarationError: at import, when a declaration is wrong.
"""

from __future__ import annotations

from feature_groups.checks import DeclarationError
from feature_groups.feature import Aggregate, Feature
from feature_groups.groups import (
    GROUPS,
    MERCHANT,
    MERCHANT_RISK,
    STREAM_PROGRESS,
    USER_ACTIVITY,
    USER_BASELINE,
    USER_PROFILE,
    FeatureGroup,
    GroupFeature,
)
from feature_groups.merchant import MERCHANT_FEATURES
from feature_groups.model import FEATURE_NAMES, MODEL_FEATURES, features_of, windows_of
from feature_groups.primitives import PRIMITIVES, Primitive, primitives_of
from feature_groups.reasons import sentence
from feature_groups.request import REQUEST_FEATURES
from feature_groups.user_activity import USER_FEATURES
from feature_groups.windows import WINDOWS, Window

__all__ = [
    "FEATURE_NAMES",
    "GROUPS",
    "MERCHANT",
    "MERCHANT_FEATURES",
    "MERCHANT_RISK",
    "MODEL_FEATURES",
    "PRIMITIVES",
    "REQUEST_FEATURES",
    "STREAM_PROGRESS",
    "USER_ACTIVITY",
    "USER_BASELINE",
    "USER_FEATURES",
    "USER_PROFILE",
    "WINDOWS",
    "Aggregate",
    "DeclarationError",
    "Feature",
    "FeatureGroup",
    "GroupFeature",
    "Primitive",
    "Window",
    "features_of",
    "primitives_of",
    "sentence",
    "windows_of",
]
