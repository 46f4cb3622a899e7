"""What is installed is what was locked: one version and its hashes for each package, from
wherever, and nothing else."""

import re
import tomllib
from importlib.metadata import metadata

import pytest
from packaging.specifiers import SpecifierSet  # of pytest and of the program, so not asked for here

from tests.docs.pages import text

EXTRAS = {
    "requirements.lock": (),
    "requirements-postgres.lock": ("postgres",),
    "requirements-demo.lock": ("demo",),
    "requirements-test.lock": ("postgres", "traces", "demo", "docs", "test"),
}
PROJECT = tomllib.loads(text("pyproject.toml"))["project"]


def entries(lock: str) -> dict[str, list[str]]:
    """Each requirement with its hashes, comments left out."""
    joined = re.sub(r"\\\n\s*", "", re.sub(r"^\s*#.*\n", "", text(lock), flags=re.MULTILINE))
    found = [line.split(" ") for line in joined.splitlines() if line]
    return {words[0]: [word for word in words[1:] if word] for words in found}


def named(requirement: str) -> str:
    return re.split(r"[^\w.-]", requirement)[0].lower().replace("_", "-")


@pytest.mark.parametrize("lock", EXTRAS)
def test_every_line_pins_one_version_with_hashes_and_names_no_host(lock: str) -> None:
    assert len(entries(lock)) > 20
    for requirement, hashes in entries(lock).items():
        assert re.fullmatch(r"[a-z0-9][a-z0-9.-]*==[A-Za-z0-9.+!]+", requirement), requirement
        assert hashes and all(
            re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", each) for each in hashes
        ), requirement
    assert "://" not in text(lock) and "--index" not in text(lock) and "@" not in text(lock)


@pytest.mark.parametrize("lock", EXTRAS)
def test_every_lock_has_the_versions_of_the_smaller_ones(lock: str) -> None:
    assert entries("requirements.lock").items() <= entries(lock).items()
    assert entries(lock).items() <= entries("requirements-test.lock").items()


@pytest.mark.parametrize("lock", EXTRAS)
def test_everything_that_is_asked_for_is_locked_and_no_other_extra(lock: str) -> None:
    extras, locked = PROJECT["optional-dependencies"], {named(each) for each in entries(lock)}
    asked = {named(each) for each in PROJECT["dependencies"]}
    assert asked | {named(each) for name in EXTRAS[lock] for each in extras[name]} <= locked
    others = {named(each) for name in set(extras) - set(EXTRAS[lock]) for each in extras[name]}
    assert not others & locked


def test_all_of_it_can_be_installed_on_the_oldest_python() -> None:
    """Debian's own may be older than the one that resolved the locks. Of each as it is installed
    for the tests."""
    oldest = PROJECT["requires-python"].removeprefix(">=") + ".0"
    for requirement in entries("requirements-test.lock"):
        needs = metadata(requirement.partition("==")[0]).get("Requires-Python")
        assert SpecifierSet(needs or "").contains(oldest), (requirement, needs)
