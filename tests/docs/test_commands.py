"""The page of commands against the command line itself; and no page gives a command that is not
there."""

import re
from collections.abc import Iterator

import click
import pytest

from bridge.cli import main
from tests.docs.pages import PAGES, blocks, name, section, spans, text

PAGE = "docs/commands.md"
EVERYWHERE = {"--help", "--config", "--version"}


def leaves(
    command: click.Command, path: tuple[str, ...] = ()
) -> Iterator[tuple[str, click.Command]]:
    if isinstance(command, click.Group):
        for part, inner in command.commands.items():
            yield from leaves(inner, (*path, part))
    else:
        yield " ".join(path), command


COMMANDS = dict(leaves(main))
GROUPS = {part: inner for part, inner in main.commands.items() if isinstance(inner, click.Group)}
LISTED = re.findall(r"^### `([a-z -]+)`$", text(PAGE), re.MULTILINE)


def options(command: click.Command) -> set[str]:
    return {
        flag
        for param in command.params
        if isinstance(param, click.Option)
        for flag in param.opts
        if flag.startswith("--")
    }


def test_every_command_has_its_section_and_no_other_has_one():
    assert sorted(LISTED) == sorted(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_section_has_an_example_and_names_the_options_of_its_command_and_no_others(command):
    result = section(PAGE, f"`{command}`")
    assert re.search(rf"^\$ enom-bridge (--config \S+ )?{command}\b", result, re.MULTILINE), (
        "no example"
    )
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", result))
    assert named - EVERYWHERE == options(COMMANDS[command]) - EVERYWHERE


def given(page: object) -> Iterator[str]:
    """Whatever a page gives as a command: `enom-bridge …`, and `jobs …` of the groups."""
    code = [
        *spans(page),
        *(
            line
            for kind in ("sh", "console", "ini", "")
            for block in blocks(page, kind)
            for line in block.splitlines()
        ),
    ]
    for line in code:
        if line.split()[:1] == ["Module"]:
            continue  # of a form of WHMCS, where the module's name begins as the program's
        yield from re.findall(r"\benom-bridge((?: --config \S+)?(?: [a-z][a-z-]*){1,2})", line)
        if (
            (words := line.split())[1:]
            and words[0] in GROUPS
            and re.fullmatch(r"[a-z][a-z-]*", words[1])
        ):
            yield f" {words[0]} {words[1]}"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_no_page_gives_a_command_that_does_not_exist(page):
    unknown = []
    for line in given(page):
        words = re.sub(r"^ --config \S+", "", line).split()
        group = GROUPS.get(words[0])
        if words[0] not in main.commands or (
            group and words[1:] and words[1] not in group.commands
        ):
            unknown.append(line.strip())
    assert unknown == []
