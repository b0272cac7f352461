"""What the bureau says: the same for the same question, on every machine."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

_REPUTATIONS = ((0.002, "bad"), (0.1, "unknown"), (1.0, "good"))
_STEEPNESS = 40  # 1 in 400 scores 0.9 or more


def answer(question: Mapping[str, Any]) -> dict[str, float | str]:
    """Risks of a card holder with a device, spread like those of a population that is mostly honest.

    Nothing here knows of frauds: the answers follow from hashes of the ids.

    Args:
        question: ``user_id`` and ``device``; either may be null or absent.
    """
    user, device = question.get("user_id"), question.get("device")
    rank = _uniform("device", device)
    reputation = next(word for share, word in _REPUTATIONS if rank < share)
    email, ip = _uniform("email", user) ** _STEEPNESS, _uniform("ip", f"{user}|{device}") ** _STEEPNESS
    risk = max(0.95 if reputation == "bad" else 0.0, email, ip) if device else email
    return {
        "risk": round(risk, 4),
        "device_reputation": reputation if device else "unknown",
        "email_risk": round(email, 4),
        "ip_risk": round(ip, 4),
    }


def _uniform(salt: str, value: object) -> float:
    """A number in [0, 1) that looks random."""
    digest = blake2b(f"{salt}:{value}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64
