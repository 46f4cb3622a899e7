"""`inventory` and `observed` as an admin gives them."""

import csv
import io

from tests.cli.conftest import House

ANN = "ann@example.com"


def test_the_inventory_is_what_the_last_reconciliation_saw(house: House) -> None:
    house.configure(account__settle=0, account__place_price=10)
    house.start()
    assert "First: enom-bridge reconcile --account main" in house.ok("inventory")
    house.send("mailbox.create", ANN, "7")
    house.billing.wait_for(1)
    house.ok("reconcile")
    shown = house.ok("inventory").splitlines()
    assert shown[0].startswith("Account main, as of 20")
    assert shown[1].endswith("mailbox slots paid for (100.00 per year)")
    assert shown[2].strip() == "1  used (10.00 per year)"
    (item,) = house.json("inventory")["items"]
    assert (item["places"]["paid"], item["places"]["used"], len(item["paks"])) == (10, 1, 1)
    rows = list(csv.DictReader(io.StringIO(house.ok("inventory", "--csv"))))
    assert [(row["account"], row["used"], row["free"]) for row in rows] == [("main", "1", "9")]
    assert "it has main" in house.refused("inventory", "--account", "none", code=2)


def test_a_comparison_that_read_nothing_gives_old_figures_no_new_date(house: House) -> None:
    house.configure(account__settle=0)
    house.start()
    house.send("mailbox.create", ANN, "7")
    house.billing.wait_for(1)
    house.ok("reconcile")
    before = house.json("inventory")["items"][0]
    house.sim.control("/faults", {"fault": "html", "times": None})
    shown = house.run("reconcile")
    assert shown.exit_code == 1
    assert "Account main could not be compared with the mail provider on " in shown.stdout
    after = house.json("inventory")["items"][0]
    assert (after["as_of"], after["places"]) == (before["as_of"], before["places"])
    assert after["failed_at"] >= before["as_of"] and before["failed_at"] is None
    assert "could not read any domain):" in house.ok("inventory").splitlines()[0]


def test_observed_tells_what_differs_and_makes_it_the_exit_code(house: House) -> None:
    house.start()
    house.send("mailbox.create", ANN, "7")
    house.configure(account__settle=0, account__mode="observe")
    house.start()
    assert "no observed hooks in the last 7 days" in house.ok("observed")
    house.send("mailbox.suspend", ANN, "7")
    result = house.run("observed")
    assert result.exit_code == 1
    assert (
        "1 observed hooks" in result.stdout and "\nDiffer at the mail provider: " in result.stdout
    )
    assert (
        "suspend ann@example.com (service 7, job_" in result.stdout
        and "At the mail provider it is active." in result.stdout
    )
    (item,) = house.json("observed")["items"]
    assert [hook["verdict"] for hook in item["hooks"]] == ["different"]


def test_seats_are_counted_sold_used_empty_and_over(house: House) -> None:
    house.configure(account__settle=0)
    house.start()
    for number, (service, name) in enumerate(
        (("7", ANN), ("7", "bob@example.com"), ("8", "cat@example.com"))
    ):
        house.send("mailbox.create", name, service, seats=2 if service == "7" else 3)
        house.billing.wait_for(number + 1)
    reconciled = house.ok("reconcile")
    line = "5  mailboxes sold in services with seats (2): 3 used, 2 empty, 0 over"
    assert line in reconciled and line in house.ok("inventory")
    # Fewer were sold since: what is there stays, and is told.
    house.send("mailbox.create", ANN, "7", seats=1)
    house.billing.wait_for(4)
    shown = house.ok("inventory")
    assert "4  mailboxes sold in services with seats (2): 3 used, 2 empty, 1 over" in shown
    assert "  service 7 of shop: 2 mailboxes, 1 sold" in shown
    (item,) = house.json("reconcile")["items"]
    assert (item["seats"]["over"], item["seats"]["services_over"]) == (
        1,
        [{"source": "shop", "service_id": "7", "seats": 1, "used": 2}],
    )
    rows = list(csv.DictReader(io.StringIO(house.ok("inventory", "--csv"))))
    seats = [
        (row["what"], row["used"], row["free"]) for row in rows if row["what"].startswith("seats")
    ]
    assert seats == [("seats over", "2", "0"), ("seats", "1", "2")]
