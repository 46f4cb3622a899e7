"""Mailboxes that wait for their deletion, and orders that are deleted whatever their mailbox does."""

from collections.abc import Callable, Iterator

import pytest

from tests.support.billing import until
from tests.support.firm import Firm, day
from tests.support.programs import needed


@pytest.fixture(scope="module")
def firm(
    tmp_path_factory: pytest.TempPathFactory, new_database: Callable[[str], str]
) -> Iterator[Firm]:
    needed("php")
    folder = tmp_path_factory.mktemp("grace")
    firm = Firm(folder, new_database("sqlite"), safety__terminate_grace_days=7)
    yield firm
    firm.close()


def test_an_uncanceled_order_has_the_mailbox_that_it_had(firm: Firm) -> None:
    order = firm.active()
    assert firm.billing.staff("cancel", order["id"]) == ""
    assert (firm.status(order), firm.at_enom(order["address"])) == ("canceled", "suspended")
    assert firm.billing.staff("uncancel", order["id"]) == ""
    assert (firm.status(order), firm.at_enom(order["address"])) == ("active", "active")
    made = [one for one in firm.sim.control("/history")["history"] if is_creation(one, order)]
    assert len(made) == 1


def test_a_cancellation_that_came_through_is_lifted_by_the_payment(firm: Firm) -> None:
    order = firm.active()
    invoice = firm.overdue(order, 20)
    firm.billing.cron()
    firm.becomes(order, "suspended")
    firm.billing.call("set", id=order["id"], values={"suspended_at": day(-10)})
    firm.relay.mode = "keep"
    firm.pause()
    firm.billing.cron()
    firm.resume()
    firm.quiet()
    assert firm.status(order) == "suspended", "FOSSBilling does not know yet that it was done"
    firm.billing.pay(invoice)
    firm.relay.mode = "pass"
    firm.relay.release()
    firm.later()
    firm.billing.cron()
    firm.quiet()
    until(lambda: firm.pending() == [])
    assert (firm.status(order), firm.at_enom(order["address"])) == ("active", "active")


def test_what_is_deleted_by_force_keeps_its_mailbox(firm: Firm) -> None:
    order = firm.active()
    firm.down()
    assert "cannot be reached" in firm.billing.staff("delete", order["id"])
    assert firm.status(order) == "active"
    assert firm.billing.staff("delete", order["id"], data={"force": 1}) == ""
    assert firm.status(order) == "gone"
    firm.back()
    until(lambda: firm.pending() == [])
    assert firm.at_enom(order["address"]) == "active"
    assert firm.billing.state()["faults"] == []


def is_creation(call: dict[str, str], order: dict[str, str]) -> bool:
    domain = order["address"].partition("@")[2]
    return (call["command"], call["domain"]) == ("SetUpPOP3User", domain)
