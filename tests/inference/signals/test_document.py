"""The signals file is checked before anybody is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from inference import signals
from tests.inference.signals.bureaus import DECLARED

ADAPTER = '[[adapter]]\nname = "b"\nurl = "http://b/"\nfields = ["device"]\n'
OUTPUT = "[adapter.outputs]\nrisk = {at_least = 0, at_most = 1}\n"
WHOLE = f'version = "1"\nbudget_ms = 50\n{ADAPTER}{OUTPUT}'


def test_the_declared_bureau_and_its_kinds() -> None:
    document = signals.load(DECLARED, {})
    assert document.kinds == {"bureau.risk": "number", "bureau.device_reputation": "text"}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('version = "1"', 'version = ""', "version: give the file a version"),
        ('version = "1"', "", "missing required field `version`"),
        ("version", "version = ", "signals.toml: "),
        ("budget_ms = 50", "budget_ms = 0", "budget_ms: expected 1 to 10000"),
        ("budget_ms = 50", "budget_ms = nan", "budget_ms: expected 1 to 10000"),
        ("budget_ms = 50", "budget_ms = 40", "adapter 'b': timeout_ms: has to be below budget_ms, 40"),
        (ADAPTER + OUTPUT, "adapter = []", "adapter: name at least one"),
        (OUTPUT, OUTPUT + ADAPTER + OUTPUT, "adapter 'b': the name is used twice"),
        ('"b"', '"b c"', "adapter 'b c': name: use letters"),
        ("http://b/", "b/risk", "url: 'b/risk': expected one like https://"),
        ("http://b/", "file:///etc/x", "url: 'file:///etc/x': expected"),
        ('["device"]', "[]", "fields: name at least one"),
        ('["device"]', '["ip"]', "fields: 'ip' is none of transaction_id, user_id"),
        ("risk = {at_least = 0, at_most = 1}\n", "", "outputs: declare what it says"),
        ("risk =", '"a.b" =', "outputs 'a.b': use letters"),
        ("at_most = 1}", "at_most = -1}", "outputs risk: at_least has to be below"),
        ("at_least = 0, ", "", "outputs risk: give at_least and at_most, or one_of"),
        ("at_most = 1}", 'one_of = ["x"]}', "outputs risk: one_of: text has no at_least"),
        ("[adapter.outputs]", "concurrency = 0\n[adapter.outputs]", "concurrency: expected 1 to"),
        ("[adapter.outputs]", "timeout_ms = 0.5\n[adapter.outputs]", "timeout_ms: expected 1 to"),
        ("[adapter.outputs]", "max_body_bytes = 1\n[adapter.outputs]", "max_body_bytes: expected 64"),
        ("[adapter.outputs]", 'token_env = "T"\n[adapter.outputs]', "the environment has no T"),
        ("[adapter.outputs]", "retries = 1\n[adapter.outputs]", "unknown field `retries`"),
        (OUTPUT, OUTPUT + "[adapter.cache]\nttl_s = 0", "cache: ttl_s: expected"),
        (OUTPUT, OUTPUT + "[adapter.cache]\nsize = 0", "cache: size: expected"),
        (OUTPUT, OUTPUT + "[adapter.breaker]\nfailing = 2", "breaker: failing: expected"),
        (OUTPUT, OUTPUT + "[adapter.hedge]\nshare = 2", "hedge: share: expected"),
        (OUTPUT, OUTPUT + "[adapter.hedge]\nquantile = 1", "hedge: quantile: expected"),
        (OUTPUT, OUTPUT + "[adapter.hedge]\nafter_ms = 0", "hedge: after_ms: expected"),
    ],
)
def test_a_bad_file_is_refused_with_the_reason(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = tmp_path / "signals.toml"
    path.write_text(WHOLE)
    assert signals.load(path, {}).kinds == {"b.risk": "number"}
    path.write_text(WHOLE.replace(old, new, 1))
    with pytest.raises(signals.SignalsError) as refused:
        signals.load(path, {})
    assert message in str(refused.value)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(signals.SignalsError, match="No such file"):
        signals.load(tmp_path / "absent.toml", {})
