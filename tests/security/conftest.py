"""On SQLite, but for what the database itself decides: those tests ask for both stores."""

import pytest

from tests.support.scene import clock, open_scene, scene, simulated_clock, simulator

__all__ = ["clock", "open_scene", "scene", "simulated_clock", "simulator", "store"]


@pytest.fixture
def store() -> str:
    return "sqlite"
