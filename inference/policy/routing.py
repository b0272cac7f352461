"""Real time or the off-peak batch: which transactions are worth a decision now."""

from __future__ import annotations

from feature_groups import FEATURE_NAMES
from inference.policy.compiled import NAN, NO_SIGNALS, UNKNOWN_VECTOR, Lists, matcher
from inference.policy.document import Choice, Routing
from inference.policy.facts import REQUEST_FACTS, Facts


class Router:
    """The routes of a policy; without routes everything is decided in real time.

    Attributes:
        declared: the routes to real time, in the file's order; `routes` are their ids.
        otherwise: where the rest goes.
    """

    def __init__(self, routing: Routing | None, lists: Lists) -> None:
        self.declared = realtime = () if routing is None else routing.realtime
        self.routes = tuple(route.id for route in realtime)
        self.otherwise: Choice = "realtime" if routing is None else routing.otherwise
        self._match = matcher([route.when for route in realtime], lists)
        tested = {condition.fact for route in realtime for condition in route.when}
        self._needs_features = bool(tested & set(FEATURE_NAMES) - set(REQUEST_FACTS))

    def route(self, facts: Facts) -> Choice:
        """Where a transaction goes; one whose features are needed and not known goes to real time."""
        if facts.vector is None and self._needs_features:
            return "realtime"
        return "realtime" if self.matching(facts) else self.otherwise

    def matching(self, facts: Facts) -> tuple[str, ...]:
        """Ids of the routes to real time that a transaction takes."""
        transaction = facts.transaction
        vector = UNKNOWN_VECTOR if facts.vector is None else facts.vector
        matched = self._match(transaction, vector, NO_SIGNALS, transaction.hundredths, NAN)
        return tuple(self.routes[index] for index in matched)
