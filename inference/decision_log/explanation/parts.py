"""What both forms of an explanation say, in words."""

from __future__ import annotations

from typing import NamedTuple

from feature_groups import MODEL_FEATURES, sentence
from inference.decision_log.past import PastDecision
from inference.reasons import Reason

_FEATURES = {feature.name: feature for feature in MODEL_FEATURES}


class Contribution(NamedTuple):
    """Attributes: `share` is of everything that moved the score, in either direction, 0 to 1."""

    feature: str
    value: float | None
    contribution: float
    share: float


def outcome(past: PastDecision) -> str:
    """The decision and who made it, e.g. ``review, by the model: score 0.41 (review from 0.4)``."""
    if past.decided_by == "model" or past.fraud_probability is not None:
        bounds = [
            f"{name} from {value:g}"
            for name, value in (("review", past.review_threshold), ("decline", past.decline_threshold))
            if value is not None
        ]
        known = f" ({', '.join(bounds)})" if bounds else ""
        score = "no score" if past.fraud_probability is None else f"score {past.fraud_probability:.4f}"
        return f"{past.decision}, by the {past.decided_by}: {score}{known}"
    return f"{past.decision}, by the {past.decided_by}: {past.fallback_reason or 'no score'}"


def facts(past: PastDecision) -> list[tuple[str, str]]:
    """Everything that is one value, named."""
    amount = "" if past.amount is None else f"{past.amount:,.2f} {past.currency or ''}".strip()
    seen = past.features_as_of
    named = [
        ("decision", past.decision_id or "not recorded"),
        ("transaction", past.transaction_id),
        ("user", past.user_id),
        ("merchant", past.merchant_id),
        ("amount", amount),
        ("time of the transaction", past.timestamp),
        ("decided", f"{past.decided_at}, in {past.prediction_latency_ms:g} ms"),
        ("model", past.model_version or "none"),
        ("rules", past.rules_version),
        ("rules decided because", past.fallback_reason or ""),
        ("rules that matched", ", ".join(past.rules_live) or "none"),
        ("shadow rules that matched", ", ".join(past.rules_shadow) or "none"),
        ("stored features of", "" if seen is None else _as_of(past)),
        ("behind the stream", "" if past.staleness_ms is None else f"{past.staleness_ms:g} ms"),
        ("found in", past.source),
    ]
    return [(name, value) for name, value in named if value]


def signals(past: PastDecision) -> list[tuple[str, str]]:
    """What third parties said."""
    said = past.signals or {}
    return [(name, "nothing in time" if value is None else str(value)) for name, value in said.items()]


def direction(reason: Reason) -> str:
    """What a reason did to the score, e.g. ``+1.62 (31 %)``; empty for rules."""
    if reason.contribution is None:
        return ""
    share = "" if reason.share is None else f" ({100 * reason.share:.0f} %)"
    return f"{reason.contribution:+.3f}{share}"


def strongest(past: PastDecision) -> list[Contribution]:
    """Every feature that moved the score, the strongest first; empty when that was not recorded."""
    if past.contributions is None:
        return []
    total = sum(map(abs, past.contributions.values())) or 1.0
    values = past.features or {}
    found = [
        Contribution(name, values.get(name), one, abs(one) / total)
        for name, one in past.contributions.items()
        if one
    ]
    return sorted(found, key=lambda one: -abs(one.contribution))


def said_of(name: str, value: float | None) -> str:
    """A feature's value in words; its number alone where no release that runs knows the feature."""
    feature = _FEATURES.get(name)
    if feature is not None:
        return sentence(feature, value)
    return "missing" if value is None else f"{value:g}"


def _as_of(past: PastDecision) -> str:
    seen = past.features_as_of
    assert seen is not None
    records = (("profile", seen.profile), ("user", seen.user), ("merchant", seen.merchant))
    return ", ".join(f"{name} {at or 'never seen'}" for name, at in records)
