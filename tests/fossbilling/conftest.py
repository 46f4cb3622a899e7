"""What the tests against FOSSBilling need of this machine."""

from collections.abc import Callable, Iterator

import pytest

from tests.support.firm import Firm
from tests.support.programs import needed


@pytest.fixture(scope="module")
def shared(
    tmp_path_factory: pytest.TempPathFactory, new_database: Callable[[str], str]
) -> Iterator[Firm]:
    needed("php")
    firm = Firm(tmp_path_factory.mktemp("firm"), new_database("sqlite"))
    yield firm
    firm.close()


@pytest.fixture
def firm(shared: Firm) -> Iterator[Firm]:
    yield shared
    shared.relay.mode = "pass"
    shared.sim.control("/faults", {}, "DELETE")
    shared.quiet()
    assert shared.differences() == []
