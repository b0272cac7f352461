"""EventBridge: moto keeps rules and targets, the mirror matches events and delivers them."""

from mirror.events.bus import publish

__all__ = ["publish"]
