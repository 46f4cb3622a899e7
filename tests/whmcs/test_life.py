"""One mailbox from order to termination, and everything that can come between WHMCS and the
bridge meanwhile."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.support.billing import until
from tests.support.customer import VERSIONS
from tests.support.house import House

pytestmark = pytest.mark.usefixtures("php")


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
    shared.sim.control("/faults", {}, "DELETE")
    shared.quiet()
    assert shared.differences() == []


@pytest.mark.parametrize("version", VERSIONS)
def test_from_order_to_termination(house: House, version: int) -> None:
    whmcs = house.whmcs
    whmcs.settings(Version=VERSIONS[version])
    order = house.ordered()
    house.slow("SetUpPOP3User")
    answers = whmcs.pay(order["invoice"])
    assert "In progress" in answers["CreateAccount"]
    assert (house.status(order), house.welcomed(order)) == ("Pending", 0)
    house.becomes(order, "Active")
    house.quiet()
    assert house.welcomed(order) == 1
    service = whmcs.service(order["service"])
    assert service["username"] == order["address"]

    invoice = whmcs.overdue(order["service"])
    whmcs.cron(daily=True)
    house.becomes(order, "Suspended")
    assert house.at_enom(order["address"]) == "suspended"
    house.done(whmcs.pay(invoice)["UnsuspendAccount"], order, "Active")
    assert house.at_enom(order["address"]) == "active"

    assert whmcs.change_password(order["service"], "Another-Pass.02") == "success"
    assert "cannot be used" in whmcs.change_password(order["service"], "short")
    assert whmcs.service(order["service"])["password"] == "Another-Pass.02"
    house.done(whmcs.upgrade(order["service"], house.products["large"]), order, "Active")
    house.done(whmcs.pay(whmcs.renewal(order["service"]))["Renew"], order, "Active")
    house.done(whmcs.command(order["service"], "TerminateAccount"), order, "Terminated")
    assert house.at_enom(order["address"]) == "absent"
    assert house.welcomed(order) == 1
    assert house.pending() == []


def test_staff_presses_retry_meanwhile(house: House) -> None:
    order = house.ordered()
    house.slow("SetUpPOP3User", 5)
    house.whmcs.pay(order["invoice"])
    row = next(row for row in house.whmcs.state()["queue"] if row["service_id"] == order["service"])
    answers = [house.whmcs.retry(row["id"]) for _ in range(2)]
    assert all("In progress" in answer or answer == "success" for answer in answers), answers
    house.becomes(order, "Active")
    house.quiet()
    house.done(house.whmcs.command(order["service"], "CreateAccount"), order, "Active")
    creations = [
        call
        for call in house.sim.control("/history")["history"]
        if call["command"] == "SetUpPOP3User"
    ]
    domain = order["address"].partition("@")[2]
    assert len([call for call in creations if call["domain"] == domain]) == 1


def test_the_bridge_is_down_and_comes_back(house: House) -> None:
    order, paid = house.active(), house.ordered()
    house.down()
    assert "cannot be reached" in house.whmcs.pay(paid["invoice"])["CreateAccount"]
    house.whmcs.overdue(order["service"])
    assert house.whmcs.cron(daily=True)["not_suspended"] == 1
    assert house.whmcs.change_password(paid["service"], "Another-Pass.02") != "success"
    house.restart()
    mails = len(house.whmcs.state()["emails"])
    house.later()
    house.whmcs.cron()
    house.becomes(order, "Suspended")
    house.becomes(paid, "Active")
    house.quiet()
    assert house.welcomed(paid) == 1
    assert len(house.whmcs.state()["emails"]) == mails + 1, "a repetition bothers nobody"


@pytest.mark.parametrize("point", ["accepted", "intent-committed", "sent", "finished"])
def test_the_bridge_is_killed_half_way(house: House, point: str) -> None:
    order = house.active()
    house.bridge.arm(point)
    house.whmcs.command(order["service"], "SuspendAccount")
    assert house.bridge.killed(10)
    house.restart()
    house.later()
    house.whmcs.cron()
    house.becomes(order, "Suspended")


def test_the_web_server_is_killed_while_it_waits_for_the_bridge(house: House) -> None:
    house.active()  # the first one of all makes the module's tables
    order = house.ordered()
    house.slow("SetUpPOP3User", 5)
    with ThreadPoolExecutor(1) as pool:
        paying = pool.submit(house.whmcs.pay, order["invoice"])
        until(lambda: order["service"] in house.pending(), 60, pause=0.05)
        house.whmcs.stop()
        house.whmcs.start()
        with pytest.raises(requests.ConnectionError):
            paying.result()
    assert house.status(order) == "Pending"
    house.free()
    house.quiet()
    house.later()
    house.whmcs.cron()
    house.becomes(order, "Active")
    assert (house.at_enom(order["address"]), house.pending()) == ("active", [])
    assert house.welcomed(order) == 1


def test_a_callback_is_lost(house: House) -> None:
    order = house.ordered()
    house.relay.mode = "lose"
    house.slow("SetUpPOP3User")
    house.whmcs.pay(order["invoice"])
    house.quiet()
    assert house.status(order) == "Pending"
    house.whmcs.cron()
    assert (house.status(order), house.welcomed(order)) == ("Active", 1)


@pytest.mark.parametrize("mode", ["twice", "keep"])
def test_callbacks_come_twice_or_late_and_out_of_order(house: House, mode: str) -> None:
    order = house.ordered()
    house.relay.mode = mode
    house.slow("SetUpPOP3User")
    house.whmcs.pay(order["invoice"])
    house.quiet()
    if mode == "keep":
        house.done(house.whmcs.command(order["service"], "CreateAccount"), order, "Active")
        house.slow("change_user")
        house.whmcs.command(order["service"], "SuspendAccount")
        house.quiet()
        house.relay.mode = "pass"
        assert set(house.relay.release()) == {200}
        assert house.status(order) == "Suspended"
        assert set(house.relay.release()) <= {200}
    house.becomes(order, "Active" if mode == "twice" else "Suspended")
    assert house.welcomed(order) == 1


def test_what_fails_stays_as_it_was(house: House) -> None:
    order = house.ordered(address="jane@not-in-the-account.test")
    assert "not set up for mail" in house.whmcs.pay(order["invoice"])["CreateAccount"]
    assert (house.status(order), house.welcomed(order)) == ("Pending", 0)
    assert house.pending() == []
    house.whmcs.edit(order["service"], custom_fields={"Mailbox address": house.address()})


def test_early_success_is_corrected_when_it_fails(house: House) -> None:
    order = house.active("success")
    domain = order["address"].partition("@")[2]
    house.sim.control("/mailboxes/delete", {"address": order["address"]})
    until(lambda: house.at_enom(order["address"]) == "absent")
    assert house.whmcs.command(order["service"], "SuspendAccount") == "success"
    house.becomes(order, "Active")
    house.quiet()
    result = [line for line in house.whmcs.state()["activity"] if "reported success before" in line]
    tickets = [ticket for ticket in house.whmcs.state()["tickets"] if domain in ticket["title"]]
    assert (len(result), len(tickets)) == (1, 1)
    house.done(house.whmcs.command(order["service"], "TerminateAccount"), order, "Terminated")


def test_a_held_job_becomes_one_ticket_and_send_again_ends_it(house: House) -> None:
    order = house.active()
    house.set_services(order["address"], "suspended")  # for abuse, by somebody above us
    until(
        lambda: "Needs a decision" in house.whmcs.command(order["service"], "UnsuspendAccount"),
        pause=0.5,
    )
    for _ in range(3):
        house.whmcs.command(order["service"], "UnsuspendAccount")
    house.quiet()
    tickets = [
        ticket for ticket in house.whmcs.state()["tickets"] if order["address"] in ticket["title"]
    ]
    assert len(tickets) == 1
    house.set_services(order["address"], "enabled")
    answer = house.whmcs.custom(order["service"], "sendAgain")
    assert "In progress" in answer or answer == "success"
    house.quiet()
    until(lambda: house.pending() == [])


def test_the_customer_pays_while_the_suspension_waits(house: House) -> None:
    order = house.active()
    invoice = house.whmcs.overdue(order["service"])
    house.down()
    house.whmcs.cron(daily=True)
    house.whmcs.pay(invoice)
    house.restart()
    house.later()
    house.whmcs.cron()
    house.quiet()
    assert (house.status(order), house.at_enom(order["address"])) == ("Active", "active")
    assert house.pending() == []


def test_the_customer_pays_while_the_suspension_is_under_way(house: House) -> None:
    order = house.active()
    invoice = house.whmcs.overdue(order["service"])
    house.slow("change_user", 5)
    assert house.whmcs.cron(daily=True)["not_suspended"] == 1
    house.whmcs.pay(invoice)
    house.quiet()
    house.becomes(order, "Active")
    until(lambda: house.at_enom(order["address"]) == "active")
    house.quiet()


def test_a_renamed_address_is_not_ignored(house: House) -> None:
    order = house.active()
    house.whmcs.edit(order["service"], custom_fields={"Mailbox address": "other@example.test"})
    assert any("cannot be renamed" in line for line in house.whmcs.state()["activity"])
    page = house.whmcs.get("admin/clientsservices.php", role="admin", id=order["service"]).text
    assert "cannot be renamed" in page
    assert "cannot be renamed" in house.whmcs.command(order["service"], "CreateAccount")
    house.done(house.whmcs.command(order["service"], "SuspendAccount"), order, "Suspended")
    assert house.at_enom(order["address"]) == "suspended"
    house.whmcs.edit(order["service"], custom_fields={"Mailbox address": order["address"]})
