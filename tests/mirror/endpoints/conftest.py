"""Fixtures of tests that host endpoints."""

from __future__ import annotations

import pytest

from tests.mirror.endpoints.hosting_client import HostingClient
from tests.mirror.endpoints.images import push_inference_image
from tests.mirror.running import RunningMirror


@pytest.fixture(scope="module")
def client(mirror: RunningMirror) -> HostingClient:
    """A client of the module's mirror, which has the server's image and the feature groups."""
    made = HostingClient(mirror, push_inference_image(mirror))
    made.create_feature_groups()
    return made
