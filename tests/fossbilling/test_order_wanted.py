"""What FOSSBilling asked for while it could not be done, and what happened to it until it could:
is it still wanted?"""

from typing import Any

import pytest

from tests.support.billing import until
from tests.support.firm import Firm, day


def unpaid_for_long(firm: Firm) -> tuple[dict[str, Any], int]:
    """A suspended order that the next cron run cancels, and the invoice that would renew it."""
    order = firm.active()
    invoice = firm.overdue(order, 20)
    firm.billing.cron()
    firm.becomes(order, "suspended")
    firm.billing.call("set", id=order["id"], values={"suspended_at": day(-10)})
    return order, invoice


def test_the_customer_pays_while_the_suspension_waits(firm: Firm) -> None:
    order = firm.active()
    invoice = firm.overdue(order)
    firm.down()
    firm.billing.cron()
    firm.billing.pay(invoice)
    firm.back()
    assert (firm.status(order), firm.at_enom(order["address"])) == ("active", "active")
    until(lambda: firm.pending() == [])


def test_the_customer_pays_while_the_suspension_is_under_way(firm: Firm) -> None:
    order = firm.active()
    invoice = firm.overdue(order)
    firm.slow("change_user", 5)
    firm.billing.cron()
    assert firm.status(order) == "active"
    firm.billing.pay(invoice)
    firm.quiet()
    firm.becomes(order, "active")
    until(lambda: firm.at_enom(order["address"]) == "active")
    firm.quiet()


def test_who_pays_before_the_cancellation_is_carried_out_keeps_the_mailbox(firm: Firm) -> None:
    order, invoice = unpaid_for_long(firm)
    firm.down()
    firm.billing.cron()
    assert firm.status(order) == "suspended"
    expires = firm.billing.order(order["id"])["expires_at"]
    firm.billing.pay(invoice)
    assert firm.status(order) == "active", "FOSSBilling renews a paid order once, so it does it now"
    assert firm.billing.order(order["id"])["expires_at"] > expires
    firm.back()
    until(lambda: firm.pending() == [])
    assert (firm.status(order), firm.at_enom(order["address"])) == ("active", "active")
    assert "SetUpPOP3User" in str(firm.sim.control("/history"))


def test_a_cancellation_that_is_still_wanted_is_sent_again(firm: Firm) -> None:
    order, _ = unpaid_for_long(firm)
    firm.down()
    firm.billing.cron()
    firm.back()
    firm.becomes(order, "canceled")
    assert firm.billing.order(order["id"])["reason"] == "Not paid for long"
    assert firm.at_enom(order["address"]) == "absent"


def test_a_cancellation_by_cron_is_dropped_once_staff_moved_the_date(firm: Firm) -> None:
    order, _ = unpaid_for_long(firm)
    firm.down()
    firm.billing.cron()
    firm.billing.staff("update", order["id"], data={"expires_at": day(60)})
    firm.billing.call("set", id=order["id"], values={"suspended_at": day(0)})
    firm.back()
    until(lambda: firm.pending() == [])
    assert (firm.status(order), firm.at_enom(order["address"])) == ("suspended", "suspended")
    assert [line for line in firm.billing.history(order["id"]) if "was not done" in line]


def test_what_staff_canceled_by_hand_is_canceled(firm: Firm) -> None:
    order = firm.active()
    firm.down()
    assert "cannot be reached" in firm.billing.staff("cancel", order["id"])
    firm.billing.staff("update", order["id"], data={"expires_at": day(60)})
    firm.back()
    firm.becomes(order, "canceled")
    assert firm.at_enom(order["address"]) == "absent"


@pytest.mark.parametrize("how", ["slow", "down"])
def test_a_paid_renewal_of_a_suspended_order_is_not_lost(firm: Firm, how: str) -> None:
    order = firm.active()
    invoice = firm.overdue(order)
    firm.billing.cron()
    firm.becomes(order, "suspended")
    if how == "slow":
        firm.slow("change_user", 4)
    else:
        firm.down()
    expires = firm.billing.order(order["id"])["expires_at"]
    firm.billing.pay(invoice)
    assert firm.status(order) == "active"
    assert firm.billing.order(order["id"])["expires_at"] > expires
    page = firm.billing.call("page", "client", id=order["id"], role="client")["service"]
    assert page["state"] == "progress"
    if how == "down":
        firm.back()
    until(lambda: firm.pending() == [])
    assert firm.at_enom(order["address"]) == "active"


def test_a_canceled_order_that_is_paid_again_has_its_mailbox_again(firm: Firm) -> None:
    order = firm.active()
    invoice = firm.billing.renewal(order["id"])
    assert firm.billing.staff("cancel", order["id"]) == ""
    assert firm.at_enom(order["address"]) == "absent"
    firm.billing.pay(invoice)
    assert firm.status(order) == "active"
    until(lambda: firm.at_enom(order["address"]) == "active")
    firm.quiet()


def test_staff_renews_a_suspended_order(firm: Firm) -> None:
    order = firm.active()
    assert firm.billing.staff("suspend", order["id"]) == ""
    assert firm.billing.staff("renew", order["id"]) == ""
    until(lambda: firm.at_enom(order["address"]) == "active")
    firm.quiet()


def test_a_paid_order_stays_active_when_the_mailbox_cannot_be_given_back(firm: Firm) -> None:
    order = firm.active()
    invoice = firm.overdue(order)
    firm.billing.cron()
    firm.becomes(order, "suspended")
    firm.sim.control("/mailboxes/delete", {"address": order["address"]})
    until(lambda: firm.at_enom(order["address"]) == "absent")
    firm.billing.pay(invoice)
    firm.quiet()
    until(lambda: firm.pending() == [])
    assert "alert" in firm.billing.mails(order["id"], "staff")
    firm.billing.staff("cancel", order["id"])
    firm.quiet()


def test_a_checkout_that_is_paid_at_once_is_not_undone(firm: Firm) -> None:
    order = firm.ordered(paid="credits")
    assert firm.status(order) == "active", "nothing is sent inside of FOSSBilling's transaction"
    assert firm.at_enom(order["address"]) == "absent"
    page = firm.billing.call("page", "client", id=order["id"], role="client")["service"]
    assert page["state"] == "progress"
    firm.billing.cron()
    until(lambda: firm.at_enom(order["address"]) == "active")
    firm.quiet()
    until(lambda: firm.pending() == [])


def test_of_a_checkout_that_cannot_be_carried_out_staff_hears(firm: Firm) -> None:
    order = firm.ordered(paid="credits", address="jane@not-in-the-account.test")
    firm.billing.cron()
    firm.quiet()
    firm.billing.cron()
    assert firm.status(order) == "failed_setup"
    assert "alert" in firm.billing.mails(order["id"], "staff")
    assert firm.billing.staff("delete", order["id"]) == ""
