"""What WHMCS asked for while it could not be done, and what happened to it until it could: is it
still wanted?"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.billing import until
from tests.support.house import House

pytestmark = pytest.mark.usefixtures("php")

ABUSE = "Abuse: sends spam"


@pytest.fixture(scope="module")
def shared(
    tmp_path_factory: pytest.TempPathFactory, new_database: Callable[[str], str]
) -> Iterator[House]:
    house = House(tmp_path_factory.mktemp("house"), new_database("sqlite"))
    yield house
    house.close()


@pytest.fixture
def house(shared: House) -> Iterator[House]:
    yield shared
    shared.relay.mode = "pass"
    shared.whmcs.settings(suspend_reason_given="")
    shared.sim.control("/faults", {}, "DELETE")
    shared.quiet()
    assert shared.differences() == []


def result(house: House, order: dict[str, Any], text: str) -> list[str]:
    """What the activity log says of this service, as far as it has this text."""
    lines: list[str] = house.whmcs.state()["activity"]
    return [
        line for line in lines if text in line and line.endswith(f"Service ID: {order['service']}")
    ]


def back(house: House) -> None:
    """The bridge is there again, and the next cron run comes."""
    house.restart()
    house.later()
    house.whmcs.cron()
    house.quiet()


def test_a_termination_by_cron_is_dropped_once_the_customer_has_paid(house: House) -> None:
    order = house.active()
    invoice = house.whmcs.overdue(order["service"], days=31)
    house.down()
    assert house.whmcs.cron(daily=True)["not_terminated"] >= 1
    house.whmcs.pay(invoice)
    back(house)
    assert (house.status(order), house.at_enom(order["address"])) == ("Active", "active")
    until(lambda: house.pending() == [])
    assert result(house, order, "was not done")


@pytest.mark.parametrize(
    "change",
    [
        {"nextduedate": "2099-01-01"},
        {"overideautosuspend": "on", "overidesuspenduntil": "2099-01-01"},
        {"billingcycle": "Free Account"},
    ],
    ids=["due next year", "not to be suspended", "free"],
)
def test_a_termination_by_cron_is_dropped_once_staff_decided_otherwise(
    house: House, change: dict[str, str]
) -> None:
    order = house.active()
    house.whmcs.overdue(order["service"], days=31)
    house.down()
    assert house.whmcs.cron(daily=True)["not_terminated"] >= 1
    house.whmcs.edit(order["service"], **change)
    back(house)
    assert (house.status(order), house.at_enom(order["address"])) == ("Active", "active")
    assert house.pending() == []
    assert result(house, order, "was not done")


def test_a_termination_that_is_still_wanted_is_sent_again(house: House) -> None:
    order = house.active()
    house.whmcs.overdue(order["service"], days=31)
    house.down()
    house.whmcs.cron(daily=True)
    back(house)
    house.becomes(order, "Terminated")
    assert house.at_enom(order["address"]) == "absent"


def test_what_staff_ended_by_hand_is_ended(house: House) -> None:
    order = house.active()
    house.down()
    house.whmcs.command(order["service"], "TerminateAccount")
    house.whmcs.edit(order["service"], nextduedate="2099-01-01")
    back(house)
    house.becomes(order, "Terminated")
    assert house.at_enom(order["address"]) == "absent"


@pytest.mark.parametrize("given", ["", "on"], ids=["reason not told", "reason told"])
def test_a_suspension_for_abuse_outlives_a_payment_while_the_bridge_is_away(
    house: House, given: str
) -> None:
    house.whmcs.settings(suspend_reason_given=given)
    order = house.active()
    house.down()
    assert house.whmcs.command(order["service"], "SuspendAccount", ABUSE) != "success"
    house.whmcs.pay(house.whmcs.renewal(order["service"]))
    back(house)
    house.becomes(order, "Suspended")
    assert house.at_enom(order["address"]) == "suspended"
    if given:  # so the next payment does not lift it either
        assert house.whmcs.service(order["service"])["suspendreason"] == ABUSE


def test_a_suspension_for_abuse_outlives_a_payment_while_the_account_is_paused(
    house: House,
) -> None:
    house.whmcs.settings(suspend_reason_given="on")
    order = house.active()
    house.pause()
    assert "In progress" in house.whmcs.command(order["service"], "SuspendAccount", ABUSE)
    house.whmcs.pay(house.whmcs.renewal(order["service"]))
    house.resume()
    house.becomes(order, "Suspended")
    house.quiet()
    house.later()
    house.whmcs.cron()
    house.quiet()
    assert (house.status(order), house.at_enom(order["address"])) == ("Suspended", "suspended")
    assert "UnsuspendAccount" not in house.whmcs.pay(house.whmcs.renewal(order["service"]))


@pytest.mark.parametrize("how", ["wait", "success"])
def test_a_termination_that_the_bridge_has_is_withdrawn_in_the_moment_of_the_payment(
    house: House, how: str
) -> None:
    order = house.active(how)
    invoice = house.whmcs.overdue(order["service"], days=31)
    house.pause()
    house.whmcs.cron(daily=True)
    house.whmcs.pay(invoice)
    house.resume()
    house.quiet()
    house.later()
    house.whmcs.cron()
    house.quiet()
    assert house.at_enom(order["address"]) == "active"
    until(lambda: house.status(order) == "Active")
    assert house.pending() == []


def test_a_hook_that_never_came_is_withdrawn_for_good(house: House) -> None:
    order = house.active()
    invoice = house.whmcs.overdue(order["service"], days=31)
    house.down()
    house.whmcs.cron(daily=True)
    house.whmcs.pay(invoice)
    back(house)
    withdrawn = [
        line for line in house.whmcs.state()["module_log"] if line["action"] == "job.withdraw"
    ]
    assert withdrawn[-1]["response"].startswith("200")
