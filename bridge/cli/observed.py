"""`enom-bridge observed`: after a time in observe mode, what came beside what was done the old
way."""

from collections import Counter
from itertools import groupby

import click

from bridge.cli.progress import progress
from bridge.cli.reconcile import chosen
from bridge.cli.session import session
from bridge.cli.show import as_json, echo_json, word
from bridge.reconcile.shadow import WORDS, Agreement, JudgedJob
from bridge.reporting.explain import ASKED
from bridge.reporting.lists import first

DAY = 86400.0
FEW = 20
QUIET = (Agreement.SAME, Agreement.OVERTAKEN)


@click.command()
@click.option("--account", help="Only this account. Default: all.")
@click.option(
    "--days",
    type=click.FloatRange(0, min_open=True),
    default=7.0,
    show_default=True,
    help="How far to look back.",
)
@click.option("--all", "everything", is_flag=True, help="Print every line of every list.")
@as_json
@click.pass_context
def observed(
    ctx: click.Context, account: str | None, days: float, everything: bool, as_json: bool
) -> None:
    """Check, after some days with mode = "observe", whether the bridge would have done the same as
    your present system.

    Compares each observed hook with the present state at Enom, one read per mailbox. Nothing is changed at Enom.
    Exit code 0 if nothing differs, 1 if something differs or could not be read.
    """
    found: list[tuple[str, list[JudgedJob]]] = []
    with session(ctx) as service:
        since = service.database.clock() - days * DAY
        for name in chosen(service, account, ()):
            with progress() as progress_of:
                found.append(
                    (
                        name,
                        service.observation.report(name, since, progress_of("Reading mailboxes")),
                    )
                )
    if as_json:
        items = [
            {"account": name, "hooks": [each.describe() for each in judged]}
            for name, judged in found
        ]
        echo_json({"items": items, "next": None})
    else:
        for name, judged in found:
            show(name, judged, days, everything)
    bad = {Agreement.DIFFERENT, Agreement.WOULD_NOT, Agreement.UNREAD}
    ctx.exit(1 if any(each.verdict in bad for _, judged in found for each in judged) else 0)


def show(account: str, judged: list[JudgedJob], days: float, everything: bool) -> None:
    if not judged:
        click.echo(f"Account {account}: no observed hooks in the last {days:g} days.")
        return
    click.echo(
        f"Account {account}: {len(judged):,} observed hooks in the last {days:g} days. Of these"
    )
    for verdict, count in Counter(each.verdict for each in judged).items():
        click.echo(f"{count:7,}  {WORDS[verdict]}")
    for verdict, group in groupby(judged, lambda each: each.verdict):
        items = list(group)
        if verdict in QUIET and not everything:
            continue
        click.echo(f"\n{WORDS[verdict][0].upper()}{WORDS[verdict][1:]}:")
        for text in first([line(each) for each in items], None if everything else FEW):
            click.echo(word(f"  {text}"))


def line(each: JudgedJob) -> str:
    intent = each.job.intent
    asked = ASKED[intent.action].format_map(
        {"plan": intent.plan, "until": intent.until, "address": intent.address}
    )
    return (
        f"{asked} (service {intent.service_id}, {each.job.id}){f': {each.why}' if each.why else ''}"
    )
