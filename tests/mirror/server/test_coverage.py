"""docs/mirror-coverage.md is generated, and says what is registered."""

from __future__ import annotations

import pytest

from mirror import coverage


@pytest.mark.slow
def test_the_committed_document_is_up_to_date() -> None:
    assert coverage.PATH.read_text() == coverage.document(), "run `python -m mirror.coverage`"
