"""A reconciliation in lines of text for a terminal or a mail, and as a plain object. Pure."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from bridge.domain.differences import TITLES, Difference, DifferenceKind, owner_in_words
from bridge.domain.model import to_rfc3339
from bridge.domain.ports import Reconciliation
from bridge.reporting.lists import first

FEW = 10  # lines of each list, unless all are wanted


def lines(report: Reconciliation, most: int | None = FEW) -> Iterator[str]:
    """The report as lines of text. `most`: lines of each list, None for all."""
    differ = len(report.differences)
    yield head(report)
    if report.under_way:
        yield skipped(report)
    if report.foreign:
        yield (
            "Not in this account, and without recorded mailboxes (a mistyped address?): "
            f"{', '.join(report.foreign)}."
        )
    if not differ and report.mailboxes > report.under_way and report.under_way:
        yield "No differences in what was compared."
    elif not differ and not report.under_way and (report.domains or not report.whole):
        yield "No differences."
    groups = {
        kind: list(items) for kind, items in groupby(report.differences, lambda each: each.kind)
    }
    for kind, items in groups.items():
        yield f"{len(items):7,}  {TITLES[kind]}"
    for kind, items in groups.items():
        yield ""
        yield f"{TITLES[kind]}:"
        yield from listed(kind, items, most)


def head(report: Reconciliation) -> str:
    """What was compared when; where that is nothing, why."""
    when = to_rfc3339(report.ended_at)
    if not report.whole or report.domains:
        looked = f"mailboxes read: {report.mailboxes:,}."
        read = f"domains read: {len(report.domains):,}; mailboxes: {report.mailboxes:,}."
        return (
            f"Account {report.account}, compared with the mail provider on {when}; "
            f"{read if report.whole else looked}"
        )
    if report.unread:
        domains = "its domain" if len(report.unread) == 1 else "all of its domains"
        return (
            f"Account {report.account} could not be compared with the mail provider on {when}: "
            f"{domains} could not be read ({len(report.unread):,})."
        )
    if report.foreign:
        return f"Account {report.account}: no domain could be compared on {when}."
    return (
        f"Account {report.account}: no domain is on record, so nothing was compared. "
        "Import billing's list first: enom-bridge mailboxes import"
    )


def skipped(report: Reconciliation) -> str:
    """How many mailboxes were not compared, why, and when they can be."""
    one = report.under_way == 1
    when = f"after {to_rfc3339(report.settles_at)}" if report.settles_at else "when its jobs ended"
    return (
        f"Not compared: {report.under_way:,} {'mailbox' if one else 'mailboxes'} (an open job, or "
        f"changed so lately that a read may be old). Run it again {when}."
    )


def listed(kind: DifferenceKind, items: Sequence[Difference], most: int | None) -> Iterator[str]:
    """Each difference; its remedy once, where several have the same."""
    for remedy, group in groupby(
        sorted(items, key=lambda each: each.remedy), lambda each: each.remedy
    ):
        same = list(group)
        yield from (f"  {text}" for text in first([line(kind, each) for each in same], most))
        yield f"  -> {remedy}"


def line(kind: DifferenceKind, each: Difference) -> str:
    whose = (
        f" ({owner_in_words(*each.owner)})"
        if each.owner and kind is not DifferenceKind.MISSING
        else ""
    )
    return f"{each.address or each.domain}{whose}: {each.detail}"


def described(report: Reconciliation) -> dict[str, Any]:
    return {
        "account": report.account,
        "started_at": to_rfc3339(report.started_at),
        "ended_at": to_rfc3339(report.ended_at),
        "whole": report.whole,
        "domains": len(report.domains),
        "unread": list(report.unread),
        "foreign": list(report.foreign),
        "mailboxes": report.mailboxes,
        "under_way": report.under_way,
        "differences": [each.describe() for each in report.differences],
    }
