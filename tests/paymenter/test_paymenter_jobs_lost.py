"""A job of Paymenter that is lost, and one that overtakes the request that has queued it: neither
may leave a service that says something else than Enom for ever."""

from tests.support.billing import until
from tests.support.paymenter import Company

NEW = "new_server_created"


def overtaken(company: Company, invoice: int) -> list[str]:
    """Paid; a worker has done the job before Paymenter writes "active"."""
    paid = {"invoice": invoice, "overtaken": True}
    return [str(said) for said in company.shop.cli("pay", **paid)["said"]]


def test_a_creation_whose_job_is_lost_is_done_from_the_scheduler(company: Company) -> None:
    order = company.ordered()
    company.shop.web("pay", by=company.customer, invoice=order["invoice"])
    company.lose_jobs()
    assert (company.status(order), company.at_enom(order)) == ("pending", "absent")
    company.later()
    company.becomes(order, "active")
    assert company.at_enom(order) == "active"
    until(lambda: company.mails(order) == [NEW])


def test_a_job_that_only_waits_is_not_overtaken_by_the_scheduler(company: Company) -> None:
    order = company.ordered()
    company.shop.web("pay", by=company.customer, invoice=order["invoice"])
    company.shop.cli("schedule")
    assert company.at_enom(order) == "absent"
    assert company.work() == []
    assert (company.status(order), company.at_enom(order)) == ("active", "active")
    assert company.mails(order) == [NEW]


def test_suspension_payment_and_cancellation_are_done_without_their_jobs(company: Company) -> None:
    order = company.active()
    invoice = company.overdue(order)
    company.shop.cli("cron")
    company.lose_jobs()
    company.later()
    until(lambda: company.at_enom(order) == "suspended")
    company.quiet()
    company.becomes(order, "suspended")

    company.shop.web("pay", by=company.customer, invoice=invoice)
    company.lose_jobs()
    company.later()
    until(lambda: company.at_enom(order) == "active")
    company.quiet()
    company.becomes(order, "active")

    company.shop.web("cancel", by=company.customer, service=order["service"], type="immediate")
    company.lose_jobs()
    company.later()
    until(lambda: company.at_enom(order) == "absent")
    company.becomes(order, "cancelled")


def test_a_lost_suspension_is_forgotten_when_it_is_paid(company: Company) -> None:
    order = company.active()
    invoice = company.overdue(order)
    company.shop.cli("cron")
    company.lose_jobs()
    assert company.pay(invoice) == []
    company.later()
    company.quiet()
    assert (company.status(order), company.at_enom(order)) == ("active", "active")


def test_a_renewal_and_an_upgrade_are_done_without_their_jobs(company: Company) -> None:
    order = company.active()
    upgraded = {"service": order["service"], "product": company.products["large"]}
    company.shop.web("upgrade", by=company.customer, **upgraded)
    renewal = company.shop.cli("renewal", service=order["service"])["invoice"]
    company.shop.web("pay", by=company.customer, invoice=renewal)
    company.lose_jobs()
    assert order["service"] in company.pending()
    company.later()
    until(lambda: company.pending() == [], why=company.told)
    assert "25 GB" in company.enom_bridge("mailboxes", "show", order["address"])
    assert "renew" in company.enom_bridge("jobs", "list", "--address", order["address"])


def test_a_creation_that_waits_is_pending_even_if_its_job_was_quicker_than_paymenter(
    company: Company,
) -> None:
    order = company.ordered()
    company.down()
    assert "cannot be reached" in overtaken(company, order["invoice"])[0]
    assert company.status(order) == "pending"
    company.back()
    company.becomes(order, "active")
    assert company.at_enom(order) == "active"
    until(lambda: company.mails(order) == [NEW])


def test_a_creation_that_fails_is_pending_even_if_its_job_was_quicker_than_paymenter(
    company: Company,
) -> None:
    order = company.ordered()
    company.shop.web("rename", service=order["service"], mailbox="jane@nobodys.test")
    assert "Failed" in overtaken(company, order["invoice"])[0]
    company.shop.web("rename", service=order["service"], mailbox=order["address"])
    assert (company.status(order), company.pending()) == ("pending", [])
    assert company.mails(order) == []


def test_a_creation_that_is_done_is_active_whoever_was_quicker(company: Company) -> None:
    order = company.ordered()
    assert overtaken(company, order["invoice"]) == []
    assert (company.status(order), company.at_enom(order)) == ("active", "active")
    assert company.mails(order) == [NEW]


def test_an_unsuspension_that_waits_is_not_shown_as_done(company: Company) -> None:
    order = company.active()
    invoice = company.overdue(order)
    assert company.cron() == []
    company.down()
    assert "cannot be reached" in overtaken(company, invoice)[0]
    assert company.status(order) == "suspended"
    company.back()
    company.becomes(order, "active")
    until(lambda: company.at_enom(order) == "active")
