"""`enom-bridge jobs …`: what was asked for, how it stands, and what a person may do about it."""

from collections.abc import Callable, Sequence
from typing import Any

import click

from bridge import story
from bridge.cli.session import people, remind, session
from bridge.cli.show import as_json, echo_json, listing, paged, thing, word
from bridge.errors import NotNow, NotThere
from bridge.ports import Receipt
from bridge.store import People

COLUMNS = ("created_at", "id", "action", "address", "service_id", "status", "waiting_for", "message")
_ids = click.argument("ids", metavar="ID...", nargs=-1, required=True)


@click.group()
def jobs() -> None:
    """Jobs: list, show, explain, retry, cancel, approve."""


@jobs.command("list")
@click.option("--status", help="queued, running, succeeded, failed, held or cancelled.")
@click.option("--source", help="Only of this source.")
@click.option("--account", help="Only of this Enom account.")
@click.option("--address", help="Only for this mailbox, or those with this part in their address.")
@click.option("--service-id", help="Only for this service of billing.")
@click.option("--action", help="Only this action, such as mailbox.suspend.")
@click.option("--code", help="Only with this error, such as unsafe.")
@paged
@click.pass_context
def listed(ctx: click.Context, /, **options: Any) -> None:
    """List jobs, newest first. What needs you: --status held, and --status failed."""
    listing(ctx, "jobs", COLUMNS, **options)


@jobs.command()
@click.argument("id")
@as_json
@click.pass_context
def show(ctx: click.Context, id: str, as_json: bool) -> None:
    """Show the record of one job. `explain` tells it in sentences."""
    with session(ctx) as service:
        thing(service.lookup.story(id)["job"], as_json)


@jobs.command()
@click.argument("id")
@as_json
@click.pass_context
def explain(ctx: click.Context, id: str, as_json: bool) -> None:
    """Tell the story of one job: asked, seen, planned, sent, proved, told, and the next command to give."""
    with session(ctx) as service:
        found, alive = service.lookup.story(id), service.standing.worker_alive()
        hours = service.settings.worker.retry_hours
    if as_json:
        return echo_json({**found, "worker_alive": alive})
    click.echo(f"{found['job']['id']}: {found['job']['action']} of {found['job']['address']}, {found['job']['status']}\n")
    for line in story.tell(found, alive, hours):
        click.echo(word(line))


@jobs.command()
@_ids
@as_json
@click.pass_context
def retry(ctx: click.Context, ids: Sequence[str], as_json: bool) -> None:
    """Try failed or held jobs again, each as a new job at the end of its mailbox's line."""
    _each(ctx, ids, as_json, lambda acting, id: acting.retry(id), "{id} is tried again as {job}.")


@jobs.command()
@_ids
@as_json
@click.pass_context
def approve(ctx: click.Context, ids: Sequence[str], as_json: bool) -> None:
    """Let held jobs pass the safety limit that held them, each as a new job."""
    _each(ctx, ids, as_json, lambda acting, id: acting.retry(id, approve=True), "{id} is approved; it goes on as {job}.")


@jobs.command()
@_ids
@as_json
@click.pass_context
def cancel(ctx: click.Context, ids: Sequence[str], as_json: bool) -> None:
    """Cancel waiting jobs. Billing is told so."""
    _each(ctx, ids, as_json, lambda acting, id: acting.cancel(id), "{id} is cancelled; billing is told so.")


def _each(ctx: click.Context, ids: Sequence[str], as_json: bool, act: Callable[[People, str], Receipt], done: str) -> None:
    """Does what can be done; what cannot is said on standard error, and makes the exit code 1."""
    receipts = []
    with session(ctx) as service:
        for id in ids:
            try:
                receipt = act(people(service), id)
            except (NotThere, NotNow) as refusal:
                click.echo(f"Error: {refusal}", err=True)
                continue
            receipts.append(receipt.describe())
            if not as_json:
                click.echo(done.format(id=id, job=receipt.job))
        if receipts:
            remind(service)
    if as_json:
        echo_json({"items": receipts, "next": None})
    ctx.exit(0 if len(receipts) == len(ids) else 1)
