"""On which stores a test runs.

Both, where the database itself decides: what is in the store, who claims, waits or is killed, and
each rule of the contract once (tests/flow/test_scenarios.py). SQLite alone, where a test is about
what is above the store.
"""

import pytest

from bridge.backends.enom.products import Paks
from bridge.domain.ports import AccountLimits

STORES = ("sqlite", "postgres")
BACKENDS = ("enom", "hosted-email")
"""The real ones. What kills, lies or interleaves runs over each."""


@pytest.fixture
def on_sqlite() -> str:
    """For a file: `store = on_sqlite`. A test in it that runs on both says so with `on_both`."""
    return "sqlite"


on_both = pytest.mark.parametrize("store", STORES)


def up_to(**in_flight: int) -> dict[str, AccountLimits]:
    """Accounts with paks, with so many jobs at a time each: what a queue is asked with."""
    return {name: AccountLimits(most, Paks().exclusive_actions) for name, most in in_flight.items()}
