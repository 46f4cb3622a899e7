"""A company whose domain has several mailboxes: one service of WHMCS with seats."""

import html
import json
import re
from typing import Any

import requests

from tests.support.billing import until
from tests.support.customer import Portal
from tests.support.house import House, mailbox_state

SEATS, SIZE = "Mailboxes", "Mailbox size"
NAMES = ("ann", "bob", "cay", "dan", "eve")
PASSWORD = "Company-Pass.1"
STATES = ("active", "suspended")
ALIVE = {"Active": "active", "Suspended": "suspended"}


def product(house: House, included: int = 0) -> int:
    settings = {"1": "basic", "6": "1", "7": "https://webmail.example.com", "13": "seats"}
    choices = ["basic|Basic", "large|Large"]
    return house.whmcs.save_product(
        name="Mail for a domain",
        settings=settings | {"14": str(included), "15": SEATS, "16": SIZE},
        options=[
            {"name": SEATS, "type": "quantity"},
            {"name": SIZE, "type": "dropdown", "choices": choices},
        ],
    )


class Company:
    """One service of a product with seats, paid, and its customer's ways to the mailboxes."""

    def __init__(self, portal: Portal, product: int, seats: int = 5, client: int = 0) -> None:
        self.portal, self.house, self.whmcs = portal, portal.house, portal.house.whmcs
        self.web = requests.Session()
        self.web.trust_env = False
        self.domain = self.house.address().partition("@")[2]
        order = self.whmcs.order(
            client or self.house.client,
            product,
            domain=self.domain,
            options={SEATS: seats, SIZE: "basic"},
            server=self.house.server,
        )
        self.service = int(order["service"])
        self.answer = self.whmcs.pay(order["invoice"])["CreateAccount"]

    @property
    def path(self) -> str:
        return self.portal.of(self.service)

    @property
    def status(self) -> str:
        return str(self.whmcs.service(self.service)["status"])

    def address(self, name: str) -> str:
        return f"{name}@{self.domain}"

    def there(self) -> dict[str, str]:
        """Mailboxes at the remote, with their state."""
        found = self.house.sim.control("/state")["domains"][self.domain]["mailboxes"]
        return {address: str(box["status"]) for address, box in found.items()}

    def becomes(self, status: str) -> None:
        until(lambda: self.status == status, 60, pause=0.1)

    def rows(self) -> list[dict[str, Any]]:
        """What waits in the Module Queue for this service."""
        queue = self.whmcs.state()["queue"]
        return [row for row in queue if row["service_id"] == self.service and not row["completed"]]

    def differences(self) -> list[str]:
        """Where billing, bridge and remote do not say the same of a mailbox."""
        state = ALIVE.get(self.status)
        boxes = self.there()
        wrong = [
            f"{address}: WHMCS {self.status}, remote {found}"
            for address, found in boxes.items()
            if state is None or found != state
        ]
        return wrong + [
            f"{address}: {mailbox_state(self.house.sim.control('/state'), address)}"
            for address in self.listed()
            if address not in boxes
        ]

    def listed(self) -> list[str]:
        """As the bridge has them on record, those that are there."""
        return [each["address"] for each in self.recorded()]

    def recorded(self) -> list[dict[str, Any]]:
        said = json.loads(
            self.house.enom_bridge("mailboxes", "list", "--domain", self.domain, "--json")
        )
        return [each for each in said["items"] if each["state"] in STATES]

    def routes(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Further addresses and forwarding of each mailbox for which billing has set some: as the
        bridge has them on record, and as they are at the remote."""
        boxes = self.house.sim.control("/state")["domains"][self.domain]["mailboxes"]
        wanted, found = {}, {}
        for each in self.recorded():
            there = boxes[each["address"]]["attributes"]
            if each["aliases"] is not None:
                wanted[each["address"], "aliases"] = sorted(each["aliases"])
                found[each["address"], "aliases"] = sorted(there.get("aliases", []))
            if each["forwarding"] is not None:
                wanted[each["address"], "forwarding"] = sorted(each["forwarding"]["forward_to"])
                found[each["address"], "forwarding"] = sorted(there.get("forward_recipients", []))
        return wanted, found

    # What the customer does on the page, as a browser sends it

    def page(self, **query: str | int) -> str:
        query = {"as": "client", "action": "productdetails", "id": self.service, **query}
        return self.web.get(f"{self.portal.url}clientarea.php", params=query, timeout=120).text

    def sends(self, do: str, name: str = "", **fields: str) -> list[str]:
        """What the page says of the form; where it has no forms, nothing can be sent."""
        page = self.page()
        hidden = dict(re.findall(r'name="(token|enombridge\[proof\])" value="(\w+)"', page))
        if not hidden:
            return self.said(page)
        address = {"enombridge[mailbox]": self.address(name)} if name else {}
        own = {f"enombridge[{field}]": value for field, value in fields.items()}
        form = {**hidden, "enombridge[do]": do, **address, **own}
        url = f"{self.portal.url}{self.path}"
        answer = self.web.post(url, data=form, allow_redirects=False, timeout=120)
        assert answer.status_code == 303, answer.text
        return self.said(self.page())

    def said(self, page: str) -> list[str]:
        return [html.unescape(one) for one in re.findall(r'eb-message eb-\w+">([^<]+)', page)]

    def adds(self, *names: str) -> None:
        for name in names:
            self.sends("add", local=name, password=PASSWORD, again=PASSWORD)
        self.house.quiet()

    def removes(self, name: str) -> list[str]:
        self.sends("remove", name)
        return self.sends("remove_sure", name, sure="on")
