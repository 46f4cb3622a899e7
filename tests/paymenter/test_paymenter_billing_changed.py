"""What Paymenter asked for while it could not be done, and what happened to it until it could: is
it still wanted?"""

from typing import Any

import pytest

from tests.support.billing import until
from tests.support.paymenter import Company

LATER = "2099-01-01 00:00:00"
NEW, SUSPENDED, TERMINATED = "new_server_created", "server_suspended", "server_terminated"


def terminated_while_away(company: Company) -> dict[str, Any]:
    order = company.active()
    company.overdue(order, days=20)
    company.down()
    assert any("cannot be reached" in said for said in company.cron())
    assert company.status(order) != "cancelled"
    return order


def edit(company: Company, order: dict[str, Any], **values: str) -> None:
    company.shop.web("edit", by=company.staff, service=order["service"], values=values)


@pytest.mark.parametrize(
    "change",
    [{"expires_at": LATER}, {"price": "7.00"}, {"status": "pending"}],
    ids=["due later", "another price", "another status"],
)
def test_a_termination_is_dropped_once_anything_changed(
    company: Company, change: dict[str, str]
) -> None:
    order = terminated_while_away(company)
    edit(company, order, **change)
    company.back()
    assert company.at_enom(order) == "active"
    assert company.pending() == []
    assert "was not done" in company.audited(order)
    edit(company, order, status="active", expires_at=LATER)
    company.work()


def test_a_termination_is_dropped_once_the_customer_has_paid(company: Company) -> None:
    order = company.active()
    invoice = company.overdue(order, days=5)
    assert company.cron() == []
    company.shop.rows(
        "UPDATE services SET expires_at = '2020-01-01' WHERE id = ?", order["service"]
    )
    company.down()
    company.cron()
    assert company.status(order) == "suspended"
    company.shop.rows("UPDATE invoices SET status = 'pending' WHERE id = ?", invoice)
    company.pay(invoice)
    company.back()
    company.becomes(order, "active")
    assert company.at_enom(order) == "active"
    assert TERMINATED not in company.mails(order)


def test_a_termination_that_is_still_wanted_is_sent_again(company: Company) -> None:
    order = terminated_while_away(company)
    company.back()
    company.becomes(order, "cancelled")
    assert company.at_enom(order) == "absent"
    until(lambda: company.mails(order) == [NEW, TERMINATED])


def test_a_job_that_waited_for_a_worker_does_not_end_a_customer_who_came_back(
    company: Company,
) -> None:
    order = company.active()
    company.overdue(order, days=20)
    company.shop.cli("cron")
    assert company.status(order) == "cancelled"
    edit(company, order, status="active", expires_at=LATER)
    assert [said.partition(":")[0] for said in company.work()] == [
        "Not suspended",
        "Not terminated",
    ]
    assert (company.status(order), company.at_enom(order)) == ("active", "active")


def test_a_failed_job_that_is_retried_months_later_does_nothing_that_is_not_due(
    company: Company,
) -> None:
    order = terminated_while_away(company)
    edit(company, order, status="active", expires_at=LATER)
    company.back()
    company.shop.cli("retry")
    assert any("Not terminated" in said for said in company.work())
    assert (company.status(order), company.at_enom(order)) == ("active", "active")


def test_a_cancellation_that_was_taken_back_is_no_reason_for_ever(company: Company) -> None:
    order = company.active()
    company.down()
    company.shop.web("cancel", by=company.customer, service=order["service"], type="immediate")
    company.work()
    edit(company, order, status="active", price="6.00")
    company.back()
    day = "UPDATE service_cancellations SET created_at = '2020-01-01 00:00:00' WHERE service_id = ?"
    company.shop.rows(day, order["service"])
    company.shop.cli("retry")
    assert any("Not terminated" in said for said in company.work())
    assert (company.status(order), company.at_enom(order)) == ("active", "active")


def test_a_customer_who_cancels_while_the_bridge_is_away_is_ended(company: Company) -> None:
    order = company.active()
    company.down()
    company.shop.web("cancel", by=company.customer, service=order["service"], type="immediate")
    company.work()
    company.back()
    company.becomes(order, "cancelled")
    assert company.at_enom(order) == "absent"


def test_what_staff_ended_by_hand_is_ended(company: Company) -> None:
    order = company.active()
    company.down()
    assert "cannot be reached" in company.trigger(order, "terminateServer")
    edit(company, order, expires_at=LATER)
    assert company.work() == ["Not renewed: staff has this service terminated."]
    company.back()
    company.becomes(order, "cancelled")
    assert company.at_enom(order) == "absent"
    assert company.mails(order) == [NEW]  # staff did not ask for a mail


def test_the_customer_pays_while_the_suspension_waits(company: Company) -> None:
    order = company.active()
    invoice = company.overdue(order)
    company.down()
    company.cron()
    company.pay(invoice)
    company.back()
    assert (company.status(order), company.at_enom(order)) == ("active", "active")
    assert company.mails(order) == [NEW]


def test_the_customer_pays_while_the_suspension_is_under_way(company: Company) -> None:
    order = company.active()
    invoice = company.overdue(order)
    company.slow("change_user", 5)
    assert "In progress" in company.cron()[0]
    company.pay(invoice)
    company.quiet()
    company.becomes(order, "active")
    until(lambda: company.at_enom(order) == "active")
    company.quiet()


def test_the_customer_pays_while_the_job_runs(company: Company) -> None:
    order = company.active()
    invoice = company.overdue(order)
    company.slow("change_user", 1.2)
    company.shop.cli("cron")
    worker = company.shop.process("work")
    until(lambda: order["service"] in company.pending(), 60, pause=0.05)
    company.shop.web("pay", by=company.customer, invoice=invoice)
    worker.communicate(timeout=120)
    company.work()
    company.quiet()
    company.becomes(order, "active")
    until(lambda: company.at_enom(order) == "active")
    company.quiet()


def test_a_payment_finds_the_service_busy_and_waits(company: Company) -> None:
    order = company.active()
    invoice = company.overdue(order)
    assert company.cron() == []
    company.shop.web("pay", by=company.customer, invoice=invoice)
    hold = "UPDATE ext_enombridge SET lock_owner = 'another', lock_until = ? WHERE service = ?"
    company.shop.rows(hold, 2**33, order["service"])
    worker = company.shop.process("work")
    with pytest.raises(Exception, match="timed out"):
        worker.communicate(timeout=5)
    company.shop.rows(hold, 1, order["service"])
    worker.communicate(timeout=120)
    assert (company.status(order), company.at_enom(order)) == ("active", "active")


def test_a_cron_that_is_rolled_back_asked_for_nothing(company: Company) -> None:
    order = company.active()
    invoice = company.overdue(order, days=20)
    company.shop.cli("cron", fails=True)
    assert company.work() == []
    assert (company.status(order), company.at_enom(order)) == ("active", "active")
    company.pay(invoice)


def test_a_changed_address_is_not_ignored(company: Company) -> None:
    order = company.active()
    company.shop.web("rename", service=order["service"], mailbox="other@example.test")
    assert "cannot be renamed" in company.trigger(order, "createServer")
    company.overdue(order)
    assert company.cron() == []
    assert company.at_enom(order) == "suspended"
    company.shop.web("rename", service=order["service"], mailbox=order["address"])


def test_a_service_that_never_had_a_mailbox_can_be_ended(company: Company) -> None:
    order = company.ordered()
    company.shop.web("rename", service=order["service"], mailbox="nobody@" + order["address"][5:])
    edit(company, order, status="active", expires_at=LATER)
    assert company.trigger(order, "suspendServer") == ""
    assert company.trigger(order, "terminateServer") == ""
    assert company.status(order) == "cancelled"


def test_staff_is_told_of_a_mailbox_whose_service_is_deleted(company: Company) -> None:
    order, other = company.active(), company.active()
    deleted = {"service": order["service"], "terminates": True}
    assert company.shop.web("delete", by=company.staff, **deleted)["error"] == ""
    assert company.at_enom(order) == "absent"
    assert company.alerts(order["address"]) == []
    deleted = {"service": other["service"], "terminates": False}
    company.shop.web("delete", by=company.staff, **deleted)
    assert len(company.alerts(f"mailboxes show {other['address']}")) == 1


def test_a_wish_for_a_password_waits_and_is_kept_once_it_is_set(company: Company) -> None:
    order = company.active()
    company.down()
    form = f"extensions/servers/enom-bridge/password/{order['service']}"
    given = {"_token": "a-csrf-token", "mailbox_password": "Another-Pass.07"}
    assert company.shop.submit(form, company.customer, **given) == 302
    (said,) = company.shop.rows("SELECT text, kind FROM notices ORDER BY id DESC LIMIT 1")
    assert "as soon as possible" in said[0] and said[1] == "success"
    company.back()
    until(lambda: company.pending() == [])
    assert (
        company.sim.control("/state")["domains"][order["address"][5:]]["mailboxes"][
            order["address"]
        ]["password"]
        == "Another-Pass.07"
    )


def test_cron_does_not_suspend_what_its_customer_has_cancelled(company: Company) -> None:
    order = company.active()
    company.overdue(order)
    company.down()
    company.shop.web("cancel", by=company.customer, service=order["service"], type="immediate")
    company.work()
    company.cron()
    company.back()
    company.becomes(order, "cancelled")
    assert company.at_enom(order) == "absent"
    assert SUSPENDED not in company.mails(order)


def test_a_suspension_does_not_take_the_place_of_a_creation(company: Company) -> None:
    order = company.ordered()
    company.down()
    company.shop.web("pay", by=company.customer, invoice=order["invoice"])
    company.overdue(order)
    edit(company, order, status="active")  # else Paymenter's cron does not see it
    said = company.cron()
    assert "cannot be reached" in said[0] and "still being created" in said[1]
    assert company.status(order) == "pending"
    company.back()
    company.becomes(order, "active")
    assert company.at_enom(order) == "active"
    assert company.cron() == []
    assert company.at_enom(order) == "suspended"


def test_a_creation_that_is_retried_gives_nothing_back(company: Company) -> None:
    order = company.ordered()
    company.down()
    company.pay(order["invoice"])
    company.back()
    company.becomes(order, "active")
    company.overdue(order)
    assert company.cron() == []
    company.shop.rows("DELETE FROM failed_jobs WHERE payload NOT LIKE '%CreateJob%'")
    company.shop.cli("retry")
    assert "Not created: by now the service is suspended." in company.work()
    assert (company.status(order), company.at_enom(order)) == ("suspended", "suspended")


def test_cron_suspends_while_the_creation_runs(company: Company) -> None:
    order = company.ordered()
    company.slow("SetUpPOP3User", 1.2)
    company.shop.web("pay", by=company.customer, invoice=order["invoice"])
    company.overdue(order)
    worker = company.shop.process("work")
    until(lambda: order["service"] in company.pending(), 60, pause=0.05)
    edit(company, order, status="suspended")
    worker.communicate(timeout=120)
    company.quiet()
    company.becomes(order, "active")
    assert company.at_enom(order) == "active"
    assert "was not done" not in company.audited(order)


def test_who_cancels_while_the_creation_waits_gets_no_mailbox(company: Company) -> None:
    order = company.ordered()
    company.down()
    company.pay(order["invoice"])
    company.shop.web("cancel", by=company.customer, service=order["service"], type="immediate")
    company.work()
    company.back()
    assert (company.status(order), company.at_enom(order)) == ("cancelled", "absent")
    assert company.mails(order) == []


def test_of_a_mailbox_that_was_created_for_a_customer_who_cancelled_staff_hears(
    company: Company,
) -> None:
    order = company.ordered()
    company.slow("SetUpPOP3User", 5)
    assert "In progress" in company.pay(order["invoice"])[0]
    company.shop.web("cancel", by=company.customer, service=order["service"], type="immediate")
    company.work()
    company.quiet()
    company.shop.cli("schedule")
    assert (company.status(order), company.at_enom(order)) == ("cancelled", "active")
    assert len(company.alerts("Decide which is right")) == 1
    assert company.trigger(order, "terminateServer") == ""
    assert company.at_enom(order) == "absent"
