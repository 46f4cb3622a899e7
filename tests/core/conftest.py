"""The worker's rules do not depend on the store; tests/store and tests/flow run on both."""

import pytest

from tests.support.bench import bench

__all__ = ["bench", "store"]


@pytest.fixture
def store() -> str:
    return "sqlite"
