"""How lists and single things are printed: tables on a terminal, aligned text in a pipe, JSON
when asked for."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import click

from bridge.reporting.times import with_times

Command = TypeVar("Command", bound=Callable[..., Any])
Item = Mapping[str, Any]

LIMIT = 50
LONGEST_REASON = 200


class OneLine(click.ParamType[str]):
    """What a person adds in words: one line of printable text."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = " ".join("".join(sign if sign.isprintable() else " " for sign in str(value)).split())
        if not 1 <= len(text) <= LONGEST_REASON:
            self.fail(f"is {len(text)} characters; give 1 to {LONGEST_REASON}", param, ctx)
        return text


as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def paged(command: Command) -> Command:
    for option in (
        as_json,
        click.option(
            "--after", metavar="KEY", help="Continue after this `next` of the previous page."
        ),
        click.option("--all", "everything", is_flag=True, help="No limit."),
        click.option(
            "--limit",
            type=click.IntRange(1, 10_000),
            default=LIMIT,
            show_default=True,
            help="Maximum number of lines.",
        ),
    ):
        command = option(command)
    return command


def page(
    items: Sequence[Item], next_key: str | None, columns: Sequence[str], as_json: bool
) -> None:
    """One page of a list. `columns` name the fields that a person sees; JSON has all of them."""
    if as_json:
        return echo_json({"items": list(items), "next": next_key})
    if not items:
        return click.echo("None found.", err=True)
    headings = [name.removesuffix("_at").replace("_", " ") for name in columns]
    rows = [[word(item.get(name)) or "-" for name in columns] for item in map(with_times, items)]
    if sys.stdout.isatty():
        _rich(headings, rows)
    else:
        _plain(headings, rows)
    if next_key is not None:
        click.echo(f"More: --after {next_key}, or --all", err=True)


def thing(fields: Item, as_json: bool) -> None:
    """One thing, a field on each line; what is empty is left out."""
    if as_json:
        return echo_json(fields)
    shown = {
        name: value for name, value in with_times(fields).items() if value not in (None, {}, [], "")
    }
    width = max(map(len, shown), default=0)
    for name, value in shown.items():
        nested = isinstance(value, list) and all(isinstance(item, Mapping) for item in value)
        lines = [_pairs(item) for item in value] if nested else [word(value)]
        for number, line in enumerate(lines):
            click.echo(f"{'' if number else name.replace('_', ' '):{width}}  {line}")


def echo_json(value: object) -> None:
    """Prints JSON; times, which are epoch seconds in a row, as RFC 3339."""
    click.echo(json.dumps(with_times(value), indent=2))


def word(value: object) -> str:
    """A value on one line, fit for a terminal: what a stranger sent cannot move its cursor."""
    if isinstance(value, Mapping):
        return _pairs(value)
    if isinstance(value, list):
        return ", ".join(word(item) for item in value)
    text = "-" if value is None else ("no", "yes")[value] if isinstance(value, bool) else str(value)
    return "".join(sign if sign.isprintable() else "?" for sign in text)


def _pairs(table: Item) -> str:
    return ", ".join(f"{name}: {word(value)}" for name, value in table.items() if value is not None)


def _rich(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    # Only here: it takes as long to load as most commands take to end.
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*headings, box=SIMPLE, pad_edge=False)
    for row in rows:
        table.add_row(*(Text(cell, overflow="fold") for cell in row))
    Console().print(table)


def _plain(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    for row in ([heading.upper() for heading in headings], *rows):
        click.echo(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        )
