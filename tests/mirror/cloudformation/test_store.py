"""Which of several operations on one stack begins."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mirror.api import Context, Document, ServiceError
from mirror.aws import Aws
from mirror.cloud import Cloud
from mirror.cloudformation.desired import Desired, desired
from mirror.cloudformation.engine import Engine
from mirror.cloudformation.store import Store, new_stack


@pytest.fixture
def ctx(tmp_path: Path) -> Context:
    return Context(Cloud(tmp_path), "us-east-1")


def test_of_updates_that_read_the_same_stack_one_begins(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    updated: list[str] = []
    begun: list[str] = []

    def update(engine: Engine, _desired: Desired, _disable_rollback: bool = False) -> None:
        updated.append(engine.token)

    monkeypatch.setattr(Engine, "update", update)
    store = Store(ctx)
    stack = new_stack(ctx, "contested", "CREATE_COMPLETE")
    store.put_stack(stack)
    wanted = desired(Aws(ctx), store, stack, '{"Resources": {}}', {})

    def start(token: str, read: Document) -> str:
        engine = Engine(Aws(ctx), store, read, token, lambda: begun.append(token))
        try:
            engine.start_update(wanted, disable_rollback=False)
        except ServiceError as error:
            return f"{error.code}: {error.message}"
        return ""

    tokens = [f"t{number}" for number in range(8)]
    reads = [store.stack("contested") for _ in tokens]
    with ThreadPoolExecutor(len(tokens)) as pool:
        answers = list(pool.map(start, tokens, reads))
    busy = f"ValidationError: Stack:{stack['StackId']} is in UPDATE_IN_PROGRESS state and can not be updated."
    assert sorted(answers) == ["", *[busy] * 7]
    assert updated == begun == [tokens[answers.index("")]]


def test_an_operation_on_what_has_changed_since_it_was_read_is_refused(ctx: Context) -> None:
    store = Store(ctx)
    store.put_stack(new_stack(ctx, "moved", "CREATE_COMPLETE"))
    read, other = store.stack("moved"), store.stack("moved")
    store.begin(other, "UPDATE_IN_PROGRESS")
    store.set_status(other | {"template": "new"}, "UPDATE_COMPLETE")
    with pytest.raises(ServiceError, match="changed by another request meanwhile and is in UPDATE_COMPLETE"):
        store.begin(read, "DELETE_IN_PROGRESS")


def test_of_two_creations_under_one_name_one_begins(ctx: Context) -> None:
    store = Store(ctx)
    status = "CREATE_IN_PROGRESS"
    store.begin(new_stack(ctx, "taken", status), status)
    with pytest.raises(ServiceError, match=r"Stack \[taken\] already exists"):
        store.begin(new_stack(ctx, "taken", status), status)
    assert len(store.live_stacks()) == 1
