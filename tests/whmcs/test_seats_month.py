"""A month of accidents with seats: customers, WHMCS, bridge and provider at odds, and in the end
they agree on every mailbox."""

import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.support.company import NAMES, PASSWORD, SEATS, Company, product
from tests.support.customer import Portal
from tests.whmcs.test_unreachable import FAULTS, settle

pytestmark = pytest.mark.usefixtures("php")

STEPS = ("add", "remove", "password", "aliases", "forwarding", "overdue", "pay", "more", "fewer",
         "terminate", "create", "cron")  # fmt: skip
SHARES = (9, 2, 2, 4, 4, 3, 4, 1, 1, 1, 2, 3)
FORMS = ("add", "remove", "password", "aliases", "forwarding")
COMPANIES, ROUNDS, SEATS_SOLD = 4, 5, 3


class Watch(threading.Thread):
    """Looks all the time whether a company has more mailboxes than it bought."""

    def __init__(self, companies: list[dict[str, Any]]) -> None:
        super().__init__(daemon=True)
        self.companies, self.ended, self.over = companies, threading.Event(), list[str]()

    def run(self) -> None:
        while not self.ended.wait(0.2):
            for one in self.companies:
                there = len(one["company"].there())
                if there > one["most"]:
                    self.over.append(f"{one['company'].domain}: {there} of {one['most']}")


def test_all_agree_after_a_month_of_accidents_with_seats(
    tmp_path: Path, new_database: Callable[[str], str], request: pytest.FixtureRequest
) -> None:
    long = request.config.getoption("--long")
    chance = random.Random(23)
    portal = Portal(tmp_path, new_database("sqlite"), worker__retry_hours=1)
    house = portal.house
    try:
        sold = product(house)
        companies = [
            {"company": Company(portal, sold, SEATS_SOLD), "seats": SEATS_SOLD, "most": SEATS_SOLD}
            for _ in range(COMPANIES)
        ]
        watch = Watch(companies)
        watch.start()
        house.sim.control("/chaos", {"share": 0.15, "faults": FAULTS})
        with ThreadPoolExecutor(4) as pool:
            for day_of_month in range(ROUNDS * (4 if long else 1)):
                plan = [
                    (one, chance.choices(STEPS, SHARES, k=3), chance.choice(NAMES))
                    for one in companies
                ]
                done = [pool.submit(day, *each) for each in plan]
                time.sleep(chance.uniform(0.1, 1.0))  # the random moment
                if day_of_month % 2:
                    house.down()
                    house.restart()
                for future in done:
                    future.result()
        house.sim.control("/chaos", {"share": 0})
        settle(house)
        watch.ended.set()
        watch.join()
        assert watch.over == []
        for one in companies:
            company: Company = one["company"]
            assert company.differences() == []
            wanted, found = company.routes()
            assert found == wanted
            assert len(company.there()) <= one["most"]
            assert len(company.rows()) <= 1, "one row for a service"
            welcomed = house.welcomed({"service": company.service})
            assert welcomed <= 1 + one.get("created", 0)
        assert sum(one.get("routed", 0) for one in companies) > 2, "or the month brought nothing"
        assert house.whmcs.faults() == []
    finally:
        portal.close()


def day(one: dict[str, Any], steps: list[str], name: str) -> None:
    """What a day brings to one company."""
    for what in steps:
        step(one, what, name)


def tries(send: Callable[..., list[str]], *arguments: str, **fields: str) -> bool:
    """As somebody does it who was asked to try again in a few minutes. Whether it was taken."""
    for _ in range(6):
        said = " ".join(send(*arguments, **fields))
        if "cannot be reached" not in said:
            return " set" in said
        time.sleep(1)
    return False


def step(one: dict[str, Any], what: str, name: str) -> None:
    company: Company = one["company"]
    whmcs, service, status = company.whmcs, company.service, company.status
    if what in FORMS and status == "Suspended" and "invoice" in one:
        what = "pay"  # there is no form until then
    if what in ("password", "aliases", "forwarding"):  # of one that is there, if any is
        there = {address.partition("@")[0] for address in company.there()}
        name = name if name in there else min(there, default=name)
    if what == "add":
        tries(company.sends, "add", local=name, password=PASSWORD, again=PASSWORD)
    elif what == "remove":
        tries(company.removes, name)
    elif what == "password":
        tries(company.sends, "password", name, password="Another-Pass.2", again="Another-Pass.2")
    elif what == "aliases":
        routes = {"aliases": f"sales-{name}\ninfo-{name}"}
        one["routed"] = one.get("routed", 0) + tries(company.sends, what, name, **routes)
    elif what == "forwarding":
        routes = {"forward": f"{name}@example.net", "copy": "on"}
        one["routed"] = one.get("routed", 0) + tries(company.sends, what, name, **routes)
    elif what == "overdue" and status == "Active":
        one["invoice"] = whmcs.overdue(service)
        whmcs.command(service, "SuspendAccount")
    elif what == "pay" and (invoice := one.pop("invoice", 0)):
        whmcs.pay(invoice)
    elif what in ("more", "fewer") and status == "Active":
        one["seats"] += 1 if what == "more" else -1
        one["most"] = max(one["most"], one["seats"])
        whmcs.upgrade(service, options={SEATS: max(1, one["seats"])})
    elif what == "terminate" and status in ("Active", "Suspended"):
        whmcs.command(service, "TerminateAccount")
    elif what == "create" and status in ("Pending", "Terminated"):
        one["created"] = one.get("created", 0) + 1
        whmcs.command(service, "CreateAccount")
    elif what == "cron":
        whmcs.cron()
