"""What the tests against Paymenter need of this machine."""

from collections.abc import Callable, Iterator

import pytest

from tests.support.paymenter import Company
from tests.support.programs import missing
from tests.support.whmcs import ready


@pytest.fixture(scope="session")
def php() -> None:
    if not ready():
        missing("php")


@pytest.fixture(scope="module")
def shared(
    php: None, tmp_path_factory: pytest.TempPathFactory, new_database: Callable[[str], str]
) -> Iterator[Company]:
    company = Company(tmp_path_factory.mktemp("company"), new_database("sqlite"))
    yield company
    company.close()


@pytest.fixture
def company(shared: Company) -> Iterator[Company]:
    """Whatever a test does: in the end all agree, and nothing is pending."""
    yield shared
    shared.relay.mode = "pass"
    shared.sim.control("/faults", {}, "DELETE")
    shared.quiet()
    assert shared.differences() == []
    assert shared.pending() == []
