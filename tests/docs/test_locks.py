"""What is installed is what was locked: one version and its hashes for each package, from wherever, and nothing else."""

import re
import tomllib

import pytest

from tests.docs.pages import text

LOCKS = ("requirements.lock", "requirements-test.lock")


def entries(lock: str) -> dict[str, list[str]]:
    """Each requirement with its hashes, comments left out."""
    joined = re.sub(r"\\\n\s*", "", re.sub(r"^\s*#.*\n", "", text(lock), flags=re.MULTILINE))
    found = [line.split(" ") for line in joined.splitlines() if line]
    return {words[0]: [word for word in words[1:] if word] for words in found}


def named(requirement: str) -> str:
    return re.split(r"[^\w.-]", requirement)[0].lower().replace("_", "-")


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_pins_one_version_with_hashes_and_names_no_host(lock: str) -> None:
    assert len(entries(lock)) > 20
    for requirement, hashes in entries(lock).items():
        assert re.fullmatch(r"[a-z0-9][a-z0-9.-]*==[A-Za-z0-9.+!]+", requirement), requirement
        assert hashes and all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", each) for each in hashes), requirement
    assert "://" not in text(lock) and "--index" not in text(lock) and "@" not in text(lock)


def test_both_locks_have_the_same_versions_of_what_both_have() -> None:
    runtime, tests = (entries(lock) for lock in LOCKS)
    assert runtime.items() <= tests.items()


def test_everything_that_is_asked_for_is_locked() -> None:
    project = tomllib.loads(text("pyproject.toml"))["project"]
    extras = project["optional-dependencies"]
    asked = {named(each) for each in (*project["dependencies"], *extras["postgres"], *extras["demo"])}
    assert asked <= {named(each) for each in entries("requirements.lock")}
    assert {named(each) for group in extras.values() for each in group} <= {named(each) for each in entries(LOCKS[1])}
