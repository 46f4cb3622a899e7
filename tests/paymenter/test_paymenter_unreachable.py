"""Paymenter cannot be reached from the bridge at all, and everything goes wrong that can: in the
end all three agree."""

import base64
import json
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pytest

from tests.support.billing import SECRET
from tests.support.paymenter import PATH, Company

pytestmark = pytest.mark.usefixtures("php")

PLANTED = "Planted&Pw<9>/+-.A"  # every character that HTML, URLs, JSON or base64 write otherwise
STEPS = ("overdue", "pay", "password", "renew", "cancel", "create", "work", "schedule", "lose")
SHARES = (6, 6, 3, 2, 1, 3, 6, 3, 2)
FAULTS = ["slow", "drop_after", "drop_before", "error_500", "error_500_after", "html", "cut"]


@pytest.mark.parametrize("callback", [False, True], ids=["unreachable", "reachable"])
def test_all_agree_after_a_month_of_accidents(
    callback: bool,
    tmp_path: Path,
    new_database: Callable[[str], str],
    request: pytest.FixtureRequest,
) -> None:
    company = Company(tmp_path, new_database("sqlite"), callback=callback)
    chance = random.Random(17 + callback)
    long = request.config.getoption("--long")
    try:
        orders = [company.ordered() for _ in range(16 if long else 6)]
        company.sim.control("/chaos", {"share": 0.15, "faults": FAULTS})
        for order in orders:
            company.shop.web("pay", by=company.customer, invoice=order["invoice"])
        with ThreadPoolExecutor(3) as pool:
            for _ in range(12 if long else 4):
                done = [
                    pool.submit(step, company, one, chance.choices(STEPS, SHARES)[0])
                    for one in orders
                ]
                time.sleep(chance.uniform(0.1, 1.0))  # the random moment
                company.down()
                company.restart()
                for one in done:
                    one.result()
        company.sim.control("/chaos", {"share": 0})
        settle(company)
        assert company.differences() == []
    finally:
        company.close()


def step(company: Company, order: dict[str, Any], what: str) -> None:
    """What a company's day brings to one service."""
    service, shop = order["service"], company.shop
    status = company.status(order)
    if order.get("cancelled"):  # Paymenter takes no more money for it
        what = "work" if what in STEPS[:5] else "schedule"
    if what == "overdue" and status == "active":
        order["owed"] = company.overdue(order)
        shop.cli("cron")
    elif what == "pay" and (invoice := order.pop("owed", 0)):
        shop.web("pay", by=company.customer, invoice=invoice)
    elif what == "password" and status == "active":
        given = {"_token": "a-csrf-token", "mailbox_password": f"Another-Pass.{service:02}"}
        shop.submit(f"{PATH}/password/{service}", company.customer, **given)
    elif what == "renew" and status == "active":
        invoice = int(shop.cli("renewal", service=service)["invoice"])
        shop.web("pay", by=company.customer, invoice=invoice)
    elif what == "cancel" and status in ("active", "suspended"):
        order["cancelled"] = True
        shop.web("cancel", by=company.customer, service=service, type="immediate")
    elif what == "create" and status == "pending":
        company.trigger(order, "createServer")
    elif what in ("work", "schedule"):
        shop.cli(what)
    elif what == "lose":
        shop.rows("DELETE FROM jobs")


def settle(company: Company) -> None:
    """Workers and the scheduler run until nothing is pending any more."""
    for _ in range(30):
        company.work()
        company.quiet(120)
        if not company.pending():
            return
        company.later()
    raise AssertionError(f"still pending: {company.pending()}, {company.told()[-4000:]}")


def test_no_secret_is_written_anywhere(tmp_path: Path, new_database: Callable[[str], str]) -> None:
    company = Company(tmp_path, new_database("sqlite"))
    try:
        order = company.active()
        form = f"{PATH}/password/{order['service']}"

        def wish(password: str) -> None:
            given = {"_token": "a-csrf-token", "mailbox_password": password}
            assert company.shop.submit(form, company.customer, **given) == 302

        wish(PLANTED)
        company.slow("ModifyPOP3")
        wish(PLANTED.swapcase())
        company.quiet()
        company.down()
        wish(PLANTED + "x")
        company.shop.cli("schedule")
        company.overdue(order)
        company.cron()  # failed jobs keep traces, with the arguments in them
        mailbox = company.sim.control("/state")["domains"][order["address"][5:]]["mailboxes"]
        current = str(mailbox[order["address"]]["password"])
        written = {
            "database": json.dumps(company.shop.cli("state")),
            "web server's log": company.shop.log.read_text(),
            "bridge": company.config.with_suffix(".log").read_text(),
        }
        assert "Stack trace" in written["database"]
    finally:
        company.close()
    for secret in (PLANTED, PLANTED.swapcase(), PLANTED + "x", current, SECRET, SECRET[6:]):
        spellings = {
            secret,
            quote_plus(secret),
            json.dumps(secret)[1:-1],
            base64.b64encode(secret.encode()).decode(),
            secret.encode().hex(),
        }
        for where, text in written.items():
            found = [spelling for spelling in spellings if spelling in text]
            assert not found, f"a secret stands in the {where}"
