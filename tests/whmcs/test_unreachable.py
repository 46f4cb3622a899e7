"""WHMCS cannot be reached from the bridge at all, and everything goes wrong that can: in the end
all three agree."""

import base64
import json
import random
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pytest

from tests.support.billing import SECRET
from tests.support.house import House

pytestmark = pytest.mark.usefixtures("php")

PLANTED = (
    "Planted&Pw<9>/+-.A"  # every character that one of HTML, URLs, JSON or base64 writes otherwise
)
STEPS = ("overdue", "pay", "password", "renew", "terminate", "create", "cron")
SHARES = (6, 6, 3, 2, 2, 3, 4)
FAULTS = [
    "slow",
    "drop_after",
    "drop_before",
    "error_500",
    "error_500_after",
    "html",
    "cut",
    "empty",
]


@pytest.mark.parametrize("callback", [False, True], ids=["unreachable", "reachable"])
def test_all_agree_after_a_month_of_accidents(
    callback: bool,
    tmp_path: Path,
    new_database: Callable[[str], str],
    request: pytest.FixtureRequest,
) -> None:
    house = House(tmp_path, new_database("sqlite"), callback=callback, worker__retry_hours=1)
    chance = random.Random(11 + callback)
    long = request.config.getoption("--long")
    try:
        services = [
            {"order": house.ordered(how=how)} for how in ("wait", "success") * (12 if long else 4)
        ]
        house.sim.control("/chaos", {"share": 0.15, "faults": FAULTS})
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda one: house.whmcs.pay(one["order"]["invoice"]), services))
            for _ in range(12 if long else 4):
                done = [
                    pool.submit(step, house, one, chance.choices(STEPS, SHARES)[0])
                    for one in services
                ]
                time.sleep(chance.uniform(0.1, 1.0))  # the random moment
                house.down()
                house.restart()
                for one in done:
                    one.result()
        house.sim.control("/chaos", {"share": 0})
        settle(house)
        assert house.differences() == []
        for one in services:
            assert house.welcomed(one["order"]) <= 1 + one.get("created", 0)
    finally:
        house.close()


def step(house: House, one: dict[str, Any], what: str) -> None:
    """What a company's day brings to one service."""
    service, whmcs = one["order"]["service"], house.whmcs
    status = house.status(one["order"])
    if what == "overdue" and status == "Active":
        one["invoice"] = whmcs.overdue(service)
        whmcs.command(service, "SuspendAccount")
    elif what == "pay" and (invoice := one.pop("invoice", 0)):
        whmcs.pay(invoice)
    elif what == "password" and status == "Active":
        whmcs.change_password(service, f"Another-Pass.{service:02}")
    elif what == "renew" and status == "Active":
        whmcs.pay(whmcs.renewal(service))
    elif what == "terminate" and status in ("Active", "Suspended"):
        whmcs.command(service, "TerminateAccount")
    elif what == "create" and status in ("Pending", "Terminated"):
        one["created"] = one.get("created", 0) + 1
        whmcs.command(service, "CreateAccount")
    elif what == "cron":
        whmcs.cron()


def settle(house: House) -> None:
    """Cron runs until nothing is pending any more."""
    for _ in range(30):
        house.quiet(120)
        if not house.pending():
            return
        house.later()
        house.whmcs.cron()
    raise AssertionError(
        f"still pending: {house.pending()}, {house.whmcs.state()['activity'][-20:]}"
    )


def test_no_secret_is_written_anywhere(tmp_path: Path, new_database: Callable[[str], str]) -> None:
    house = House(tmp_path, new_database("sqlite"))
    try:
        order = house.active()
        house.whmcs.change_password(order["service"], PLANTED)
        house.slow("ModifyPOP3")
        house.whmcs.change_password(order["service"], PLANTED.swapcase())
        house.quiet()
        house.down()
        house.whmcs.change_password(order["service"], PLANTED + "x")
        house.whmcs.cron()
        current = house.whmcs.service(order["service"])["password"]
        state = {
            name: rows
            for name, rows in house.whmcs.state().items()
            if name not in ("services", "emails")
        }
        written = {"state": json.dumps(state), "web server's log": house.whmcs.log.read_text()}
        with sqlite3.connect(house.data) as database:
            written["database"] = "\n".join(database.iterdump())
        database.close()
        written["bridge"] = house.config.with_suffix(".log").read_text()
    finally:
        house.close()
    for secret in (
        PLANTED,
        PLANTED.swapcase(),
        PLANTED + "x",
        current,
        SECRET,
        SECRET.removeprefix("whsec_"),
    ):
        spellings = {
            secret,
            quote_plus(secret),
            json.dumps(secret)[1:-1],
            base64.b64encode(secret.encode()).decode(),
            secret.encode().hex(),
        }
        for where, text in written.items():
            assert not [spelling for spelling in spellings if spelling in text], (
                f"a secret stands in the {where}"
            )
