"""One mailbox from order to termination, and everything that can come between Paymenter and the
bridge meanwhile."""

import time

import pytest

from tests.support.billing import until
from tests.support.paymenter import PATH, Company

NEW, SUSPENDED, TERMINATED = "new_server_created", "server_suspended", "server_terminated"


def test_from_order_to_termination(company: Company) -> None:
    order = company.ordered()
    company.slow("SetUpPOP3User")
    (said,) = company.pay(order["invoice"])
    assert "In progress" in said
    assert (company.status(order), company.mails(order)) == ("pending", [])
    company.becomes(order, "active")
    company.quiet()
    assert company.mails(order) == [NEW]

    invoice = company.overdue(order)
    assert company.cron() == []
    assert (company.status(order), company.at_enom(order)) == ("suspended", "suspended")
    assert company.pay(invoice) == []
    assert (company.status(order), company.at_enom(order)) == ("active", "active")

    upgraded = {"service": order["service"], "product": company.products["large"]}
    company.shop.web("upgrade", by=company.customer, **upgraded)
    assert company.work() == []
    assert company.pay(company.shop.cli("renewal", service=order["service"])["invoice"]) == []
    company.shop.web("cancel", by=company.customer, service=order["service"], type="immediate")
    assert company.work() == []
    assert (company.status(order), company.at_enom(order)) == ("cancelled", "absent")
    assert company.mails(order) == [NEW, SUSPENDED, TERMINATED]


def test_the_customers_page(company: Company) -> None:
    order = company.active()
    page = company.shop.web("page", by=company.customer, service=order["service"])
    assert [one["type"] for one in page["actions"]] == ["view", "text", "button"]
    assert page["actions"][1]["text"] == order["address"]
    assert "mail.hostedemail.com, port 993" in page["html"] and "Ready" in page["html"]
    form = f"{PATH}/password/{order['service']}"
    assert f'action="{company.shop.url}/{form}"' in page["html"]
    token = {"_token": "a-csrf-token"}
    good = {**token, "mailbox_password": "Another-Pass.02"}
    assert company.shop.submit(form, company.customer, **good) == 302
    assert company.shop.submit(form, company.customer, **token, mailbox_password="short") == 302
    said = [row[0] for row in company.shop.rows("SELECT text FROM notices ORDER BY id")]
    assert said[-2] == "Your mailbox has the new password."
    assert "cannot be used" in said[-1]
    assert company.shop.submit(form, company.staff, **good) == 404
    assert company.shop.submit(form, 0, **good) == 401
    assert company.shop.submit(form, company.customer, mailbox_password="Another-Pass.03") == 419
    pressed = {"service": order["service"], "function": "signIn"}
    to = company.shop.web("press", by=company.customer, **pressed)["to"]
    assert to.startswith("http")


def test_a_job_that_is_retried_does_no_harm(company: Company) -> None:
    order = company.ordered()
    company.slow("SetUpPOP3User", 5)
    assert "In progress" in company.pay(order["invoice"])[0]
    company.shop.cli("retry")
    company.work()
    company.becomes(order, "active")
    company.quiet()
    company.shop.cli("retry")
    company.work()
    history = company.sim.control("/history")["history"]
    domain = order["address"].partition("@")[2]
    made = [call for call in history if call["command"] == "SetUpPOP3User"]
    assert len([call for call in made if call["domain"] == domain]) == 1


def test_the_bridge_is_down_and_comes_back(company: Company) -> None:
    order, paid = company.active(), company.ordered()
    company.down()
    (said,) = company.pay(paid["invoice"])
    assert "cannot be reached" in said and "It is sent again by itself" in said
    assert company.status(paid) == "pending"
    company.overdue(order)
    assert "cannot be reached" in company.cron()[0]
    assert company.status(order) == "active"
    company.back()
    company.becomes(order, "suspended")
    company.becomes(paid, "active")
    until(lambda: company.mails(paid) == [NEW])
    until(lambda: company.mails(order) == [NEW, SUSPENDED])


@pytest.mark.parametrize("point", ["accepted", "intent-committed", "sent", "finished"])
def test_the_bridge_is_killed_half_way(company: Company, point: str) -> None:
    order = company.active()
    company.bridge.arm(point)
    company.overdue(order)
    company.cron()
    assert company.bridge.killed(10)
    company.back()
    company.becomes(order, "suspended")


def test_a_worker_is_killed_while_it_waits_for_the_bridge(company: Company) -> None:
    order = company.ordered()
    company.slow("SetUpPOP3User", 5)
    company.shop.web("pay", by=company.customer, invoice=order["invoice"])
    worker = company.shop.process("work")
    until(lambda: order["service"] in company.pending(), 60, pause=0.05)
    worker.kill()
    worker.communicate()
    assert company.status(order) == "pending"
    company.free()
    company.quiet()
    company.later()
    company.becomes(order, "active")
    until(lambda: company.mails(order) == [NEW])


def test_a_callback_is_lost(company: Company) -> None:
    order = company.ordered()
    company.relay.mode = "lose"
    company.slow("SetUpPOP3User")
    company.pay(order["invoice"])
    company.quiet()
    assert company.status(order) == "pending"
    company.shop.cli("schedule")
    assert (company.status(order), company.mails(order)) == ("active", [NEW])


@pytest.mark.parametrize("mode", ["twice", "keep"])
def test_callbacks_come_twice_or_late_and_out_of_order(company: Company, mode: str) -> None:
    order = company.ordered()
    company.relay.mode = mode
    company.slow("SetUpPOP3User")
    company.pay(order["invoice"])
    company.quiet()
    if mode == "keep":
        company.shop.cli("schedule")
        assert company.status(order) == "active"
        company.slow("change_user")
        company.overdue(order)
        company.cron()
        company.quiet()
        company.relay.mode = "pass"
        assert set(company.relay.release()) == {200}
        assert company.status(order) == "suspended"
    company.becomes(order, "active" if mode == "twice" else "suspended")
    expected = [NEW] if mode == "twice" else [NEW, SUSPENDED]
    until(lambda: company.mails(order) == expected)


def test_a_callback_that_is_not_signed_is_refused(company: Company) -> None:
    assert company.shop.submit(f"{PATH}/callback", type="job.succeeded") == 401


def test_a_creation_that_is_held_waits_for_staff_and_completes(company: Company) -> None:
    first = company.active()
    domain = first["address"].partition("@")[2]
    stranger = company.shop.cli("user", first="Mallory", last="Example")["id"]
    order = company.ordered(user=stranger, mailbox=f"ceo@{domain}")
    order["address"] = f"ceo@{domain}"
    (said,) = company.pay(order["invoice"])
    assert "Needs a decision" in said and "jobs approve" in said
    assert (company.status(order), company.at_enom(order)) == ("pending", "absent")
    assert len(company.alerts(order["address"])) == 1
    assert "Needs a decision" in company.audited(order)
    job = company.enom_bridge("jobs", "list", "--status", "held").split("job_")[1].split()[0]
    company.enom_bridge("jobs", "approve", f"job_{job}")
    company.becomes(order, "active")
    until(lambda: company.mails(order) == [NEW])


def test_the_connection_test_names_a_wrong_secret(company: Company) -> None:
    assert company.shop.web("test", server=1) == {"answer": True}
    wrong = "whsec_" + "d3Jvbmctc2VjcmV0LW9mLXRoZS10ZXN0cy0zMi1ieXRlcw=="
    company.shop.cli("server", settings={"secret": wrong}, id=1)
    assert "refused the signature" in company.shop.web("test", server=1)["answer"]
    company.place(1)
    forms = company.shop.web("forms", server=1)
    assert forms["product"][0]["options"]["large"] == "large (25 GB)"
    assert forms["checkout"][0]["name"] == "mailbox"


def test_a_quantity_is_refused(company: Company) -> None:
    order = company.ordered(quantity=3)
    assert "one service is one mailbox" in company.pay(order["invoice"])[0]
    assert company.status(order) == "pending"
    company.shop.web("edit", by=company.staff, service=order["service"], values={"quantity": 1})
    assert company.trigger(order, "createServer") == ""
    assert company.status(order) == "active"


def test_it_takes_less_time_than_paymenter_gives_a_job(company: Company) -> None:
    order = company.ordered()
    company.slow("SetUpPOP3User", 3)
    start = time.monotonic()
    company.pay(order["invoice"])
    assert time.monotonic() - start < 30
    company.becomes(order, "active")
