"""`enom-bridge audit list`: what people did, on the pages and by commands."""

from typing import Any

import click

from bridge.cli.show import listing, paged


@click.group()
def audit() -> None:
    """The audit trail: who did what, and when."""


@audit.command("list")
@click.option("--who", help="Only of this person, as the list names them.")
@click.option("--action", help="Only this, such as retry, approve, pause or sign-in.")
@click.option("--target", help="Only what was done to this: a job's id, an address, `account main`.")
@paged
@click.pass_context
def listed(ctx: click.Context, /, **options: Any) -> None:
    """List what people did, newest first. It is never pruned."""
    listing(ctx, "audit", ("at", "who", "action", "target", "detail"), **options)
