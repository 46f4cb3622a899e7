"""`make test` passes where nothing is installed that is not needed: what is not tried says which
command brings it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, text
from tests.support.programs import PACKAGES

BASICS = (
    "env",
    "sh",
    "git",
    "make",
    "cat",
    "sed",
    "grep",
    "expand",
    "getconf",
    "base64",
    "od",
    "tr",
    "setpriv",
)
CI = set(re.sub("#.*", "", text(".ci/packages")).split())
STARTS = re.compile(r"subprocess|needed\(")
TRIED = (
    # A file that starts no process needs no program.
    *(str(file) for file in sorted((ROOT / "tests/docs").glob("test_*.py")) if STARTS.search(file.read_text())),
    "tests/browser", "tests/paymenter", "tests/whmcs", "tests/fossbilling", "tests/hooks/test_whmcs_php.py",
    "tests/core/test_plugin_archives.py", "tests/store/test_migrations.py",
    "tests/cli/test_proxies.py", "tests/flow/test_pgbouncer.py",
)  # fmt: skip


def test_ci_installs_all_that_a_test_can_ask_for() -> None:
    assert set(" ".join(PACKAGES.values()).split()) - {"bash"} <= CI
    assert "make deps" in text(".ci/run") and ".ci/packages" in text("Makefile")


@pytest.fixture
def bare(tmp_path: Path) -> str:
    """A PATH that has none of the optional programs."""
    for name in BASICS:
        for folder in ("/usr/bin", "/bin"):
            if (program := Path(folder) / name).exists() and not (tmp_path / name).exists():
                (tmp_path / name).symlink_to(program)
    assert not any((tmp_path / name).exists() for name in PACKAGES)
    return str(tmp_path)


def test_without_any_of_them_tests_are_skipped_with_the_command_and_none_fails(bare: str) -> None:
    """The folders that need one, whole; the rest of the suite asks for PostgreSQL through the
    one fixture."""
    clean = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "CI"))
    }
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-rs", *TRIED]
    command += ["--deselect", f"tests/docs/{Path(__file__).name}"]
    ran = subprocess.run(
        command, cwd=ROOT, env=clean | {"PATH": bare}, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stdout[-6000:]
    skipped = re.findall(r"^SKIPPED \[\d+\] \S+ (.+)$", ran.stdout, re.MULTILINE)
    reasons = {reason for reason in skipped if "is not installed" in reason}
    named = {reason.split()[0] for reason in reasons}
    # PgBouncer is asked for after PostgreSQL, openssl after bash; curl and phpunit by scripts.
    assert named == set(PACKAGES) - {"curl", "openssl", "phpunit", "pgbouncer"}, ran.stdout[-3000:]
    assert all(
        re.search(r"apt-get install \S+.* \(all: make deps\)$", reason) for reason in reasons
    )


def test_the_plug_ins_own_tests_are_skipped_loudly_too(bare: str) -> None:
    ran = subprocess.run(
        ["tests/php/run"], cwd=ROOT, env={"PATH": bare}, capture_output=True, text=True
    )
    assert (ran.returncode, "SKIPPED" in ran.stderr, "apt-get install" in ran.stderr) == (
        0,
        True,
        True,
    )
    failed = subprocess.run(
        ["tests/php/run"], cwd=ROOT, env={"PATH": bare, "CI": "true"}, capture_output=True
    )
    assert failed.returncode == 1
