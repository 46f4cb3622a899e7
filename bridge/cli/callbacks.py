"""`enom-bridge callbacks list|resend`: what billing was told."""

from typing import Any

import click

from bridge.cli.listing import listing
from bridge.cli.session import operator, remind, session
from bridge.cli.show import as_json, echo_json, paged

COLUMNS = (
    "created_at",
    "id",
    "source",
    "address",
    "status",
    "waiting_for",
    "tries",
    "last_status",
    "last_error",
)


@click.group()
def callbacks() -> None:
    """Callbacks to billing: list, resend."""


@callbacks.command("list")
@click.option("--status", help="pending, delivered, superseded, stopped or exhausted.")
@click.option("--source", help="Only this source.")
@click.option("--address", help="Only this mailbox, or addresses that contain this text.")
@click.option("--job", "job_id", help="Only this job.")
@paged
@click.pass_context
def listed(ctx: click.Context, /, **options: Any) -> None:
    """List callbacks, newest first. Those that never reached billing: --status exhausted."""
    listing(ctx, "callbacks", COLUMNS, **options)


@callbacks.command()
@click.argument("id")
@as_json
@click.pass_context
def resend(ctx: click.Context, id: str, as_json: bool) -> None:
    """Send a callback again now, with a fresh set of attempts."""
    with session(ctx) as service:
        operator(service).resend(id)
        remind(service)
    if as_json:
        return echo_json({"id": id, "status": "pending"})
    click.echo(f"{id} queued to be sent now.")
