"""A domain is a customer's, and what staff is told is not for customers to read."""

from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from bridge import __version__
from bridge.store import AccountState, Database
from tests.support.billing import SECRET
from tests.support.house import FIELD, House

pytestmark = pytest.mark.usefixtures("php")


@pytest.fixture(scope="module")
def house(
    tmp_path_factory: pytest.TempPathFactory, new_database: Callable[[str], str]
) -> Iterator[House]:
    house = House(tmp_path_factory.mktemp("house"), new_database("sqlite"))
    yield house
    assert house.differences() == []
    house.close()


def test_a_mailbox_in_a_domain_of_another_client_waits_for_staff(house: House) -> None:
    domain = house.active()["address"].partition("@")[2]
    stranger = house.whmcs.add_client(firstname="Mallory", email="mallory@example.net")
    address = f"ceo@{domain}"
    order = house.whmcs.order(
        stranger,
        house.products["wait"],
        custom_fields={FIELD: address},
        domain="",
        server=house.server,
    )
    answer = house.whmcs.pay(order["invoice"])["CreateAccount"]
    assert f"Client {house.client} has a mailbox in {domain}" in answer
    assert 'press "Send anyway"' in answer
    assert (house.status(order), house.at_enom(address)) == ("Pending", "absent")
    (ticket,) = [ticket for ticket in house.whmcs.state()["tickets"] if domain in ticket["message"]]
    assert (ticket["userid"], ticket["service"], ticket["email"]) == (
        0,
        "",
        "support@hosting.example",
    )

    house.done(house.whmcs.custom(order["service"], "sendAnyway"), order, "Active")
    assert house.at_enom(address) == "active"
    assert [line for line in house.whmcs.state()["activity"] if 'pressed "Send anyway"' in line]


def test_who_has_registered_the_domain_has_its_mailboxes(house: House) -> None:
    address = house.address()
    domain = address.partition("@")[2]
    stranger = house.whmcs.add_client(firstname="Mallory", email="mallory@example.net")
    house.whmcs.call("domain", client=stranger, domain=domain)
    order = house.ordered(address)
    assert "is registered here by client" in house.whmcs.pay(order["invoice"])["CreateAccount"]
    house.whmcs.call("domain", client=house.client, domain=domain)
    house.done(house.whmcs.command(order["service"], "CreateAccount"), order, "Active")


def test_staff_is_led_to_the_bridges_pages(house: House) -> None:
    order = house.active()
    pages = {"accesshash": "https://bridge.example.com", "username": "shop", "password": SECRET}
    where = {"hostname": "127.0.0.1", "port": house.bridge.port, "secure": False}
    house.whmcs.add_server(id=house.server, name="Bridge", **where, **pages)
    page = house.whmcs.get("admin/clientsservices.php", role="admin", id=order["service"]).text
    assert (
        f'href="https://bridge.example.com/admin/mailboxes/{order["address"].replace("@", "%40")}"'
        in page
    )
    page = house.whmcs.get("admin/configservers.php", role="admin", id=house.server).text
    assert 'href="https://bridge.example.com/admin/"' in page
    assert house.whmcs.test_connection(house.server) == {"success": True, "error": ""}
    with closing(Database(house.database)) as database:
        assert AccountState(database).source_state("shop")["sender"] == f"whmcs {__version__}"


def test_a_product_that_is_never_due_is_renewed_with_a_sentence(house: House) -> None:
    order = house.active()
    never = {
        "nextduedate": "0000-00-00",
        "nextinvoicedate": "0000-00-00",
        "billingcycle": "Free Account",
    }
    house.whmcs.edit(order["service"], **never)
    assert house.whmcs.command(order["service"], "Renew").startswith(
        "This service has no next due date"
    )


def test_what_the_bridge_holds_for_its_domain_is_sent_anyway(house: House) -> None:
    domain = house.active()["address"].partition("@")[2]
    stranger = house.whmcs.add_client(firstname="Mallory", email="mallory@example.net")
    house.whmcs.call(
        "domain", client=stranger, domain=domain
    )  # a transfer that WHMCS takes for done
    address = f"ceo@{domain}"
    order = house.whmcs.order(
        stranger,
        house.products["wait"],
        custom_fields={FIELD: address},
        domain="",
        server=house.server,
    )
    house.whmcs.pay(order["invoice"])
    house.quiet()
    assert "Another customer has mailboxes in this domain" in str(
        house.whmcs.state()["tickets"][-1]["message"]
    )
    assert house.at_enom(address) == "absent"
    house.done(house.whmcs.custom(order["service"], "sendAnyway"), order, "Active")
    assert house.at_enom(address) == "active"
