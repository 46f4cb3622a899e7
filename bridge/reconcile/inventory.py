"""What is paid for at the mail provider beside what billing knows, as the last reconciliation saw it; with the
money. Pure.

`price`: what one place for a mailbox costs a year, in the account's currency; 0: no sums.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bridge.domain.model import ENDS_SOON, to_rfc3339
from bridge.reconcile import seats
from bridge.reporting.lists import first
from bridge.reporting.times import with_times

COLUMNS = (
    "account",
    "what",
    "domain",
    "address",
    "bundle",
    "used",
    "free",
    "expires",
    "service",
    "since",
    "cost_per_year",
)
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Inventory:
    """One account.

    Rows are as the store gives them: times in epoch seconds, `ends_in` in seconds from now.
    """

    account: str
    as_of: float | None
    price: float
    paks: Sequence[Row]
    ended: Sequence[Row]  # terminated in billing, and still there: differences of the kind `extra`
    leaving: Sequence[Row]  # mailboxes in their grace before the deletion
    missing: Sequence[Row]  # active in billing, and not at the mail provider
    unpaid: Sequence[Row] | None = None
    """What costs by the month and belongs to no service; None where slots are bought."""
    unread: int = 0
    """Domains that the comparison of `as_of` could not read: their figures are older."""
    failed_at: float | None = None
    """When the account was compared since, and no domain could be read."""
    services: Sequence[Row] = ()
    """Of each service that was sold seats, how many, and how many mailboxes it has."""


def remark(pak: Row) -> str:
    """What stands out of a pak: ended, ending, empty or nothing."""
    if pak["ends_in"] <= 0:
        return "ended"
    return "ending" if pak["ends_in"] < ENDS_SOON else "" if pak["used"] else "empty"


def sums(stock: Inventory) -> dict[str, Any]:
    """Places and money: what is paid, what of it is used, and what nobody pays for."""
    current = [pak for pak in stock.paks if pak["ends_in"] > 0]
    used, free = sum(pak["used"] for pak in current), sum(pak["free"] for pak in current)
    counts = {"paid": used + free, "used": used, "free": free} if stock.unpaid is None else {}
    counts["ended_and_paid"] = len(stock.ended) + len(stock.leaving)
    if stock.unpaid is not None:
        counts["unpaid"] = len(stock.unpaid)
    cost = {name: round(places * stock.price, 2) for name, places in counts.items()}
    places = counts | {"active_and_absent": len(stock.missing)}
    return {"places": places, "cost_per_year": cost if stock.price else None}


def described(stock: Inventory) -> dict[str, Any]:
    return {
        "account": stock.account,
        "as_of": stock.as_of,
        "unread": stock.unread,
        "failed_at": stock.failed_at,
        **sums(stock),
        "ended_and_paid": [described_row(each) for each in (*stock.ended, *stock.leaving)],
        "active_and_absent": [described_row(each) for each in stock.missing],
        "seats": seats.described(stock.services),
        "unpaid": [described_row(each) for each in stock.unpaid or ()],
        "paks": [
            {name: pak[name] for name in ("domain", "bundle", "used", "free", "expires")}
            | {"remark": remark(pak) or None}
            for pak in stock.paks
        ],
    }


def described_row(each: Row) -> dict[str, Any]:
    owner = f"service {each['service_id']} of {each['source']}" if each["source"] else None
    since = {"since": each["since"]} if "since" in each else {"delete_after": each["delete_after"]}
    return {"address": each["address"], "domain": each["domain"], "service": owner, **since}


def lines(stock: Inventory, most: int | None = 10) -> Iterator[str]:
    """For a terminal or a mail. `most`: lines of each list, None for all."""
    if stock.as_of is None and stock.failed_at is not None:
        yield (
            f"Account {stock.account}: the comparison of {to_rfc3339(stock.failed_at)} read no "
            "domain, so there are no figures yet."
        )
        return
    if stock.as_of is None:
        yield (
            f"Account {stock.account} has not been compared with the mail provider yet. First: "
            "enom-bridge reconcile "
            f"--account {stock.account}"
        )
        return
    total = sums(stock)
    places, cost = total["places"], total["cost_per_year"] or {}
    yield f"Account {stock.account}, as of {to_rfc3339(stock.as_of)}{caution(stock)}:"
    for name, words in (
        ("paid", "mailbox slots paid for"),
        ("used", "used"),
        ("free", "free"),
        ("ended_and_paid", "mailboxes terminated in billing, but still paid for"),
        ("unpaid", "mailboxes that cost by the month, and belong to no service"),
        ("active_and_absent", "mailboxes active in billing, but not at the mail provider"),
    ):
        if name not in places:
            continue
        money = f" ({cost[name]:,.2f} per year)" if name in cost else ""
        yield f"{places[name]:7,}  {words}{money}"
    yield from seats.lines(stock.services, most)
    notable = [pak for pak in stock.paks if remark(pak)]
    for title, items in (
        (
            "Terminated in billing, still paid for",
            [line(each) for each in (*stock.ended, *stock.leaving)],
        ),
        ("Active in billing, not at the mail provider", [line(each) for each in stock.missing]),
        ("Belong to no service, still paid for", [line(each) for each in stock.unpaid or ()]),
        (
            "Paks that have expired, expire within 30 days or are empty",
            [pak_line(pak) for pak in notable],
        ),
    ):
        if items:
            yield ""
            yield f"{title}:"
            yield from (f"  {item}" for item in first(items, most))


def caution(stock: Inventory) -> str:
    """What of the figures is older than their date, in brackets."""
    says = []
    if stock.failed_at is not None:
        says.append(f"the comparison of {to_rfc3339(stock.failed_at)} could not read any domain")
    if stock.unread:
        domains = "1 domain" if stock.unread == 1 else f"{stock.unread:,} domains"
        says.append(f"{domains} could not be read then; older figures are used there")
    return f" ({'; '.join(says)})" if says else ""


def line(each: Row) -> str:
    fields = described_row(each)
    whose = f" ({fields['service']})" if fields["service"] else ""
    when = (
        f"since {to_rfc3339(fields['since'])}"
        if "since" in fields
        else f"deleted after {to_rfc3339(fields['delete_after'])}"
    )
    return f"{fields['address']}{whose}, {when}"


def pak_line(pak: Row) -> str:
    places = f"{pak['used']} used, {pak['free']} free"
    return (
        f"{pak['domain']}: pak {pak['bundle']} {remark(pak)}, until "
        f"{to_rfc3339(pak['expires'])[:10]}, {places}"
    )


def as_csv(stocks: Sequence[Inventory]) -> str:
    """One line for each pak and each mailbox that costs or lacks something; with a header."""
    text = io.StringIO()
    table = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    table.writeheader()
    for stock in stocks:
        for pak in stock.paks:
            shown = with_times(
                {name: pak[name] for name in ("domain", "bundle", "used", "free", "expires")}
            )
            cost = round((pak["used"] + pak["free"]) * stock.price, 2) if stock.price else None
            table.writerow(
                {
                    "account": stock.account,
                    "what": f"pak {remark(pak)}".strip(),
                    "cost_per_year": cost,
                    **shown,
                }
            )
        for what, rows in (
            ("ended_and_paid", (*stock.ended, *stock.leaving)),
            ("unpaid", stock.unpaid or ()),
            ("active_and_absent", stock.missing),
        ):
            for each in map(described_row, rows):
                cost = stock.price if what != "active_and_absent" and stock.price else None
                shown = with_times(
                    {name: each.get(name) for name in ("domain", "address", "service", "since")}
                )
                table.writerow(
                    {"account": stock.account, "what": what, "cost_per_year": cost, **shown}
                )
        for row in stock.services:
            more = row["used"] > row["seats"]
            table.writerow(
                {
                    "account": stock.account,
                    "what": "seats over" if more else "seats",
                    "used": row["used"],
                    "free": max(0, row["seats"] - row["used"]),
                    "service": f"service {row['service_id']} of {row['source']}",
                }
            )
    return text.getvalue()
