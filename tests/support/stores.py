"""On which stores a test runs.

Both, where the database itself decides: what is in the store, who claims, waits or is killed, and
each rule of the contract once (tests/flow/test_scenarios.py). SQLite alone, where a test is about
what is above the store.
"""

import pytest

STORES = ("sqlite", "postgres")
BACKENDS = ("enom", "hosted-email")
"""The real ones. What kills, lies or interleaves runs over each."""


@pytest.fixture
def on_sqlite() -> str:
    """For a file: `store = on_sqlite`. A test in it that runs on both says so with `on_both`."""
    return "sqlite"


on_both = pytest.mark.parametrize("store", STORES)
