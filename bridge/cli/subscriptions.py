"""`enom-bridge subscriptions`: what a platform's subscriptions say beside what the bridge has."""

from collections.abc import Iterator, Sequence

import click

from bridge.cli.importing import no_source
from bridge.cli.session import remind, session
from bridge.cli.show import as_json, echo_json
from bridge.domain.errors import Unavailable
from bridge.domain.ports import NothingNew
from bridge.domain.source import Source
from bridge.pipeline.subscription_list import Comparison, Finding, Kind
from bridge.wiring import Service
from hooks.errors import HookError

TITLES = {
    Kind.NOT_TOLD: "the bridge was not told; --apply makes a job of each",
    Kind.NOT_DONE: "told, but the mailbox is not so: see its jobs (enom-bridge jobs list). What was "
    "only observed gets one by --apply",
    Kind.UNREADABLE: "the subscription cannot be read: correct it, or the source's map",
    Kind.WITHOUT: "a mailbox that no subscription names; nothing is done about it",
}


@click.command()
@click.option("--source", "name", required=True, help="The source whose subscriptions to compare.")
@click.option(
    "--apply", "write", is_flag=True, help="Make the jobs that are missing. Without it: only show."
)
@as_json
@click.pass_context
def subscriptions(ctx: click.Context, name: str, write: bool, as_json: bool) -> None:
    """Compare the subscriptions of a platform such as Stripe with what the bridge has.

    Before a job that ends a mailbox is made, that subscription is asked for once more. Exit code 0 if
    everything could be compared and made, 1 if not.
    """
    with session(ctx) as service:
        source = service.sources.get(name)
        if source is None:
            raise no_source(service, name)
        if source.subscriptions is None:
            raise click.UsageError(f"--source: the platform of {name} has no subscriptions")
        try:
            found = service.subscription_list.compare(source)
        except Unavailable as error:
            raise click.ClickException(error.detail) from None
        done, left = carried_out(service, source, found) if write else ([], 0)
        if done:
            remind(service)
    if as_json:
        items = [each.describe() for each in found.findings]
        echo_json({"items": items, "next": None, "listed": found.listed, "done": done})
    else:
        click.echo("\n".join(lines(found, done, write)))
    ctx.exit(1 if left else 0)


def carried_out(
    service: Service, source: Source, found: Comparison
) -> tuple[list[dict[str, str]], int]:
    """The jobs that were made; and how many could not be, each with its reason on standard error."""
    done, left = [], 0
    for each in found.findings:
        if each.reading is None:
            continue
        try:
            job = service.subscription_list.carry_out(source, each)
        except NothingNew:
            continue  # an event came meanwhile
        except (HookError, Unavailable) as error:
            left += 1
            click.echo(f"Error: {each.service_id}: {error.detail}", err=True)
        else:
            done.append({"service_id": each.service_id, "job": job})
    return done, left


def lines(found: Comparison, done: Sequence[dict[str, str]], write: bool) -> Iterator[str]:
    yield f"{found.named} of {found.listed} subscriptions name a mailbox."
    for kind, title in TITLES.items():
        if some := [each for each in found.findings if each.kind is kind]:
            yield from ("", f"{len(some)}  {title}:", *map(line, some))
    jobs = {each["service_id"]: each["job"] for each in done}
    yield from ("", *(f"{service}: {job}" for service, job in jobs.items())) if jobs else ()
    todo = sum(each.reading is not None for each in found.findings)
    if not found.findings:
        yield "They agree with what the bridge has."
    elif todo and not write:
        yield from ("", f"Nothing changed yet. To make {todo} job(s), run it again with --apply.")


def line(each: Finding) -> str:
    status = f" is {each.status}" if each.status else ""
    return f"  {each.service_id}{status}, {each.address or 'no address'}: {each.detail}"
