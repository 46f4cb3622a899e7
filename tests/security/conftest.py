"""On SQLite, but for what the database itself decides: those tests ask for both stores."""

import pytest

from tests.support.scene import open_scene, scene, simulator

__all__ = ["open_scene", "scene", "simulator", "store"]


@pytest.fixture
def store() -> str:
    return "sqlite"
