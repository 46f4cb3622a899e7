"""What the tests against WHMCS need of this machine."""

import pytest

from tests.support.programs import missing
from tests.support.whmcs import ready


@pytest.fixture(scope="session")
def php() -> None:
    if not ready():
        missing("php")
