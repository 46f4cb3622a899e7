"""What is paid and what is used, with the money; as text, JSON and CSV."""

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from bridge.reconcile.inventory import Inventory, as_csv, described, lines, sums

DAY = 86400.0


def at(year: int, month: int, day: int, hour: int = 0) -> float:
    return datetime(year, month, day, hour, tzinfo=UTC).timestamp()


def pak(bundle: str, used: int, free: int, days: float) -> dict[str, Any]:
    row = {
        "domain": "example.com",
        "bundle": bundle,
        "used": used,
        "free": free,
        "expires": at(2027, 6, 1),
    }
    return row | {"ends_in": days * DAY}


def mailbox(name: str, **more: Any) -> dict[str, Any]:
    return {
        "address": f"{name}@example.com",
        "domain": "example.com",
        "source": None,
        "service_id": None,
        **more,
    }


STOCK = Inventory(
    account="main",
    as_of=at(2027, 3, 1, 3),
    price=9.5,
    paks=[pak("1", 7, 3, 200), pak("2", 0, 10, 200), pak("3", 2, 0, 10), pak("4", 1, 0, -1)],
    ended=[mailbox("old", since=at(2027, 2, 1))],
    leaving=[mailbox("going", delete_after=at(2027, 3, 9), source="shop", service_id="9")],
    missing=[mailbox("gone", since=at(2027, 2, 2), source="shop", service_id="7")],
)


def test_sums_count_paid_places_and_what_they_cost() -> None:
    assert sums(STOCK) == {
        "places": {"paid": 22, "used": 9, "free": 13, "ended_and_paid": 2, "active_and_absent": 1},
        "cost_per_year": {"paid": 209.0, "used": 85.5, "free": 123.5, "ended_and_paid": 19.0},
    }
    assert sums(replace(STOCK, price=0.0))["cost_per_year"] is None


def test_the_text_tells_sums_and_what_stands_out() -> None:
    text = list(lines(STOCK))
    assert text[1] == "     22  mailbox slots paid for (209.00 per year)"
    assert "  old@example.com, since 2027-02-01T00:00:00Z" in text
    assert "  going@example.com (service 9 of shop), deleted after 2027-03-09T00:00:00Z" in text
    assert "  gone@example.com (service 7 of shop), since 2027-02-02T00:00:00Z" in text
    assert [line.split(",")[0] for line in text if "pak " in line] == [
        "  example.com: pak 2 empty", "  example.com: pak 3 ending", "  example.com: pak 4 ended",
    ]  # fmt: skip


def test_a_long_list_is_cut_and_says_so() -> None:
    many = replace(STOCK, missing=[mailbox(f"m{n}", since=at(2027, 2, 2)) for n in range(12)])
    assert "  and 2 more; see them with --all" in list(lines(many))
    assert not [line for line in lines(many, None) if "--all" in line]


def test_without_a_reconciliation_the_command_is_named() -> None:
    assert list(lines(replace(STOCK, as_of=None))) == [
        "Account main has not been compared with the mail provider yet. First: enom-bridge reconcile "
        "--account main"
    ]


def test_figures_that_are_older_than_the_last_comparison_say_so() -> None:
    failed = replace(STOCK, failed_at=at(2027, 3, 2, 3))
    (head, *_) = lines(failed)
    assert head == (
        "Account main, as of 2027-03-01T03:00:00Z (the comparison of 2027-03-02T03:00:00Z could "
        "not read any domain):"
    )
    (head, *_) = lines(replace(STOCK, unread=2))
    assert "(2 domains could not be read then; older figures are used there)" in head
    assert list(lines(replace(failed, as_of=None))) == [
        "Account main: the comparison of 2027-03-02T03:00:00Z read no domain, so there are no "
        "figures yet."
    ]


def test_json_has_every_pak_and_what_stands_out_of_it() -> None:
    result = described(STOCK)
    assert [each["remark"] for each in result["paks"]] == [None, "empty", "ending", "ended"]
    assert [each["address"] for each in result["ended_and_paid"]] == [
        "old@example.com",
        "going@example.com",
    ]
    assert result["active_and_absent"][0]["service"] == "service 7 of shop"


def test_csv_has_a_line_for_each_with_what_it_costs() -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv([STOCK]))))
    assert (rows[0]["expires"], rows[4]["since"]) == (
        "2027-06-01T00:00:00Z",
        "2027-02-01T00:00:00Z",
    )
    assert [(row["what"], row["cost_per_year"]) for row in rows] == [
        ("pak", "95.0"), ("pak empty", "95.0"), ("pak ending", "19.0"), ("pak ended", "9.5"),
        ("ended_and_paid", "9.5"), ("ended_and_paid", "9.5"), ("active_and_absent", ""),
    ]  # fmt: skip


def test_where_mailboxes_cost_by_the_month_those_of_no_service_are_told_and_no_slots() -> None:
    stock = replace(STOCK, paks=[], unpaid=[mailbox("who", since=at(2027, 2, 3))])
    assert sums(stock) == {
        "places": {"ended_and_paid": 2, "unpaid": 1, "active_and_absent": 1},
        "cost_per_year": {"ended_and_paid": 19.0, "unpaid": 9.5},
    }
    text = list(lines(stock))
    assert (
        "      1  mailboxes that cost by the month, and belong to no service (9.50 per year)"
        in text
    )
    assert "  who@example.com, since 2027-02-03T00:00:00Z" in text
    assert not [line for line in text if "slots" in line or "pak" in line.lower()]
    rows = list(csv.DictReader(io.StringIO(as_csv([stock]))))
    assert ("unpaid", "9.5") in [(row["what"], row["cost_per_year"]) for row in rows]
