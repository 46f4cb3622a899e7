"""Moves to and fro among accidents: in the end WHMCS, bridge and provider agree on whose each
mailbox is, and none is lost."""

import random
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.billing import until
from tests.support.company import product
from tests.support.customer import Portal
from tests.support.house import House
from tests.whmcs.test_moves import Office
from tests.whmcs.test_unreachable import FAULTS, settle

pytestmark = pytest.mark.usefixtures("php")

STEPS = ("moveHere", "moveBack", "SuspendAccount", "UnsuspendAccount", "TerminateAccount", "overdue",
         "pay", "cron")  # fmt: skip
SHARES = (8, 6, 3, 3, 1, 2, 3, 3)
NAMES = ("ann", "bob", "cay")
OFFICES, ROUNDS = 2, 4


def test_nothing_is_lost_and_all_agree(
    tmp_path: Path, new_database: Callable[[str], str], request: pytest.FixtureRequest
) -> None:
    chance = random.Random(29)
    rounds = ROUNDS * (4 if request.config.getoption("--long") else 1)
    portal = Portal(tmp_path, new_database("sqlite"), worker__retry_hours=1)
    house = portal.house
    try:
        sold = product(house)
        offices = [Office(portal, sold, *NAMES) for _ in range(OFFICES)]
        house.sim.control("/chaos", {"share": 0.15, "faults": FAULTS})
        with ThreadPoolExecutor(4) as pool:
            for _ in range(rounds):
                days = [chance.choices(STEPS, SHARES, k=3) for _ in offices]
                names = [chance.choice(NAMES) for _ in offices]
                done = [pool.submit(day, *each) for each in zip(offices, days, names, strict=True)]
                time.sleep(chance.uniform(0.1, 1.5))  # the random moment
                house.down()
                house.restart()
                for future in done:
                    future.result()
        house.sim.control("/chaos", {"share": 0})
        for office in offices:
            until(lambda office=office: not under_way(house), 120, pause=0.1)
        settle(house)
        for office in offices:
            assert len(office.company.there()) == len(NAMES), "one was lost"
            assert office.differences() == []
        assert house.whmcs.faults() == []
        activity = [str(row) for row in house.whmcs.state()["activity"]]
        assert [one for one in activity if "was moved from" in one]
    finally:
        portal.close()


def under_way(house: House) -> int:
    """How many moves are open after one more cron run, a minute later."""
    house.quiet(120)
    table = "FROM mod_enombridge_moves WHERE status != 'there'"
    with closing(sqlite3.connect(house.data, timeout=60)) as database, database:
        database.execute("UPDATE mod_enombridge_moves SET since = 1 WHERE status != 'there'")
    house.free()
    house.whmcs.cron()
    with closing(sqlite3.connect(house.data, timeout=60)) as database:
        return int(database.execute(f"SELECT count(*) {table}").fetchone()[0])


def day(office: Office, steps: list[str], name: str) -> None:
    for what in steps:
        step(office, what, office.singles[name])


def step(office: Office, what: str, single: int) -> None:
    whmcs, seats = office.whmcs, office.company.service
    if what in ("moveHere", "moveBack"):
        office.presses(what)
    elif what == "cron":
        whmcs.cron()
    elif what == "overdue" and office.status(seats) == "Active":
        office.invoice = whmcs.overdue(seats)
        whmcs.command(seats, "SuspendAccount")
    elif what == "pay" and office.invoice:
        whmcs.pay(office.invoice)
        whmcs.command(seats, "UnsuspendAccount")
    elif what == "TerminateAccount" and office.status(single) == "Cancelled":
        whmcs.command(single, what)
    elif what == "SuspendAccount" and office.status(single) == "Active":
        whmcs.command(single, what, reason="Asked for by the client")
    elif what == "UnsuspendAccount" and office.status(single) == "Suspended":
        whmcs.command(single, what)
