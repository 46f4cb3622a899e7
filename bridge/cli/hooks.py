"""`enom-bridge hooks list|show|dismiss`: what was delivered, secrets masked."""

from collections.abc import Sequence
from typing import Any

import click

from bridge.cli.session import people, session
from bridge.cli.show import OneLine, as_json, echo_json, listing, paged, thing
from bridge.domain.errors import NotNow, NotThere

COLUMNS = ("received_at", "source", "id", "type", "address", "status", "job_id")


@click.group()
def hooks() -> None:
    """Recorded deliveries: list them, show one, dismiss what nobody waits for."""


@hooks.command("list")
@click.option("--status", help="parked, dismissed, or the status of its job.")
@click.option("--source", help="Only of this source.")
@click.option("--address", help="Only for this mailbox, or those with this part in their address.")
@click.option("--type", "type", help="Only this type, such as mailbox.create.")
@paged
@click.pass_context
def listed(ctx: click.Context, /, **options: Any) -> None:
    """List recorded deliveries, newest first. Parked ones could not be read; `replay` reads them again."""
    listing(ctx, "hooks", COLUMNS, **options)


@hooks.command()
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@click.option("--source", help="Where several used these ids.")
@click.option("--reason", type=OneLine(), help="Kept in the audit trail.")
@as_json
@click.pass_context
def dismiss(ctx: click.Context, ids: Sequence[str], source: str | None, reason: str | None, as_json: bool) -> None:
    """Let parked deliveries wait for nobody. What was in them is wiped, and their ids are refused from then on (409)."""
    gone = []
    with session(ctx) as service:
        for id in ids:
            try:
                people(service).dismiss(id, source, reason)
            except (NotThere, NotNow) as refusal:
                click.echo(f"Error: {refusal}", err=True)
                continue
            gone.append(id)
            if not as_json:
                click.echo(f"{id} is dismissed.")
    if as_json:
        echo_json({"items": [{"id": id, "status": "dismissed"} for id in gone], "next": None})
    ctx.exit(0 if len(gone) == len(ids) else 1)


@hooks.command()
@click.argument("id")
@click.option("--source", help="Where several sources used this id.")
@as_json
@click.pass_context
def show(ctx: click.Context, id: str, source: str | None, as_json: bool) -> None:
    """Show one delivery, the jobs that it led to, and for a parked one what was wrong with it."""
    with session(ctx) as service:
        hook = service.lookup.hook(id, source)
    thing(hook if as_json else {name: value for name, value in hook.items() if name != "may"}, as_json)
    if as_json:
        return
    if hook["jobs"]:
        click.echo(f"\nIts story: enom-bridge jobs explain {hook['jobs'][-1]['id']}")
    elif hook["may"]["replay"] is None:
        click.echo(f"\nParked. After a fix (of plans, domains, or the bridge): enom-bridge replay {id}")
        click.echo(f"If nobody waits for it: enom-bridge hooks dismiss {id}")
    elif hook["dismissed_at"]:
        click.echo("\nDismissed. If it is wanted after all, let billing send it again under a new id.")
    else:
        click.echo("\nParked, and its body is wiped by now. Let billing send it again, under a new id.")
