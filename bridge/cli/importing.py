"""`enom-bridge mailboxes import`: billing's list beside Enom, shown first; with --apply, what is
nobody's is taken over."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import BinaryIO

import click

from bridge.cli.progress import progress
from bridge.cli.session import operator, session
from bridge.cli.show import as_json, echo_json, word
from bridge.reconcile import service_list
from bridge.reconcile.matching import Finding, Group
from bridge.reconcile.takeover import without
from bridge.reporting.lists import first
from bridge.wiring import Service

FEW = 10  # lines of a list, unless all are wanted
FAULTS = 50
TITLES: Mapping[Group, str] = {
    Group.TAKE_OVER: "to adopt: at the mail provider, and owned by no service",
    Group.OURS: "already owned by these services",
    Group.AT_ENOM_ONLY: "at the mail provider, but not in {list}",
    Group.MISSING: "in {list}, but not at the mail provider",
    Group.OTHERS: "owned by another service: an import never changes that",
    Group.DISAGREE: "undecided: the mail provider's two systems disagree, or a job is running",
    Group.NOT_PERMITTED: "in domains that this source may not use",
    Group.NOT_IN_ACCOUNT: "in domains that are not in this account",
    Group.UNREAD: "in domains that could not be read",
}
BY_DOMAIN = (Group.NOT_PERMITTED, Group.NOT_IN_ACCOUNT, Group.UNREAD)
LAST = (Group.TAKE_OVER, Group.OURS)  # what needs nobody's eye stands behind what does


class Faulty(click.ClickException):
    """Ends the command with exit code 2 and every fault of the file on a line of its own."""

    exit_code = 2

    def __init__(self, name: str, faults: Sequence[service_list.Fault], everything: bool) -> None:
        lines = first(
            [f"line {number}: {sentence}" for number, sentence in faults],
            None if everything else FAULTS,
        )
        text = f"{name} cannot be used; nothing was done. Correct it:"
        super().__init__("\n  ".join([text, *lines]))


@click.command("import")
@click.option(
    "--csv",
    "file",
    type=click.File("rb"),
    required=True,
    help="Billing's list: service_id,address[,plan][,customer_id]. - reads a pipe.",
)
@click.option("--source", required=True, help="The source of these services.")
@click.option(
    "--apply",
    "write",
    is_flag=True,
    help="Adopt what no service owns. Without it, only a preview is shown.",
)
@click.option("--all", "everything", is_flag=True, help="Print every line of every list.")
@as_json
@click.pass_context
def import_(
    ctx: click.Context, file: BinaryIO, source: str, write: bool, everything: bool, as_json: bool
) -> None:
    """Adopt mailboxes that existed before the bridge. Nothing is changed at Enom, which is read
    once per domain.

    Compares billing's list, the bridge's record and Enom; without a list, use `reconcile`. With --apply, mailboxes at Enom
    that no service owns are assigned to their service, and the customers in the list are recorded. Safe to repeat.

    Exit code 0 if everything was compared (and adopted), 1 if a domain could not be read or a mailbox was skipped or
    undecided, 2 if the file cannot be used.
    """
    with session(ctx) as service:
        claims = _claims(service, file, source, everything)
        service.database.synchronise()  # what Enom showed is compared with times of the database
        with progress() as progress_of:
            findings = service.takeover.compare(
                source, claims, progress_of("Reading domains at the mail provider")
            )
        left: Mapping[str, str] = {}
        noted = 0
        sold = _new_seats(service, source, claims)
        if not as_json:
            listed = Path(file.name).name
            account = service.sources[source].account
            domains = len({finding.domain for finding in findings})
            services = f"(services: {len({claim.service_id for claim in claims}):,})"
            click.echo(
                f"Compared for {source}: {listed} {services} with account {account} "
                f"(domains: {domains:,}).\n"
            )
            _show(findings, listed, everything)
        if write:
            with progress() as progress_of:
                left = service.takeover.take_over(source, findings, progress_of("Adopting"))
            noted = service.takeover.teach(source, findings)
            service.takeover.sell(source, claims)
            taken = sum(finding.group is Group.TAKE_OVER for finding in findings) - len(left)
            operator(service).noted(
                "import",
                f"source {source}",
                f"{taken} mailboxes; customers recorded for {noted} others",
            )
    done = write and sum(finding.group is Group.TAKE_OVER for finding in findings) - len(left)
    if as_json:
        items = [_described(finding, left, write) for finding in without(findings, left)]
        echo_json({"items": items, "next": None})
    else:
        _conclude(findings, left, done, write, source, everything)
        _of_customers(sum(finding.teaches for finding in findings), noted, write)
        _of_seats(sold, write)
    skipped = any(finding.group in (Group.UNREAD, Group.DISAGREE) for finding in findings)
    ctx.exit(1 if left or skipped else 0)


def no_source(service: Service, source: str) -> click.UsageError:
    known = ", ".join(sorted(service.settings.sources)) or "none"
    return click.UsageError(f"--source: {source!r} is not in the configuration; it has {known}")


def _claims(
    service: Service, file: BinaryIO, source: str, everything: bool
) -> Sequence[service_list.Claim]:
    known = service.sources.get(source)
    if known is None:
        raise no_source(service, source)
    try:
        found = service_list.read(file.read(), known.platform)
    except service_list.Unreadable as error:
        raise Faulty(file.name, error.faults, everything) from None
    if found.unread:
        click.echo(f"Ignored columns: {word(', '.join(found.unread))}", err=True)
    return found.claims


def _show(findings: Sequence[Finding], listed: str, everything: bool) -> None:
    """Counts first, then the lists; `listed` is what Enom was compared with."""
    groups = {
        group: list(items) for group, items in groupby(findings, lambda finding: finding.group)
    }
    marks: dict[str, str] = {}  # each remark is told once, and stands in the lists by its number
    for group, items in groups.items():
        click.echo(f"{len(items):7,}  {TITLES[group].format(list=listed)}")
        for remark, count in Counter(
            remark for item in items for remark in item.remarks
        ).most_common():
            mark = marks.setdefault(remark, f"[{len(marks) + 1}]")
            click.echo(f"{'':9}{count:,} {mark} {word(remark)}")
    for group in sorted(groups, key=lambda group: group in LAST):
        items = [
            item for item in groups[group] if group is not Group.OURS or item.remarks or everything
        ]
        if items:
            click.echo(f"\n{TITLES[group].format(list=listed)}:")
            _list(
                list(_by_domain(items) if group in BY_DOMAIN else _by_address(items, marks)),
                everything,
            )


def _list(lines: Sequence[str], everything: bool) -> None:
    for line in first(lines, None if everything else FEW):
        click.echo(f"  {word(line)}")


def _by_address(items: Sequence[Finding], marks: Mapping[str, str]) -> Iterator[str]:
    for item in sorted(items, key=lambda item: not item.remarks):
        service = f" (service {item.service_id})" if item.service_id else ""
        state = f", {item.state}" if item.state else ""
        marked = "".join(f" {marks[remark]}" for remark in item.remarks)
        yield f"{item.address}{service}{state}{marked}{f': {item.detail}' if item.detail else ''}"


def _by_domain(items: Sequence[Finding]) -> Iterator[str]:
    for (domain, detail), group in groupby(items, lambda item: (item.domain, item.detail)):
        count = sum(item.address is not None for item in group)
        yield f"{domain} ({count:,} mailbox{'es' * (count != 1)}): {detail}"


def _described(finding: Finding, left: Mapping[str, str], write: bool) -> dict[str, object]:
    taken = write and finding.group is Group.TAKE_OVER and finding.address not in left
    return finding.describe() | {"applied": taken or (write and finding.teaches)}


def _of_customers(todo: int, noted: int, write: bool) -> None:
    if write and todo:
        click.echo(f"Customers recorded for mailboxes already owned: {noted:,}.")
    elif todo:
        click.echo(
            f"To record the customers of {todo:,} mailboxes already owned, run the same "
            "command with --apply."
        )


def _new_seats(
    service: Service, source: str, claims: Sequence[service_list.Claim]
) -> Mapping[str, int]:
    """The numbers of seats in the list that differ from those on record."""
    told = {claim.service_id: claim.seats for claim in claims if claim.seats is not None}
    known = {
        row["service_id"]: row["seats"]
        for row in service.sold(service.sources[source].account)
        if row["source"] == source
    }
    return {name: seats for name, seats in told.items() if known.get(name) != seats}


def _of_seats(sold: Mapping[str, int], write: bool) -> None:
    if sold and write:
        click.echo(f"Seats recorded for services: {len(sold):,}.")
    elif sold:
        click.echo(
            f"To record the seats of {len(sold):,} services, run the same command with --apply."
        )


def _conclude(
    findings: Sequence[Finding],
    left: Mapping[str, str],
    done: int,
    write: bool,
    source: str,
    everything: bool,
) -> None:
    todo = sum(finding.group is Group.TAKE_OVER for finding in findings)
    unread = len({finding.domain for finding in findings if finding.group is Group.UNREAD})
    undecided = sum(finding.group is Group.DISAGREE for finding in findings)
    if left:
        click.echo("\nSkipped:")
        _list([f"{address}: {reason}" for address, reason in left.items()], everything)
    if write:
        click.echo(
            f"\nAdopted: {done:,}. To see them: enom-bridge mailboxes list --source {source}"
        )
    elif todo:
        click.echo(f"\nNothing changed yet. To adopt {todo:,}, run the same command with --apply.")
    else:
        click.echo("\nNothing to adopt.")
    if undecided:
        click.echo(
            f"Undecided mailboxes: {undecided:,}. Run the same command again in an hour.", err=True
        )
    if unread:
        click.echo(
            f"Domains that could not be read: {unread:,}. Run the same command again for them.",
            err=True,
        )
