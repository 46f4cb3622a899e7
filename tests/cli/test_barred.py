"""Paths in a folder that the user of a command may not enter, as /root is for that of the
service: a sentence each."""

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from bridge.config import find
from tests.cli.conftest import House


@pytest.fixture
def barred(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which nothing can even be looked for.

    Tests may run as root, whom no mode keeps out.
    """
    folder, stat = tmp_path / "barred", os.stat

    def refused(path: Any, *args: Any, **more: Any) -> os.stat_result:
        if isinstance(path, str | os.PathLike) and folder in Path(path).parents:
            raise PermissionError(13, "Permission denied", str(path))
        return stat(path, *args, **more)

    folder.mkdir()
    monkeypatch.setattr(os, "stat", refused)
    return folder


@pytest.mark.parametrize(
    "command", [("db", "backup"), ("db", "restore"), ("replay",)], ids=" ".join
)
def test_a_file_of_a_command(house: House, barred: Path, command: tuple[str, ...]) -> None:
    house.ok("db", "upgrade")

    reported = house.refused(*command, str(barred / "file"))

    assert (
        f"Error: {barred}/file: Permission denied. The user who runs this command has no access."
        in reported
    )


def test_a_configuration_that_is_named(house: House, barred: Path) -> None:
    house.path = barred / "bridge.toml"
    assert f"no configuration at {barred}/bridge.toml that this user may read" in house.refused(
        "doctor", code=2
    )
    assert f"{barred}/bridge.toml: Permission denied." in house.refused("init", "--yes")


def test_a_working_folder_is_passed_over(
    house: House, barred: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An administrator stands in /root, and gives the command for the user of the service."""
    monkeypatch.setattr(
        sys.modules[find.__module__], "PLACES", (barred / "bridge.toml", house.path)
    )
    assert find(None, {}) == house.path


def test_the_folder_of_the_database(house: House, barred: Path) -> None:
    house.configure(database=f"sqlite:///{barred}/bridge.sqlite3")
    (barred / "bridge.sqlite3").mkdir()  # cannot be opened by anybody

    for command in ("serve", "jobs list", "doctor"):
        result = house.run(*command.split())
        assert result.exit_code == 1 and "The database cannot be used" in result.output, (
            result.output
        )
