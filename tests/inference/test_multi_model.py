"""SageMaker's multi-model contract, on a real server with two workers."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.inference.running import GOOD, Server, Store, write_bundle

BODY = json.dumps(GOOD).encode()


@pytest.fixture(scope="module")
def several(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    environ = {"SAGEMAKER_MULTI_MODEL": "true", "FRAUDLINE_WORKERS": "2", "FRAUDLINE_MOST_MODELS": "3"}
    running = Server(tmp_path_factory.mktemp("no-model"), store.url, environ).start()
    yield running
    running.stop()


@pytest.fixture(autouse=True)
def emptied(several: Server) -> Iterator[None]:
    yield
    for model in several.request("GET", "/models")[1]["models"]:
        assert several.request("DELETE", f"/models/{model['modelName']}")[0] == 200


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("models")
    return {name: write_bundle(folder / name, seed=seed) for seed, name in enumerate(("card", "account"))}


def _load(server: Server, name: str, folder: object) -> tuple[int, Any]:
    return server.request("POST", "/models", json.dumps({"model_name": name, "url": str(folder)}).encode())


def test_each_model_decides_for_itself_in_every_worker(several: Server, bundles: dict[str, Path]) -> None:
    for name, folder in bundles.items():
        status, described = _load(several, name, folder)
        assert (status, described) == (200, {"modelName": name, "modelUrl": str(folder)})
    scores = {}
    for name in bundles:
        # A connection each: both workers answer some of them.
        answers = [several.request("POST", f"/models/{name}/invoke", BODY) for _ in range(6)]
        assert {status for status, _ in answers} == {200}
        assert {answer["model_version"] for _, answer in answers} == {name}
        (scores[name],) = {answer["score"] for _, answer in answers}
    assert scores["card"] != scores["account"]


def test_models_are_listed_and_shown(several: Server, bundles: dict[str, Path]) -> None:
    assert several.request("GET", "/models") == (200, {"models": []})
    _load(several, "card", bundles["card"])
    described = {"modelName": "card", "modelUrl": str(bundles["card"])}
    assert several.request("GET", "/models") == (200, {"models": [described]})
    assert several.request("GET", "/models/card") == (200, described)


def test_an_unloaded_model_is_gone_from_every_worker(several: Server, bundles: dict[str, Path]) -> None:
    _load(several, "card", bundles["card"])
    assert all(several.request("POST", "/models/card/invoke", BODY)[0] == 200 for _ in range(4))
    assert several.request("DELETE", "/models/card")[0] == 200
    assert all(several.request("POST", "/models/card/invoke", BODY)[0] == 404 for _ in range(4))
    assert several.request("DELETE", "/models/card")[0] == 404
    # Another model under the same name is another model.
    _load(several, "card", bundles["account"])
    assert several.request("POST", "/models/card/invoke", BODY)[0] == 200


def test_refusals(several: Server, bundles: dict[str, Path], tmp_path: Path) -> None:
    assert _load(several, "card", bundles["card"])[0] == 200
    assert _load(several, "card", bundles["card"])[0] == 409
    status, answer = _load(several, "absent", tmp_path)
    assert (status, answer["error"]["field"]) == (422, "url")
    (tmp_path / "model.ubj").write_bytes(b"garbage")
    (tmp_path / "bundle.json").write_text("{}")
    assert _load(several, "broken", tmp_path)[0] == 422
    assert several.request("GET", "/models/absent")[0] == 404
    assert several.request("POST", "/models/absent/invoke", BODY)[0] == 404
    assert several.request("POST", "/models/card", BODY)[0] == 404
    for body in (b"", b"[]", b'{"model_name": 1}'):
        assert several.request("POST", "/models", body)[0] == 400
    assert several.request("PUT", "/models", b"{}")[0] == 405
    assert several.request("POST", "/models/card/invoke", b"{}")[1]["error"]["field"] == "transaction_id"


def test_no_more_models_than_fit(several: Server, bundles: dict[str, Path]) -> None:
    for name in ("a", "b", "c"):
        assert _load(several, name, bundles["card"])[0] == 200
    assert _load(several, "d", bundles["card"])[0] == 507
    assert several.request("DELETE", "/models/a")[0] == 200
    assert _load(several, "d", bundles["card"])[0] == 200


def test_a_name_that_nobody_gave_is_no_version(several: Server, bundles: dict[str, Path]) -> None:
    _load(several, "card", bundles["card"])
    for number in range(5):
        request = urllib.request.Request(f"http://127.0.0.1:{several.port}/models/card/invoke", BODY)
        request.add_header("content-type", "application/json")
        request.add_header("X-Amzn-SageMaker-Target-Model", f"forged-{number}.tar.gz")
        with urllib.request.urlopen(request, timeout=10) as response:
            assert json.load(response)["model_version"] == "card"
