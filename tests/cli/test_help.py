"""Every command explains itself, and the lists speak JSON alike."""

from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from bridge.cli import SECTIONS, main
from tests.cli.conftest import House
from tests.support.billing import until


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        yield (*path, name)
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


@pytest.mark.parametrize("path", list(commands(main)), ids=" ".join)
def test_every_command_and_option_is_explained(path: tuple[str, ...]) -> None:
    command: click.Command = main
    for name in path:
        assert isinstance(command, click.Group)
        command = command.commands[name]

    result = CliRunner().invoke(main, [*path, "--help"])

    assert result.exit_code == 0
    assert command.help
    assert [
        option.name
        for option in command.params
        if isinstance(option, click.Option) and not option.help
    ] == []


def test_the_help_lists_each_command_once_under_what_one_wants_to_do() -> None:
    reported = CliRunner().invoke(main, ["--help"]).output
    assert all(f"{title}:\n" in reported for title in SECTIONS)
    listed = reported.partition("\nSet it up:")[2]
    assert all(listed.count(f"\n  {name} ") == 1 for name in main.commands)


def test_the_help_says_of_each_command_what_the_command_says_first() -> None:
    said = {name: sentence for names in SECTIONS.values() for name, (_, sentence) in names.items()}
    assert said == {
        name: command.get_short_help_str(limit=200) for name, command in main.commands.items()
    }


@pytest.mark.parametrize("what", ["hooks", "jobs", "mailboxes", "callbacks"])
def test_a_list_pages_by_the_key_that_it_gives(house: House, what: str) -> None:
    house.start()
    for name in ("ann", "bob", "cid"):
        house.send("mailbox.create", f"{name}@example.com", service_id=name)
    until(lambda: not house.json("callbacks", "list", "--status", "pending")["items"])

    whole = house.json(what, "list", "--all")
    first = house.json(what, "list", "--limit", "2")
    second = house.json(what, "list", "--limit", "2", "--after", first["next"])

    assert whole["next"] is None and second["next"] is None
    assert [len(page["items"]) for page in (whole, first, second)] == [3, 2, 1]
    assert whole["items"] == first["items"] + second["items"]
    assert all(isinstance(item["id"], str) for item in whole["items"])
    assert f"--after {first['next']}" in house.run(what, "list", "--limit", "2").stderr


def test_a_list_for_people_is_aligned_and_says_when_it_is_empty(house: House) -> None:
    house.start()
    assert house.run("jobs", "list").stderr == "None found.\n"
    house.send("mailbox.create", "ann@example.com")
    house.send("mailbox.suspend", "somebody.else@example.com")

    lines = house.ok("jobs", "list").splitlines()

    column = lines[0].index("ADDRESS")
    assert [line[column:].split()[0] for line in lines[1:]] == [
        "somebody.else@example.com",
        "ann@example.com",
    ]


@pytest.mark.parametrize("after", ["none", "9" * 30, "-1", "²"])
def test_a_page_after_a_key_that_is_none_is_refused(house: House, after: str) -> None:
    house.start()

    assert "the `next` of the previous page" in house.refused("hooks", "list", "--after", after)


def test_without_a_schema_the_remedy_is_named(house: House) -> None:
    assert "`enom-bridge serve` creates it" in house.refused("jobs", "list")
