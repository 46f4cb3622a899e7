"""What the tests against WHMCS need of this machine."""

import os

import pytest

from tests.support.whmcs import missing


@pytest.fixture(scope="session")
def php() -> None:
    """Skips loudly where PHP or its libraries are not installed; on CI that is a failure."""
    reason = missing()
    if reason and os.environ.get("CI") == "true":
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)
