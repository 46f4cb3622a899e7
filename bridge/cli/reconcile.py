"""`enom-bridge reconcile`: where the record and Enom differ; with the checksum of what was
shown, repair it."""

from collections.abc import Mapping, Sequence

import click

from bridge.cli.address import MailAddress
from bridge.cli.progress import progress
from bridge.cli.session import operator, remind, session, who
from bridge.cli.show import as_json, echo_json, word
from bridge.domain.differences import DifferenceKind
from bridge.domain.errors import NotPossible
from bridge.domain.ports import Reconciliation
from bridge.reconcile import drift, seats
from bridge.reconcile.report import FEW, described, lines
from bridge.wiring import Service


@click.command()
@click.argument("addresses", metavar="[ADDRESS]...", nargs=-1, type=MailAddress())
@click.option("--account", help="Only this account. Default: all.")
@click.option(
    "--deep", is_flag=True, help="Read every mailbox one by one, so that sizes are compared too."
)
@click.option(
    "--apply", "agreed", metavar="CHECKSUM", help="Repair, if the plan still has this checksum."
)
@click.option("--all", "everything", is_flag=True, help="Print every line of every list.")
@as_json
@click.pass_context
def reconcile(
    ctx: click.Context,
    addresses: Sequence[str],
    account: str | None,
    deep: bool,
    agreed: str | None,
    everything: bool,
    as_json: bool,
) -> None:
    """Compare the bridge's record with Enom. Nothing is changed at Enom, which is read once per
    domain.

    With ADDRESSes, only these are read, one by one. Differences are read twice before they are reported, and shown on the
    admin pages. --apply with the checksum repairs what it can: it suspends again a mailbox that should be suspended, sets a
    size, aliases or a forwarding again, or corrects a state in the record.

    Several accounts are compared side by side. Exit code 0 if everything could be compared (and
    repaired), 1 if not.
    """
    with session(ctx) as service:
        service.database.synchronise()  # what Enom showed is compared with times of the database
        names = chosen(service, account, addresses)
        with progress() as progress_of:
            compare = service.reconcile.side_by_side
            results = compare(names, who(), addresses, deep, progress_of)
        reports = [each for each in results if isinstance(each, Reconciliation)]
        sum_now = drift.checksum([each for report in reports for each in report.differences])
        todo = [each for report in reports for each in report.differences if each.repair]
        if not as_json:
            for report in reports:
                for line in lines(report, None if everything else FEW):
                    click.echo(word(line))
                sold = seats.lines(service.sold(report.account), None if everything else FEW)
                for number, line in enumerate(sold):
                    # A list of differences ends here.
                    click.echo(
                        word(line) if number or not report.differences else f"\n{word(line)}"
                    )
        elif reports and len(reports) < len(results):
            echo_items(service, reports, sum_now, [])
        for error in results:
            if isinstance(error, Exception):  # the others were told, and nothing is repaired
                raise error
        if agreed and not todo and not as_json:
            click.echo("There is nothing to repair.")
        elif agreed not in (None, sum_now) and todo:
            text = f"The plan has changed since {agreed}, so nothing was done. "
            text += f"Check the plan above; its checksum is now {sum_now}."
            raise click.ClickException(text)
        done, left = repaired(service, reports, as_json) if agreed else ([], 0)
        if done:
            remind(service)
        if as_json:
            echo_items(service, reports, sum_now, done)
    if todo and not agreed and not as_json:
        click.echo(
            f"\nNothing changed yet. To repair {len(todo):,}, run the same command with "
            f"--apply {sum_now}"
        )
    unread = any(
        report.unread or any(each.kind is DifferenceKind.UNREAD for each in report.differences)
        for report in reports
    )
    ctx.exit(1 if left or unread else 0)


def chosen(service: Service, account: str | None, addresses: Sequence[str]) -> list[str]:
    """The accounts to be compared. Raises UsageError."""
    known = sorted(service.accounts)
    if account is not None and account not in known:
        raise click.UsageError(
            f"--account: {account!r} is not in the configuration; it has "
            f"{', '.join(known) or 'none'}"
        )
    if addresses and account is None and len(known) > 1:
        raise click.UsageError(
            f"--account: say which account they are in; there are {', '.join(known)}"
        )
    return known if account is None else [account]


def echo_items(
    service: Service,
    reports: Sequence[Reconciliation],
    checksum: str,
    done: Sequence[Mapping[str, str]],
) -> None:
    items = [
        described(report) | {"seats": seats.described(service.sold(report.account))}
        for report in reports
    ]
    echo_json({"items": items, "next": None, "checksum": checksum, "done": done})


def repaired(
    service: Service, reports: Sequence[Reconciliation], as_json: bool
) -> tuple[list[dict[str, str]], int]:
    """What was done; and how many were left, each with its reason on standard error."""
    done, left = [], 0
    for report in reports:
        for each in report.differences:
            if each.repair is None or each.address is None:
                continue
            try:
                what = operator(service).repair(report.account, each)
            except NotPossible as refusal:
                left += 1
                click.echo(f"Error: {refusal}", err=True)
                continue
            done.append({"address": each.address, "done": what})
            if not as_json:
                click.echo(f"{each.address}: {each.repair.words()}: {what}")
    return done, left
