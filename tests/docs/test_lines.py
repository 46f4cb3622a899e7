"""Every command line that a page gives is run: over a bridge that has lived a little, with its ids
in the place of the page's.

Run means: the command understands it and ends by itself, with what was asked for or with a sentence
of its own, other than that there is no such thing. What runs for ever is only parsed.
"""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
from click.testing import CliRunner, Result

from bridge.cli import main
from tests.cli.conftest import House
from tests.docs.pages import PAGES, ROOT, blocks, name

FOR_EVER = ("serve", "web", "worker", "sim", "demo")
OF_A_PLATFORM = ("subscriptions",)
"""Asks a platform's API, which this bridge has not: parsed only, like what runs for ever."""
JOHN = "john@example.com"
BEGUN = re.compile(
    r"^(?:\$ |\s*ExecStart=)?(?:sudo (?:-u \S+ )?)?(?:\w+=\S+ )?(?:\S*/)?enom-bridge ((?!is good|container)[\w-].*)$"
)


def lines(page: Path) -> Iterator[str]:
    """What follows the program's name, with continued lines joined; up to a pipe, a comment or a
    second command."""
    for kind in ("sh", "console", "ini", ""):
        for block in blocks(page, kind):
            for line in re.sub(r" *\\\n\s*", " ", block).splitlines():
                if found := BEGUN.match(line):
                    yield re.split(r"\s[|>#]|\s&&|;", found[1])[0].strip()


GIVEN = [(name(page), line) for page in PAGES for line in dict.fromkeys(lines(page))]


def furnish(house: House) -> dict[str, str]:
    """Mailboxes, a failed and a held job, a parked hook; what stands on the pages -> what stands
    for it here."""
    house.configure(account__settle=0, safety__max_terminations_per_hour=1)
    house.start()
    done = house.send("mailbox.create", JOHN, "1042")
    failed = house.send("mailbox.create", "ann@example.com", "1043", password="short")
    for address, service in (("bob@example.com", "1"), ("eve@example.com", "2")):
        house.send("mailbox.create", address, service)
    house.send("mailbox.terminate", "bob@example.com", "1")
    held = house.send("mailbox.terminate", "eve@example.com", "2")
    assert (failed["status"], held["status"]) == ("failed", "held")
    assert house.running
    house.billing.send(
        house.running.hooks,
        "mailbox.create",
        id="msg_bad",
        address=JOHN,
        service_id="9",
        password="a b",
    )
    house.billing.wait_for(6)
    for file in ("services.csv", "services.tsv"):
        (house.folder / file).write_text("service_id,address\n1042,john@example.com\n")
    return {
        r"(?<=retry )job_\w+": failed["job"],
        r"(?<=approve )job_\w+": held["job"],
        r"cb_job_\w+": f"cb_{done['job']}_1",
        r"(?<![_\w])(job_01M8\w+|JOB)\b": done["job"],
        r"(?:whmcs|standard)-main": "shop",
        r"\$\([^)]*\)": "today",
        r"/var/backups/[^\s]*": str(house.folder / "backup"),
        r"(?<= )hooks/(?=\w+/samples)": f"{ROOT}/hooks/",
        r"(?:\.\./)?services\.(csv|tsv)": rf"{house.folder}/services.\1",
        r"john@example\.com(?= --apply$)": "bob@example.com",
    }


def parsed(words: list[str]) -> None:
    """Raises UsageError for an option or argument that the command does not take."""
    command: click.Command = main
    context = click.Context(main, obj={})
    while isinstance(command, click.Group):
        given = words.pop(0)
        command = command.commands[given]
    command.make_context(given, words, parent=context)


def run(house: House, line: str) -> Result | None:
    words = re.sub(r"^--config \S+ ", "", line)
    arguments = shlex.split(words)
    if arguments[0] in FOR_EVER + OF_A_PLATFORM:
        return parsed(arguments)
    if arguments[0] == "send" and house.running and "--url" not in arguments:
        arguments += ["--url", house.running.url]
    backup = house.folder / "backup"
    if arguments[:2] == ["db", "backup"]:
        backup.unlink(missing_ok=True)
    if arguments[0] == "init" and "--config" not in arguments:
        arguments += ["--config", str(house.folder / "another.toml")]
    return CliRunner().invoke(
        main, ["--config", str(house.path), *arguments], input="Sample-Pass.01\n"
    )


def test_every_line_is_understood_and_ends_with_a_sentence(house: House) -> None:
    here = furnish(house)
    wrong = []
    for page, line in GIVEN:
        given = line
        for there, ours in here.items():
            given = re.sub(there, ours, given)
        try:
            result = run(house, given)
        except click.ClickException as error:
            wrong.append(f"{page}: {line}: {error.format_message()}")
            continue
        if result and (
            result.exit_code not in (0, 1) or not isinstance(result.exception, SystemExit | None)
        ):
            wrong.append(
                f"{page}: {line}: exit code {result.exit_code}: {result.output[-300:]} "
                f"{result.exception!r}"
            )
        elif result and "There is no" in result.output:
            wrong.append(f"{page}: {line}: {result.output[-300:]}")
    assert wrong == []


def test_there_are_lines_to_be_run() -> None:
    assert len({line for _, line in GIVEN}) > 60
