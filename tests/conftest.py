"""Which tests have to run in one process when several share the work (``pytest -n 2 --dist loadgroup``)."""

from __future__ import annotations

import pytest

# Areas whose tests share something expensive, or would slow down tests that look at the clock.
_TOGETHER = {
    "tests/cdk_app/": "synthesis",  # two synthesised apps for all of them
    "tests/pipelines/": "pipelines",  # one trained model for all of them
    # Spark and Flink take every core they get; a decision has to be made in milliseconds.
    "tests/processing/engines/": "clock",
    "tests/inference/": "clock",
}


@pytest.hookimpl(tryfirst=True)  # before xdist reads the marks
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep an area or, for all others, a module together: modules share a mirror."""
    if not config.pluginmanager.hasplugin("xdist"):
        return
    for item in items:
        module = item.nodeid.partition("::")[0]
        group = next((name for area, name in _TOGETHER.items() if module.startswith(area)), module)
        item.add_marker(pytest.mark.xdist_group(group))
