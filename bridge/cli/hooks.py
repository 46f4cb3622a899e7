"""`enom-bridge hooks list|show`: what was delivered, secrets masked."""

from typing import Any

import click

from bridge.cli.session import session
from bridge.cli.show import as_json, listing, paged, thing

COLUMNS = ("received_at", "source", "id", "type", "address", "status", "job_id")


@click.group()
def hooks() -> None:
    """Recorded deliveries: list them, show one."""


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
@click.argument("id")
@click.option("--source", help="Where several sources used this id.")
@as_json
@click.pass_context
def show(ctx: click.Context, id: str, source: str | None, as_json: bool) -> None:
    """Show one delivery, the jobs that it led to, and for a parked one what was wrong with it."""
    with session(ctx) as service:
        hook = service.lookup.hook(id, source)
    thing(hook, as_json)
    if as_json:
        return
    if hook["jobs"]:
        click.echo(f"\nIts story: enom-bridge jobs explain {hook['jobs'][-1]['id']}")
    elif hook["body_kept"]:
        click.echo(f"\nParked. After a fix (of plans, domains, or the bridge): enom-bridge replay {id}")
    else:
        click.echo("\nParked, and its body is wiped by now. Let billing send it again, under a new id.")
