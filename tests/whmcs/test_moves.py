"""Staff turns the single mailboxes of a domain into one service with seats, and back: WHMCS, bridge
and provider agree on each of them at every moment."""

import html
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from tests.support.billing import until
from tests.support.company import ALIVE, PASSWORD, STATES, Company, product
from tests.support.customer import Portal
from tests.support.house import FIELD

pytestmark = pytest.mark.usefixtures("php")

HERE, BACK = "Single mailboxes of this domain", "Back to single services"


@pytest.fixture(scope="module")
def portal(
    tmp_path_factory: pytest.TempPathFactory, new_database: Callable[[str], str]
) -> Iterator[Portal]:
    made = Portal(tmp_path_factory.mktemp("moves"), new_database("sqlite"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def sold(portal: Portal) -> int:
    return product(portal.house)


class Office:
    """A company with a service with seats, and single mailboxes in its domain: `singles` has the
    number of each service by the name of its mailbox."""

    def __init__(self, portal: Portal, sold: int, *names: str) -> None:
        self.company = Company(portal, sold)
        assert self.company.answer == "success"
        self.house, self.whmcs = portal.house, portal.house.whmcs
        self.singles = {name: self.single(name) for name in names}
        self.invoice = 0

    def single(self, name: str, client: int = 0) -> int:
        order = self.whmcs.order(
            client or self.house.client,
            self.house.products["wait"],
            custom_fields={FIELD: self.company.address(name)},
            server=self.house.server,
        )
        self.whmcs.pay(order["invoice"])
        if client:
            self.whmcs.custom(order["service"], "sendAnyway")
        until(lambda: self.status(order["service"]) == "Active", 60, pause=0.1)
        return int(order["service"])

    def status(self, service: int) -> str:
        return str(self.whmcs.service(service)["status"])

    def presses(self, button: str) -> str:
        return self.whmcs.custom(self.company.service, button)

    def shown(self, label: str) -> list[str]:
        """The lines of a field of staff's page."""
        path = "admin/clientsservices.php"
        page = self.whmcs.get(path, role="admin", id=self.company.service).text
        found = re.search(rf">{label}</dt>\s*<dd>(.*?)</dd>", page, re.DOTALL)
        return [] if found is None else [html.unescape(one) for one in found[1].split("<br>")]

    def owners(self) -> dict[str, int]:
        """Which service has each mailbox, as the bridge has it on record."""
        listed = ("mailboxes", "list", "--domain", self.company.domain, "--json")
        boxes = json.loads(self.house.enom_bridge(*listed))["items"]
        return {box["address"]: int(box["service_id"]) for box in boxes if box["state"] in STATES}

    def differences(self) -> list[str]:
        """Where WHMCS, bridge and provider do not say the same."""
        there, owners = self.company.there(), self.owners()
        wrong = []
        for address, state in there.items():
            service = owners.get(address, 0)
            status = self.status(service) if service else "nobody's"
            if ALIVE.get(status) != state:
                wrong.append(f"{address}: {state}, {status} (service {service})")
        return wrong + [f"{address}: not there" for address in owners if address not in there]


def test_three_single_mailboxes_become_one_service_and_go_back(portal: Portal, sold: int) -> None:
    office = Office(portal, sold, "ann", "bob", "cay")
    company, whmcs = office.company, office.whmcs
    stranger = whmcs.add_client(firstname="Eve", lastname="Example", email="eve@example.net")
    strangers = office.single("eve", stranger)
    shown = office.shown(HERE)
    assert [re.findall(r"Service (\d+)", one)[0] for one in shown] == [
        str(service) for service in office.singles.values()
    ]
    assert all(one.endswith("can be moved here.") for one in shown)

    assert office.presses("moveHere") == "success"
    assert {office.status(one) for one in office.singles.values()} == {"Cancelled"}
    eves = {company.address("eve"): strangers}
    assert office.owners() == {
        **{company.address(name): company.service for name in office.singles},
        **eves,
    }
    assert office.status(strangers) == "Active"
    assert office.shown(HERE) == []

    assert "Mailboxes in use: 3 of 5" in company.page()
    said = company.sends("password", "ann", password="Another-Pass.2", again="Another-Pass.2")
    assert said == [f"The new password of {company.address('ann')} is set."]
    company.adds("dan")
    assert whmcs.command(office.singles["bob"], "TerminateAccount") == "success"
    invoices = [whmcs.overdue(office.singles[name], days=40) for name in ("ann", "cay")]
    report = whmcs.cron(daily=True)
    assert (report["suspended"], report["terminated"]) == (0, 0)
    assert "was moved to service" in whmcs.pay(invoices[0])["Renew"]
    assert office.status(office.singles["ann"]) == "Cancelled"
    office.house.quiet()
    assert set(company.there().values()) == {"active"}
    synced = whmcs.sync(office.house.server)
    assert not {*office.singles.values(), company.service} & set(synced["missing"])
    assert not [one for one in synced["unknown"] if company.domain in one["uniqueIdentifier"]]

    returning = {one.partition(":")[0]: one for one in office.shown(BACK)}
    assert len(returning) == 4
    assert returning[company.address("dan")].endswith("Order a service for it first.")
    assert returning[company.address("bob")].endswith("Order a service for it first.")
    for name in ("bob", "dan"):
        order = whmcs.order(
            office.house.client,
            office.house.products["wait"],
            custom_fields={FIELD: company.address(name)},
            server=office.house.server,
        )
        office.singles[name] = int(order["service"])
    shown = office.shown(BACK)
    assert [one for one in shown if "can go back there." not in one] == []
    assert office.presses("moveBack") == "success"
    assert {office.status(one) for one in office.singles.values()} == {"Active"}
    assert office.owners() == {
        **{company.address(name): one for name, one in office.singles.items()},
        **eves,
    }
    assert "Mailboxes in use: 0 of 5" in company.page()
    assert whmcs.command(office.singles["dan"], "SuspendAccount") == "success"
    assert company.there()[company.address("dan")] == "suspended"
    assert whmcs.command(company.service, "TerminateAccount") == "success"
    assert len(company.there()) == 5
    assert office.differences() == []
    assert whmcs.faults() == []


def test_what_is_under_way_ends_by_itself_and_nothing_passes_it(portal: Portal, sold: int) -> None:
    office = Office(portal, sold, "ann", "bob")
    company, whmcs, ann = office.company, office.whmcs, office.singles["ann"]
    office.house.pause()
    try:
        assert "completes by itself" in office.presses("moveHere")
        whmcs.overdue(ann)
        assert "is being moved" in whmcs.command(ann, "SuspendAccount")
        assert "is being moved" in whmcs.command(company.service, "SuspendAccount")
        assert {office.status(one) for one in office.singles.values()} == {"Active"}
    finally:
        office.house.resume()
    for service in office.singles.values():
        until(lambda service=service: office.status(service) == "Cancelled", 60, pause=0.1)
    office.house.quiet()
    assert office.differences() == []
    assert whmcs.faults() == []


@pytest.mark.parametrize("what", ["bridge", "whmcs"])
def test_an_interruption_is_made_good_by_the_next_press(
    portal: Portal, sold: int, what: str
) -> None:
    office = Office(portal, sold, "ann", "bob", "cay")
    pressing = threading.Thread(target=interrupted, args=(office,))
    office.house.slow("GetPOP3", 3, times=9)
    pressing.start()
    until(lambda: "Cancelled" in map(office.status, office.singles.values()), 60, pause=0.05)
    if what == "bridge":
        office.house.down()
        assert "Active" in map(office.status, office.singles.values()), "it was in the middle"
        pressing.join()
        office.house.restart()
    else:
        office.whmcs.stop()
        pressing.join()
        office.house.free()
        office.whmcs.start()
        assert "Active" in map(office.status, office.singles.values()), "it was in the middle"
    office.house.sim.control("/faults", {}, "DELETE")
    office.house.quiet()
    said = office.presses("moveHere")
    assert said == "success" or "no single mailbox" in said, said
    assert {office.status(one) for one in office.singles.values()} == {"Cancelled"}
    assert set(office.owners().values()) == {office.company.service}
    assert office.differences() == []
    assert office.company.sends("add", local="dan", password=PASSWORD, again=PASSWORD) == [
        f"{office.company.address('dan')} is ready."
    ]


def interrupted(office: Office) -> None:
    with suppress(OSError):  # its server is gone
        office.presses("moveHere")
