"""One source, two ways to run it: the same bits with numba and without."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from processing.windows import MerchantState, UserState, warm
from processing.windows.compiled import NUMBA, splitmix64
from tests.processing.windows.fingerprint import fingerprint
from tests.processing.windows.logs import hot, many, merchant_event, user_event


def run(*arguments: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() or done.stderr.strip().splitlines()[-1]


def test_plain_python_and_numba_agree_in_every_value_and_every_byte() -> None:
    assert NUMBA
    plain = run("-m", "tests.processing.windows.fingerprint", FRAUDLINE_KERNEL="python")
    assert plain == f"python {fingerprint(many(24))}"


@pytest.mark.parametrize(
    ("code", "kernel", "said"),
    [
        (
            "import processing.windows.compiled",
            "cuda",
            "ImportError: FRAUDLINE_KERNEL=cuda: use numba, python",
        ),
        (
            "import sys; sys.modules['numba'] = None; import processing.windows.compiled",
            "numba",
            "ImportError: FRAUDLINE_KERNEL=numba: numba is not installed",
        ),
        (
            "import sys; sys.modules['numba'] = None\n"
            "from processing.windows import user_update; print(user_update(None, 1, 1, 1)[:2])",
            "",
            r"b'\x02U'",
        ),
        (
            "import sys, processing.features; print({'numba', 'numpy'} & set(sys.modules))",
            "",
            "set()",
        ),
    ],
)
def test_numba_is_a_choice_and_is_not_imported_before_it_is_needed(code: str, kernel: str, said: str) -> None:
    assert run("-c", code, FRAUDLINE_KERNEL=kernel).startswith(said)


def test_where_nothing_can_be_cached_it_compiles_in_memory() -> None:
    code = "from processing.windows.compiled import splitmix64; print(splitmix64(1), splitmix64._cache)"
    said = run("-c", code, NUMBA_CACHE_LOCATOR_CLASSES="ZipCacheLocator")  # which finds no zip
    assert said.startswith(f"{splitmix64(1)} <numba.core.caching.NullCache")


def test_threads_do_not_disturb_each_other() -> None:
    rows = hot(events=600).rows
    warm()

    def history(_: int) -> bytes:
        user, merchant = UserState(), MerchantState()
        for row in rows:
            user.update(*user_event(row))
            merchant.update(*merchant_event(row))
        return repr((user.query(rows[-1].t), merchant.query(rows[-1].t))).encode() + user.encode()

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(history, range(8)))) == 1


def test_splitmix64_is_the_published_one() -> None:
    published = 0xE220A8397B1DCDAF  # the first output of the generator seeded with 0
    assert splitmix64(0) % 2**64 == published
