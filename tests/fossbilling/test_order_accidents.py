"""FOSSBilling cannot be reached from the bridge at all, and everything goes wrong that can: in the
end all three agree."""

import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.support.firm import Firm, day
from tests.support.programs import needed

STEPS = ("overdue", "pay", "password", "renew", "cancel", "uncancel", "activate", "cron")
SHARES = (6, 6, 3, 2, 2, 3, 2, 4)
FAULTS = ["slow", "drop_after", "drop_before", "error_500", "error_500_after", "html", "cut"]


@pytest.mark.parametrize("callback", [False, True], ids=["unreachable", "reachable"])
def test_all_agree_after_a_month_of_accidents(
    callback: bool,
    tmp_path: Path,
    new_database: Callable[[str], str],
    request: pytest.FixtureRequest,
) -> None:
    needed("php")
    firm = Firm(tmp_path, new_database("sqlite"), callback=callback, worker__retry_hours=1)
    chance = random.Random(7 + callback)
    long = request.config.getoption("--long")
    try:
        hows = ("wait", "success") * (12 if long else 3)
        orders: list[dict[str, Any]] = [firm.ordered(how) for how in hows]
        firm.sim.control("/chaos", {"share": 0.15, "faults": FAULTS})
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda order: firm.billing.pay(order["invoice"]), orders))
            for _ in range(12 if long else 4):
                steps = [
                    pool.submit(step, firm, one, chance.choices(STEPS, SHARES)[0]) for one in orders
                ]
                time.sleep(chance.uniform(0.1, 1.0))  # the random moment
                firm.down()
                firm.restart()
                for one in steps:
                    one.result()
        firm.sim.control("/chaos", {"share": 0})
        settle(firm)
        assert firm.differences() == []
    finally:
        firm.close()


def step(firm: Firm, order: dict[str, Any], what: str) -> None:
    """What a company's day brings to one order."""
    billing, id, status = firm.billing, order["id"], firm.status(order)
    if what == "overdue" and status == "active":
        order["renewal"] = firm.overdue(order)
        billing.staff("suspend", id, reason="Not paid")
    elif what == "pay" and (invoice := order.pop("renewal", 0)):
        billing.pay(invoice)
    elif what == "password" and status == "active":
        billing.api("client", "change_password", order_id=id, password=f"Another-Pass.{id:02}")
    elif what == "renew" and status == "active":
        billing.pay(billing.renewal(id))
    elif what == "cancel" and status in ("active", "suspended"):
        billing.staff("cancel", id)
    elif what == "uncancel" and status == "canceled":
        billing.staff("uncancel", id)
    elif what == "activate" and status in ("pending_setup", "failed_setup"):
        billing.staff("activate", id)
    elif what == "cron":
        billing.cron()


def settle(firm: Firm) -> None:
    """Cron runs until nothing is pending any more; nobody is overdue by then."""
    for order in firm.billing.state()["orders"]:
        if order["expires_at"]:
            firm.billing.call("set", id=order["id"], values={"expires_at": day(30)})
    for _ in range(30):
        firm.quiet(120)
        if not firm.pending():
            return
        firm.later()
        firm.billing.cron()
    raise AssertionError(
        f"still pending: {firm.pending()}, {firm.billing.state()['history'][-20:]}"
    )
