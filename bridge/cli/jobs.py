"""`enom-bridge jobs …`: what was asked for, how it stands, and what a person may do about it."""

from collections.abc import Callable, Sequence
from typing import Any

import click

from bridge.cli.listing import filtered, listing
from bridge.cli.session import operator, remind, session
from bridge.cli.show import (
    Command,
    Item,
    OneLine,
    as_json,
    echo_json,
    page,
    paged,
    thing,
    word,
)
from bridge.domain.decisions import checksum
from bridge.domain.errors import NotPossible, UnknownThing
from bridge.domain.ports import Receipt
from bridge.reporting.explain import tell
from bridge.reporting.receipts import billing_learns
from bridge.reporting.subjects import subject
from bridge.store import OperatorActions
from bridge.wiring import Service

COLUMNS = (
    "created_at",
    "id",
    "action",
    "address",
    "service_id",
    "status",
    "code",
    "waiting_for",
    "message",
)
MEMBER_COLUMNS = ("address", "id", "status", "state", "code")
"""Of a service's job: what is shown of each of its mailboxes."""
FEW = 10  # reasons, one for each job that is left out
Act = Callable[[OperatorActions, str], Receipt]
_ids = click.argument("ids", metavar="ID...", nargs=-1, required=True)


@click.group()
def jobs() -> None:
    """Jobs: list, show, explain, retry, approve, reject, cancel."""


@jobs.command("list")
@click.option("--status", help="queued, running, succeeded, failed, held or cancelled.")
@click.option("--source", help="Only this source.")
@click.option("--account", help="Only this account.")
@click.option("--address", help="Only this mailbox, or addresses that contain this text.")
@click.option(
    "--service-id", help="Only this billing service id; also what took a mailbox from it."
)
@click.option("--action", help="Only this action, such as mailbox.suspend.")
@click.option("--code", help="Only this error code, such as unsafe.")
@paged
@click.pass_context
def listed(ctx: click.Context, /, **options: Any) -> None:
    """List jobs, newest first. Those that need you: --status held, and --status failed."""
    listing(ctx, "jobs", COLUMNS, shown=decided, **options)


def decided(job: Item) -> Item:
    """A held or failed job stays what it was after somebody decided about it: then it says where
    it goes on."""
    return (
        {**job, "message": f"Continues as {job['tried_again_as']}."}
        if job["tried_again_as"]
        else job
    )


@jobs.command()
@click.argument("id")
@as_json
@click.pass_context
def show(ctx: click.Context, id: str, as_json: bool) -> None:
    """Show the record of one job. `explain` says it in sentences."""
    with session(ctx) as service:
        found = service.lookup.story(id)
    members = found["members"]
    listed = [{name: each[name] for name in MEMBER_COLUMNS} for each in members]
    thing({**found["job"], **({"mailboxes": listed} if members else {})}, as_json)


@jobs.command()
@click.argument("id")
@as_json
@click.pass_context
def explain(ctx: click.Context, id: str, as_json: bool) -> None:
    """Explain one job: what was asked, read, planned, sent, confirmed and reported, and what to
    do next."""
    with session(ctx) as service:
        found, alive = service.lookup.story(id), service.account_state.worker_alive()
        hours = service.settings.worker.retry_hours
    if as_json:
        return echo_json({**found, "worker_alive": alive})
    click.echo(
        f"{found['job']['id']}: {found['job']['action']} of {subject(found['job'])}, "
        f"{found['job']['status']}\n"
    )
    for line in tell(found, alive, hours):
        click.echo(word(line))


def _several(command: Command) -> Command:
    """The jobs by name, or the filters that leave them."""
    for option in (
        as_json,
        click.option(
            "--apply",
            "agreed",
            metavar="CHECKSUM",
            help="Do it, if the list still has this checksum.",
        ),
        click.option("--code", help="All jobs with this error code, such as unsafe."),
        click.option("--account", help="All jobs of this account."),
        click.option("--source", help="All jobs of this source."),
        click.option("--action", help="All jobs of this action, such as mailbox.terminate."),
        click.argument("ids", metavar="[ID]...", nargs=-1),
    ):
        command = option(command)
    return command


@jobs.command()
@_several
@click.pass_context
def retry(ctx: click.Context, /, **options: Any) -> None:
    """Retry failed or held jobs, each as a new job at the end of its mailbox's queue.

    With ids it runs at once. With filters it shows a list first; --apply runs it, and skips jobs with a purchase in doubt.
    """
    _decide(
        ctx, "retry", lambda acting, id: acting.retry(id), "{id} is retried as {job}.", **options
    )


@jobs.command()
@_several
@click.pass_context
def approve(ctx: click.Context, /, **options: Any) -> None:
    """Override the safety limit that held these jobs, each as a new job, or for which they wait.
    All other limits still apply.

    With ids it runs at once. With filters it shows a list first; --apply runs it.
    """
    _decide(
        ctx,
        "approve",
        lambda acting, id: acting.retry(id, approve=True),
        "{id} is approved and continues{as_job}.",
        **options,
    )


@jobs.command()
@_several
@click.option(
    "--reason",
    type=OneLine(),
    help="Kept in the job and the audit trail, and sent to billing for its staff.",
)
@click.pass_context
def reject(ctx: click.Context, /, reason: str | None, **options: Any) -> None:
    """Close held jobs without doing them. A callback, if its source has one, tells billing; a
    scheduled deletion is called off.

    With ids it runs at once. With filters it shows a list first; --apply runs it.
    """
    done = "{id} is rejected; {next_step}."
    _decide(ctx, "reject", lambda acting, id: acting.reject(id, reason), done, **options)


@jobs.command()
@_ids
@as_json
@click.pass_context
def cancel(ctx: click.Context, ids: Sequence[str], as_json: bool) -> None:
    """Cancel waiting jobs. A callback, if the source has one, tells billing."""
    _each(
        ctx, ids, as_json, lambda acting, id: acting.cancel(id), "{id} is cancelled; {next_step}."
    )


def _decide(
    ctx: click.Context,
    verb: str,
    act: Act,
    done: str,
    *,
    ids: Sequence[str],
    agreed: str | None,
    as_json: bool,
    **given: str | None,
) -> None:
    filters = {name: value for name, value in given.items() if value is not None}
    if bool(ids) == bool(filters):
        raise click.UsageError(
            "give either job ids or filters (--action, --source, --account, --code)"
        )
    if ids and agreed:
        raise click.UsageError("--apply is for filters; jobs given by id are done at once")
    if ids:
        return _each(ctx, ids, as_json, act, done)
    with session(ctx) as service:
        found, left = service.lookup.stopped(verb, filtered(service, "jobs", filters))
    now = checksum(verb, [row["id"] for row in found])
    if agreed == now and found:
        return _each(ctx, [row["id"] for row in found], as_json, act, done)
    if as_json:
        reasons = [{"id": row["id"], "reason": reason} for row, reason in left]
        echo_json({"items": found, "left": reasons, "next": None, "checksum": now})
    else:
        page(found, None, COLUMNS, False)
        for _, reason in left[:FEW]:
            click.echo(f"Skipped: {reason}", err=True)
        if left[FEW:]:
            click.echo(f"Skipped: {len(left) - FEW} more.", err=True)
    if agreed is not None:
        text = (
            f"The list has changed since {agreed}, so nothing was done. Check the list above; its "
            f"checksum is now {now}."
        )
        raise click.ClickException(text)
    if found and not as_json:
        click.echo(
            f"\nNothing changed yet. To {verb} these {len(found):,}, run the same command with "
            f"--apply {now}"
        )


def next_step(service: Service, id: str) -> str:
    """How billing learns that a job has ended."""
    source = service.settings.sources.get(service.lookup.story(id)["job"]["source"])
    return billing_learns({bool(source and source.callback)})


def _each(ctx: click.Context, ids: Sequence[str], as_json: bool, act: Act, done: str) -> None:
    """Does what can be done; what cannot is said on standard error, and makes the exit code 1."""
    receipts = []
    with session(ctx) as service:
        for id in ids:
            try:
                receipt = act(operator(service), id)
            except (UnknownThing, NotPossible) as refusal:
                click.echo(f"Error: {refusal}", err=True)
                continue
            receipts.append(receipt.describe())
            if not as_json:
                click.echo(
                    done.format(
                        id=id,
                        job=receipt.job,
                        as_job="" if receipt.job == id else f" as {receipt.job}",
                        next_step=next_step(service, id),
                    )
                )
        if receipts:
            remind(service)
    if as_json:
        echo_json({"items": receipts, "next": None})
    ctx.exit(0 if len(receipts) == len(ids) else 1)
