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
