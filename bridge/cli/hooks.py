"""`enom-bridge hooks list|show|dismiss`: what was delivered, secrets masked."""

from collections.abc import Sequence
from typing import Any

import click

from bridge.cli.listing import listing
from bridge.cli.session import operator, session
from bridge.cli.show import Item, OneLine, as_json, echo_json, paged, thing
from bridge.domain.errors import NotPossible, UnknownThing

COLUMNS = ("received_at", "source", "id", "type", "address", "status", "job_id")


@click.group()
def hooks() -> None:
    """Received hooks: list, show, dismiss."""


@hooks.command("list")
@click.option("--status", help="parked, dismissed, or the status of its job.")
@click.option("--source", help="Only this source.")
@click.option("--address", help="Only this mailbox, or addresses that contain this text.")
@click.option("--type", "type", help="Only this type, such as mailbox.create.")
@paged
@click.pass_context
def listed(ctx: click.Context, /, **options: Any) -> None:
    """List received hooks, newest first.

    Parked ones could not be read; `replay` reads them again.
    """
    listing(ctx, "hooks", COLUMNS, shown=typed, **options)


def typed(hook: Item) -> Item:
    """One that could not be read may have no type."""
    return {**hook, "type": hook["type"] or None}


@hooks.command()
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@click.option("--source", help="Needed if several sources used these ids.")
@click.option("--reason", type=OneLine(), help="Kept in the audit trail.")
@as_json
@click.pass_context
def dismiss(
    ctx: click.Context, ids: Sequence[str], source: str | None, reason: str | None, as_json: bool
) -> None:
    """Close parked hooks that are not needed.

    Their content is wiped, and their ids are refused from then on (409).
    """
    gone = []
    with session(ctx) as service:
        for id in ids:
            try:
                operator(service).dismiss(id, source, reason)
            except (UnknownThing, NotPossible) as refusal:
                click.echo(f"Error: {refusal}", err=True)
                continue
            gone.append(id)
            if not as_json:
                click.echo(f"{id} dismissed.")
    if as_json:
        echo_json({"items": [{"id": id, "status": "dismissed"} for id in gone], "next": None})
    ctx.exit(0 if len(gone) == len(ids) else 1)


@hooks.command()
@click.argument("id")
@click.option("--source", help="Needed if several sources used this id.")
@as_json
@click.pass_context
def show(ctx: click.Context, id: str, source: str | None, as_json: bool) -> None:
    """Show one hook, the jobs it led to, and for a parked one what was wrong with it."""
    with session(ctx) as service:
        hook = service.lookup.hook(id, source)
    thing(
        hook if as_json else {name: value for name, value in hook.items() if name != "may"}, as_json
    )
    if as_json:
        return
    if hook["jobs"]:
        click.echo(f"\nWhat happened: enom-bridge jobs explain {hook['jobs'][-1]['id']}")
    elif hook["may"]["replay"] is None:
        click.echo(
            "\nParked. If the hook is wrong: correct it in billing, which sends it again under a new "
            f"id, then: enom-bridge hooks dismiss {id}"
        )
        click.echo(
            "If the bridge's configuration was wrong: correct it, then: enom-bridge replay " + id
        )
    elif hook["dismissed_at"]:
        click.echo(
            "\nDismissed. If it is wanted after all, have billing send it again under a new id."
        )
    else:
        click.echo(
            "\nParked, and its body has been wiped. Have billing send it again under a new id."
        )
