"""The real programs that files of contrib/ are written for, where they are installed."""

import os
import shutil

import pytest


def program(name: str, package: str) -> str:
    """Its path. Where it is not installed the test is skipped, in CI it fails."""
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if found is None:
        told = f"{name} is not installed (Debian: {package})"
        pytest.fail(told) if os.environ.get("CI") == "true" else pytest.skip(told)
    return found
