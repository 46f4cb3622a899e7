"""`enom-bridge audit list`: what people did, on the pages and by commands."""

from typing import Any

import click

from bridge.cli.listing import listing
from bridge.cli.show import paged


@click.group()
def audit() -> None:
    """The audit trail: who did what, and when."""


@audit.command("list")
@click.option("--who", help="Only this admin, as named in the list.")
@click.option("--action", help="Only this, such as retry, approve, pause or sign-in.")
@click.option("--target", help="Only this target: a job id, an address, `account main`.")
@paged
@click.pass_context
def listed(ctx: click.Context, /, **options: Any) -> None:
    """List what admins did, newest first. Entries are never deleted."""
    listing(ctx, "audit", ("at", "who", "action", "target", "detail"), **options)
