"""Rules that decide when there is no model to ask, or no way to ask it in time."""

from inference.rules.engine import Facts, RuleEngine, Verdict
from inference.rules.file import Condition, Rule, RulesError, RulesFile, load

__all__ = ["Condition", "Facts", "Rule", "RuleEngine", "RulesError", "RulesFile", "Verdict", "load"]
