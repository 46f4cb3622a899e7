"""One mailbox from order to deletion, and everything that can come between FOSSBilling and the
bridge meanwhile."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from tests.support.billing import until
from tests.support.firm import Firm


def said(firm: Firm, order: dict[str, Any], text: str) -> list[str]:
    return [line for line in firm.billing.history(order["id"]) if text in line]


def test_from_order_to_deletion(firm: Firm) -> None:
    billing = firm.billing
    order = firm.ordered()
    firm.slow("SetUpPOP3User")
    billing.pay(order["invoice"])
    assert firm.status(order) == "pending_setup", "FOSSBilling's word for not set up yet"
    assert said(firm, order, "In progress")
    assert billing.mails(order["id"]) == []
    firm.becomes(order, "active")
    firm.quiet()
    assert billing.mails(order["id"]) == ["activated"]
    expires = billing.order(order["id"])["expires_at"]

    invoice = firm.overdue(order)
    billing.cron()
    firm.becomes(order, "suspended")
    assert firm.at_enom(order["address"]) == "suspended"
    assert billing.order(order["id"])["reason"] == "Not paid"
    billing.pay(invoice)
    assert firm.status(order) == "active"
    assert billing.order(order["id"])["expires_at"] < expires, "a month from when it was due"
    firm.quiet()
    assert firm.at_enom(order["address"]) == "active"

    firm.expires(order, 30)
    assert billing.staff("cancel", order["id"], reason="Moved away") == ""
    assert (firm.status(order), firm.at_enom(order["address"])) == ("canceled", "absent")
    assert billing.staff("uncancel", order["id"]) == ""
    assert (firm.status(order), firm.at_enom(order["address"])) == ("active", "active")
    assert billing.staff("delete", order["id"]) == ""
    assert (firm.status(order), firm.at_enom(order["address"])) == ("gone", "absent")
    assert firm.pending() == []
    assert [one for one in billing.state()["services"] if one["order_id"] == order["id"]] == []


def test_late_ends_are_mailed_like_prompt_ones(firm: Firm) -> None:
    order = firm.active()
    firm.slow("change_user")
    assert "In progress" in firm.billing.staff("suspend", order["id"], reason="Abuse: sends spam")
    assert firm.status(order) == "active"
    firm.becomes(order, "suspended")
    assert firm.billing.order(order["id"])["reason"] == "Abuse: sends spam"
    firm.slow("change_user")
    assert "In progress" in firm.billing.staff("unsuspend", order["id"])
    firm.becomes(order, "active")
    firm.quiet()
    assert firm.billing.mails(order["id"]) == ["activated", "suspended", "unsuspended"]


def test_staff_activates_again_meanwhile(firm: Firm) -> None:
    order = firm.ordered()
    firm.slow("SetUpPOP3User", 5)
    firm.billing.pay(order["invoice"])
    answers = [firm.billing.staff("activate", order["id"]) for _ in range(2)]
    assert all(not answer or "In progress" in answer for answer in answers), answers
    firm.becomes(order, "active")
    firm.quiet()
    history = firm.sim.control("/history")["history"]
    domain = order["address"].partition("@")[2]
    made = [one for one in history if (one["command"], one["domain"]) == ("SetUpPOP3User", domain)]
    assert len(made) == 1
    assert firm.billing.mails(order["id"]) == ["activated"]


@pytest.mark.parametrize("late", [False, True])
def test_what_fails_becomes_failed_setup(firm: Firm, late: bool) -> None:
    order = firm.ordered(address="jane@not-in-the-account.test")
    if late:
        firm.pause()
    firm.billing.pay(order["invoice"])
    if late:
        assert firm.status(order) == "pending_setup"
        firm.resume()
        firm.quiet()
        firm.billing.cron()
        assert firm.billing.mails(order["id"], "staff") == ["alert"]
    assert firm.status(order) == "failed_setup"
    assert said(firm, order, "not set up for mail in the Enom account")
    assert firm.billing.mails(order["id"]) == []
    assert firm.billing.staff("delete", order["id"]) == ""


def test_the_bridge_is_down_and_comes_back(firm: Firm) -> None:
    order, paid, renewed = firm.active(), firm.ordered(), firm.active()
    firm.down()
    firm.billing.pay(paid["invoice"])
    assert said(firm, paid, "cannot be reached")
    invoice = firm.overdue(order)
    firm.billing.cron()
    assert firm.status(order) == "active"
    before = firm.billing.order(renewed["id"])["expires_at"]
    firm.billing.pay(firm.billing.renewal(renewed["id"]))
    assert firm.billing.order(renewed["id"])["expires_at"] > before, "what was paid is renewed"
    assert firm.status(renewed) == "active"
    done, wrong = firm.billing.api(
        "client", "change_password", order_id=order["id"], password="Another-Pass.02"
    )
    assert (wrong, "nicht erreichbar" in done) == ("", True)
    firm.back()
    firm.becomes(order, "suspended")
    firm.becomes(paid, "active")
    until(lambda: firm.pending() == [])
    assert firm.billing.mails(paid["id"]) == ["activated"]
    firm.billing.pay(invoice)
    firm.becomes(order, "active")


@pytest.mark.parametrize("point", ["accepted", "intent-committed", "sent", "finished"])
def test_the_bridge_is_killed_half_way(firm: Firm, point: str) -> None:
    order = firm.active()
    firm.bridge.arm(point)
    firm.billing.staff("suspend", order["id"])
    assert firm.bridge.killed(10)
    firm.back()
    firm.becomes(order, "suspended")


def test_the_web_server_is_killed_while_it_waits_for_the_bridge(firm: Firm) -> None:
    order = firm.ordered()
    firm.slow("SetUpPOP3User", 5)
    with ThreadPoolExecutor(1) as pool:
        paying = pool.submit(firm.billing.pay, order["invoice"])
        until(lambda: order["id"] in firm.pending(), 60, pause=0.05)
        firm.billing.close()
        firm.billing.start()
        with pytest.raises(requests.ConnectionError):
            paying.result()
    assert firm.status(order) == "pending_setup"
    firm.free()
    firm.quiet()
    firm.later()
    firm.billing.cron()
    firm.becomes(order, "active")
    assert (firm.at_enom(order["address"]), firm.pending()) == ("active", [])
    assert firm.billing.mails(order["id"]) == ["activated"]


def test_a_callback_is_lost(firm: Firm) -> None:
    order = firm.ordered()
    firm.relay.mode = "lose"
    firm.slow("SetUpPOP3User")
    firm.billing.pay(order["invoice"])
    firm.quiet()
    assert firm.status(order) == "pending_setup"
    firm.billing.cron()
    assert (firm.status(order), firm.billing.mails(order["id"])) == ("active", ["activated"])


@pytest.mark.parametrize("mode", ["twice", "keep"])
def test_callbacks_come_twice_or_late_and_out_of_order(firm: Firm, mode: str) -> None:
    order = firm.ordered()
    firm.relay.mode = mode
    firm.slow("SetUpPOP3User")
    firm.billing.pay(order["invoice"])
    firm.quiet()
    if mode == "keep":
        assert firm.billing.staff("activate", order["id"]) == ""
        firm.slow("change_user")
        firm.billing.staff("suspend", order["id"])
        firm.quiet()
        firm.relay.mode = "pass"
        assert set(firm.relay.release()) == {200}
        assert firm.status(order) == "suspended"
    firm.becomes(order, "active" if mode == "twice" else "suspended")
    assert firm.billing.mails(order["id"])[0] == "activated"
    assert firm.billing.mails(order["id"]).count("activated") == 1


def test_early_success_is_corrected_when_it_fails(firm: Firm) -> None:
    order = firm.active("success")
    firm.sim.control("/mailboxes/delete", {"address": order["address"]})
    until(lambda: firm.at_enom(order["address"]) == "absent")
    assert firm.billing.staff("suspend", order["id"]) == ""
    firm.becomes(order, "active")
    firm.quiet()
    assert len(said(firm, order, "reported success before")) == 1
    assert firm.billing.mails(order["id"], "staff") == ["alert"]
    assert firm.billing.staff("cancel", order["id"]) == ""
    firm.quiet()


def test_a_held_job_becomes_one_mail_and_send_again_ends_it(firm: Firm) -> None:
    order = firm.active()
    firm.set_services(order["address"], "suspended")  # for abuse, by somebody above us
    until(
        lambda: "Needs a decision" in firm.billing.staff("unsuspend", order["id"]),
        pause=0.5,
    )
    for _ in range(3):
        assert "Needs a decision" in firm.billing.staff("unsuspend", order["id"])
    firm.quiet()
    assert firm.billing.mails(order["id"], "staff") == ["alert"]
    firm.set_services(order["address"], "enabled")
    _, wrong = firm.billing.api("admin", "send_again", order_id=order["id"])
    assert wrong == "" or "In progress" in wrong
    firm.quiet()
    until(lambda: firm.pending() == [])
    firm.becomes(order, "active")


def test_a_renamed_address_is_not_ignored(firm: Firm) -> None:
    order = firm.active()
    config = {"server": "1", "plan": "basic", "mailbox": "other@example.test"}
    firm.billing.call("set", id=order["id"], values={"config": json.dumps(config)})
    page = firm.billing.call("page", "admin", id=order["id"], role="admin")["service"]
    assert "cannot be renamed" in page["warning"]
    again = firm.billing.staff("activate", order["id"], data={"force": 1})
    assert "cannot be renamed" in again
    firm.billing.call("set", id=order["id"], values={"status": "active"})
    assert firm.billing.staff("suspend", order["id"]) == ""
    assert firm.at_enom(order["address"]) == "suspended"
    config["mailbox"] = order["address"]
    firm.billing.call("set", id=order["id"], values={"config": json.dumps(config)})


def test_an_active_order_that_is_activated_by_force_stays_active(firm: Firm) -> None:
    order = firm.active()
    firm.pause()
    assert "In progress" in firm.billing.staff("activate", order["id"], data={"force": 1})
    assert firm.status(order) == "active"
    firm.resume()
    until(lambda: firm.pending() == [])
    assert firm.status(order) == "active"
