"""What some tests need beyond Python, where it comes from, and what happens where it is missing.

On a person's machine such a test is skipped and says which command brings the program; on CI it
fails.
"""

import os
import shutil
from typing import NoReturn

import pytest

PACKAGES = {
    "bash": "bash",
    "caddy": "caddy",
    "chromium": "chromium",
    "curl": "curl",
    "fail2ban-regex": "fail2ban",
    "logrotate": "logrotate",
    "nginx": "nginx-light",
    "openssl": "openssl",
    "pgbouncer": "pgbouncer",
    "php": (
        "php-cli php-curl php-intl php-mbstring php-sqlite3 php-xml php-illuminate-database "
        "smarty4 php-twig libjs-bootstrap libjs-bootstrap4"
    ),
    "phpunit": "phpunit",
    "postgres": "postgresql",
    "promtool": "prometheus",
    "systemd-analyze": "systemd",
}
"""Program -> the Debian packages that bring it with what it needs; `.ci/packages` has all of
them."""


def found(*names: str) -> str | None:
    """The path of the first of these programs that is installed.

    Debian keeps some outside of a user's PATH.
    """
    path = os.environ.get("PATH", "")
    if "/usr/bin" in path.split(os.pathsep):
        path += f"{os.pathsep}/usr/sbin{os.pathsep}/sbin"
    return next((there for name in names if (there := shutil.which(name, path=path))), None)


def needed(name: str, *others: str) -> str:
    """The path of a program, or of one that serves as well; the test ends here where there is
    none."""
    return found(name, *others) or missing(name)


def missing(name: str) -> NoReturn:
    """Ends the test: skipped, on CI failed, with the command that brings what it needs."""
    why = (
        f"{name} is not installed, so this is not tested: apt-get "
        f"install {PACKAGES[name]} (all: make deps)"
    )
    if os.environ.get("CI") == "true":
        pytest.fail(why)
    pytest.skip(why)
