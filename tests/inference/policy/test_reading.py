"""A policy file is checked before anything is decided by it; each problem names rule, field and fix."""

from __future__ import annotations

from pathlib import Path

import pytest

from inference import policy
from tests.inference.policy.facts import facts

HEAD = 'version = "1"\n'
RULE = '[[rule]]\nid = "a"\ndecision = "review"\nreason = "because"\nwhen = [{when}]\n'
AMOUNT = '{fact = "amount", at_least = 1}'


def _rule(when: str = AMOUNT, **fields: str) -> str:
    text = RULE.replace("{when}", when)
    for name, value in fields.items():
        text = f"{text.replace(f'{name} = ', '# ')}{name} = {value}\n"
    return HEAD + text


def _route(when: str) -> str:
    return f'{HEAD}[[routing.realtime]]\nid = "r"\nwhen = [{when}]\n'


def _write(folder: Path, text: str) -> Path:
    path = folder / "policy.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "missing required field `version`"),
        ('version = ""', "version: give the file a version"),
        ("version = ", "policy.toml: "),
        (HEAD + "extra = 1", "unknown field `extra`"),
        (HEAD + "rule = 1", "rule: expected an array"),
        (HEAD + "list = 1", "list: expected a table"),
        (HEAD + 'without_model = "maybe"', "Invalid enum value 'maybe'"),
        (HEAD + "[[rule]]\nid = 3", "rule 1: .*`str`, got `int`"),
        (_rule(id='""'), "id: give the rule an id"),
        (_rule(mode='"quiet"'), "rule 'a': Invalid enum value 'quiet'"),
        (_rule(applies='"never"'), "rule 'a': Invalid enum value 'never'"),
        (_rule(decision='"allow"'), "rule 'a': Invalid enum value 'allow'"),
        (_rule(limit="3"), "rule 'a': .*unknown field `limit`"),
        (_rule(""), "rule 'a': when: a rule without conditions"),
        (_rule('{fact = "amout", at_least = 1}'), "when amout: unknown fact; did you mean amount"),
        (_rule('{fact = "zzz", at_least = 1}'), "when zzz: unknown fact; request facts are amount"),
        (_rule('{fact = "amount"}'), "when amount: give exactly one of .*; here are none"),
        (_rule('{fact = "amount", at_least = 1, at_most = 2}'), "here are at_least, at_most"),
        (_rule('{fact = "amount", at_least = nan}'), "at_least: expected a finite number"),
        (_rule('{fact = "amount", one_of = ["1"]}'), "one_of: this fact is a number"),
        (_rule('{fact = "amount", missing = true}'), "missing: this fact is in every request"),
        (_rule('{fact = "amount", missing = false}'), "rule 'a': Invalid enum value False"),
        (_rule('{fact = "amount", in_list = "x"}'), "in_list does not fit a fact that is a number"),
        (_rule('{fact = "device", in_list = "x"}'), r"there is no \[list.x\]; lists are none"),
        (_rule('{fact = "country", at_least = 1}'), "at_least does not fit a fact that is text"),
        (_rule('{fact = "country", one_of = [1]}'), "one_of: this fact is text"),
        (_rule('{fact = "country", one_of = []}'), "one_of: give at least one value"),
        (_rule('{fact = "country", one_of = ["UK"]}'), "'UK' is unknown: use an ISO 3166"),
        (_rule('{fact = "currency", none_of = ["EURO"]}'), "'EURO' is unknown: use an ISO 4217"),
        (_rule('{fact = "channel", one_of = ["web"]}'), "'web' is unknown: use one of pos, online"),
        (_rule('{fact = "signal.b.r", one_of = ["x", 1]}'), "text and numbers are mixed"),
        (_rule('{fact = "score", missing = true}'), 'write applies = "fallback" instead'),
        (_rule('{fact = "score", above = 0.5}', applies='"fallback"'), "never has a score"),
        (_rule(reason='"in {country}"'), r"reason: \{country\} is not a fact that its conditions test"),
        (_rule(reason='"in {amount"'), "reason: "),
        (_rule(reason='"{amount:.2f}"'), "write the fact's name alone"),
        (_rule() + RULE.replace("{when}", AMOUNT), "rule 'a': the id is used twice"),
        (HEAD + "thresholds = {review = 0.8, decline = 0.3}", "expected 0 < review <= decline <= 1"),
        (HEAD + "thresholds = {review = 0.8}", "missing required field `decline`"),
        (HEAD + "[list.x]", "list 'x': give either values or file"),
        (HEAD + '[list.x]\nvalues = []\nfile = "x"', "list 'x': give either values or file"),
        (HEAD + '[list.x]\nvalues = ["a "]', "list 'x': values: 'a ' can match nothing"),
        (HEAD + '[list.x]\nfile = "x.txt"', "list 'x': file .*x.txt: No such file"),
        (HEAD + '[list.x]\nfile = "../x.txt"', "name a file beside the policy"),
        (HEAD + '[list.x]\nfile = "/x.txt"', "name a file beside the policy"),
        (_route(""), "route 'r': when: for everything in real time"),
        (_route('{fact = "score", above = 1}'), "routes are taken before there is a score"),
        (_route('{fact = "signal.b.r", above = 1}'), "routes are taken before there is a score"),
        (_route('{fact = "shoe", above = 1}'), "route 'r': when shoe: unknown fact"),
        (HEAD + '[routing]\notherwise = "later"', "routing: Invalid enum value 'later'"),
    ],
)
def test_a_bad_file_is_refused_with_the_reason(tmp_path: Path, text: str, message: str) -> None:
    path = _write(tmp_path, text)
    with pytest.raises(policy.PolicyError, match=message) as refused:
        policy.load(path)
    assert str(refused.value).startswith(str(path))


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    text = _rule('{fact = "shoe", above = 1}') + RULE.replace('"a"', '"b"').replace("{when}", "")
    with pytest.raises(policy.PolicyError) as refused:
        policy.load(_write(tmp_path, text))
    assert [line.split(": ")[1] for line in str(refused.value).splitlines()] == ["rule 'a'", "rule 'b'"]


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(policy.PolicyError, match="No such file"):
        policy.load(tmp_path / "absent.toml")


@pytest.mark.parametrize(
    ("when", "message"),
    [
        ('{fact = "signal.bureau.rsk", above = 1}', "did you mean signal.bureau.risk"),
        ('{fact = "signal.bureau.risk", one_of = ["x"]}', "this fact is a number"),
        ('{fact = "signal.bureau.tier", above = 1}', "does not fit a fact that is text"),
    ],
)
def test_signals_are_checked_against_what_is_configured(tmp_path: Path, when: str, message: str) -> None:
    path = _write(tmp_path, _rule(when))
    with pytest.raises(policy.PolicyError, match=message):
        policy.load(path, {"bureau.risk": "number", "bureau.tier": "text"})
    assert policy.load(path).rules[0].mode == "shadow"


def test_lists_deny_and_allow(tmp_path: Path) -> None:
    (tmp_path / "blocked.txt").write_text("# stolen in May\nu-7\n\n  u-8  \nu#9\n")
    text = HEAD + 'list.blocked.file = "blocked.txt"\nlist.staff.values = ["u-8", "u-1"]\n'
    for name, decision, given in (("deny", "decline", "blocked"), ("allow", "approve", "staff")):
        text += (
            RULE.replace('"a"', f'"{name}"')
            .replace("review", decision)
            .replace("{when}", f'{{fact = "user_id", in_list = "{given}"}}')
        )
    loaded = policy.load(_write(tmp_path, text))
    limits = policy.Limits(0.3, 0.8)
    outcomes = {
        user: loaded.decide(facts(user_id=user), 0.9, limits).decision
        for user in ("u-1", "u-2", "u-7", "u-8", "u#9")
    }
    assert outcomes == {
        "u-1": "approve",
        "u-2": "decline",
        "u-7": "decline",
        "u-8": "decline",
        "u#9": "decline",
    }
    assert loaded.decide(facts(user_id="u-7"), 0.1, limits).decided_by == "rules"
    allowed = loaded.decide(facts(user_id="u-1"), 0.9, limits)
    assert (allowed.decided_by, allowed.rules_live) == ("rules", ("allow",))


def test_the_version_follows_the_contents(tmp_path: Path) -> None:
    (tmp_path / "blocked.txt").write_text("u-7\n")
    path = _write(tmp_path, HEAD + 'list.blocked.file = "blocked.txt"\n')
    first = policy.load(path).version
    assert first.startswith("1+")
    assert policy.load(path).version == first
    (tmp_path / "blocked.txt").write_text("u-7\nu-8\n")
    second = policy.load(path).version
    path.write_text(path.read_text() + "# a remark\n")
    assert len({first, second, policy.load(path).version}) == 3


def test_thresholds_of_the_policy_replace_those_of_the_model(tmp_path: Path) -> None:
    loaded = policy.load(_write(tmp_path, HEAD + "thresholds = {review = 0.5, decline = 0.9}"))
    decided = [loaded.decide(facts(), score, policy.Limits(0.1, 0.2)).decision for score in (0.4, 0.5, 0.9)]
    assert decided == ["approve", "review", "decline"]


def test_a_rule_may_look_at_the_score(tmp_path: Path) -> None:
    when = f'{{fact = "score", at_least = 0.2}}, {AMOUNT.replace("1}", "100}")}'
    loaded = policy.load(_write(tmp_path, _rule(when, reason='"{score} for {amount}"')))
    limits = policy.Limits(0.5, 0.9)
    assert loaded.decide(facts(99.99), 0.25, limits).decision == "approve"
    verdict = loaded.decide(facts(100), 0.25, limits)
    assert (verdict.decision, verdict.reasons[0].text) == ("review", "0.25 for 100")
    assert verdict.reasons[0].value == 0.25
    assert loaded.decide(facts(100), None, limits).rules_live == ()
