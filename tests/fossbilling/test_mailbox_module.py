"""What staff and customers can do with the module, and what they cannot."""

import base64
import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote_plus

import pytest
import requests

from tests.support.billing import SECRET, Billing, until
from tests.support.firm import Firm
from tests.support.fossbilling import CALLBACK

PLANTED = "Planted&Pw<9>/+-.A"  # characters that HTML, URLs, JSON or base64 write otherwise


@pytest.fixture
def sender() -> Iterator[Billing]:
    """Signs as the bridge does."""
    billing = Billing()
    yield billing
    billing.close()


def post(firm: Firm, body: bytes, headers: dict[str, str]) -> int:
    with requests.Session() as web:
        web.trust_env = False
        return web.post(f"{firm.billing.url}/{CALLBACK}", data=body, headers=headers).status_code


def test_the_settings_test_the_bridge_and_never_show_the_secret(firm: Firm) -> None:
    billing = firm.billing
    done, wrong = billing.api("admin", "server_test", id=1)
    assert (wrong, "answers" in done) == ("", True)
    (shown,), _ = billing.api("admin", "server_get_list")
    assert (shown["source"], shown["has_secret"]) == ("shop", 1)
    assert SECRET not in json.dumps(shown)
    plans, _ = billing.api("admin", "plans", server=1)
    assert {"basic", "large"} < set(plans)

    wrong_secret = "whsec_" + base64.b64encode(b"a secret of somebody else's").decode()
    given = {"name": "Other", "host": "127.0.0.1", "port": str(firm.bridge.port), "secure": "0"}
    number, _ = billing.api("admin", "server_save", source="shop", secret=wrong_secret, **given)
    assert number == 2
    assert "refused the signature" in billing.api("admin", "server_test", id=2)[1]
    assert "refused the signature" in json.dumps(billing.api("admin", "plans", server=2)[0])
    _, wrong = billing.api("admin", "server_save", source="shop", secret="x", **given)
    assert "whsec_" in wrong
    insecure = given | {"host": "bridge.example.com"}
    _, wrong = billing.api("admin", "server_save", source="shop", secret=SECRET, **insecure)
    assert "Without SSL" in wrong
    assert billing.api("admin", "server_delete", id=2)[0] is True
    assert "no bridge number 2" in billing.api("admin", "server_test", id=2)[1]


def test_a_saved_bridge_keeps_its_secret_when_none_is_given(firm: Firm) -> None:
    given = {"host": "127.0.0.1", "port": str(firm.bridge.port), "secure": "0", "source": "shop"}
    assert firm.billing.api("admin", "server_save", id=1, name="Renamed", secret="", **given)
    assert firm.billing.api("admin", "server_test", id=1)[1] == ""


def test_a_customer_orders_an_address_and_nothing_else(firm: Firm) -> None:
    address = firm.address()
    sent = {"mailbox": address.upper(), "plan": "large", "server": "9", "progress": "success"}
    made = firm.billing.call(
        "checkout", "client", client=1, product=firm.products["wait"], data=sent
    )["done"]
    config = json.loads(firm.billing.order(made["order"])["config"])
    assert config["mailbox"] == address
    assert (config["plan"], config["server"], config["progress"]) == ("basic", "1", "wait")
    firm.billing.staff("delete", made["order"])


@pytest.mark.parametrize(
    "mailbox", ["", "john", "a b@example.com", "@example.com", "a@b@example.com", "ö@example.com"]
)
def test_what_is_no_address_is_not_ordered(firm: Firm, mailbox: str) -> None:
    order = {"client": 1, "product": firm.products["wait"], "data": {"mailbox": mailbox}}
    assert firm.billing.call("checkout", "client", **order)["said"]


def test_in_a_domain_of_the_hoster_the_customer_chooses_the_name(firm: Firm) -> None:
    domain = firm.address().partition("@")[2]
    product = firm.product(domain=domain)
    order = {"client": 1, "product": product}
    made = firm.billing.call("checkout", "client", **order, data={"mailbox": "Ann"})["done"]
    assert json.loads(firm.billing.order(made["order"])["config"])["mailbox"] == f"ann@{domain}"
    elsewhere = firm.billing.call("checkout", **order, data={"mailbox": "ann@example.com"})
    assert domain in elsewhere["said"]
    firm.billing.staff("delete", made["order"])


def test_an_address_that_is_in_use_is_not_ordered_again(firm: Firm) -> None:
    order = firm.active()
    again = {"client": 2, "product": firm.products["wait"], "data": {"mailbox": order["address"]}}
    assert "already in use" in firm.billing.call("checkout", "client:2", **again)["said"]


def test_the_customer_sets_a_password_and_signs_in(firm: Firm) -> None:
    billing, order = firm.billing, firm.active()
    given = {"order_id": order["id"]}
    done, wrong = billing.api("client", "change_password", **given, password="Another-Pass.02")
    assert (done, wrong) == ("Ihr neues Passwort ist gesetzt.", "")
    _, wrong = billing.api("client", "change_password", **given, password="short")
    assert "kann nicht verwendet werden" in wrong
    link, wrong = billing.api("client", "sign_in", **given)
    assert (wrong, link.startswith("http")) == ("", True)
    page = billing.call("page", "client", id=order["id"], role="client")["service"]
    assert (page["address"], page["state"]) == (order["address"], "active")
    assert page["incoming"] == "mail.hostedemail.com, Port 993, SSL/TLS"
    assert "rows" not in page


@pytest.mark.parametrize("method", ["change_password", "sign_in"])
def test_nobody_gets_at_the_mailbox_of_another(firm: Firm, method: str) -> None:
    order = firm.active()
    given = {"order_id": order["id"], "password": "Another-Pass.02"}
    assert firm.billing.api("client:2", method, **given) == (None, "Order not found")
    firm.billing.staff("suspend", order["id"])
    assert firm.billing.api("client", method, **given) == (None, "Order is not active")


def test_a_password_that_takes_longer_is_kept_when_it_is_set(firm: Firm) -> None:
    order = firm.active()
    firm.slow("ModifyPOP3")
    given = {"order_id": order["id"], "password": "Another-Pass.03"}
    done, wrong = firm.billing.api("client", "change_password", **given)
    assert (wrong, "wird gerade gesetzt" in done) == ("", True)
    (before,) = [one for one in firm.billing.state()["services"] if one["order_id"] == order["id"]]
    until(lambda: order["id"] not in firm.pending())
    (after,) = [one for one in firm.billing.state()["services"] if one["order_id"] == order["id"]]
    assert before["password"] != after["password"]


def test_staff_changes_the_plan_and_checks(firm: Firm) -> None:
    order = firm.active()
    given = {"order_id": order["id"]}
    _, wrong = firm.billing.api("admin", "change_plan", **given, plan="large")
    assert wrong == "" or "In progress" in wrong
    until(lambda: json.loads(firm.billing.order(order["id"])["config"])["plan"] == "large")
    _, wrong = firm.billing.api("admin", "change_plan", **given, plan="no-such-plan")
    assert "does not know this plan" in wrong
    assert json.loads(firm.billing.order(order["id"])["config"])["plan"] == "large"
    assert firm.billing.api("admin", "check", **given) == (True, "")
    page = firm.billing.call("page", "admin", id=order["id"], role="admin")["service"]
    assert page["rows"]["State"] == "active"


def test_callbacks_that_nobody_signed_do_nothing(firm: Firm, sender: Billing) -> None:
    order = firm.ordered()
    firm.down()
    firm.billing.pay(order["invoice"])
    ((about, pending),) = firm.kept(order["id"]).items()
    data = {
        "job": "job_1", "hook": pending["id"], "action": "mailbox.create",
        "address": order["address"], "service_id": str(order["id"]), "status": "succeeded",
        "state": "active", "message": "Done.", "sequence": 1,
    }  # fmt: skip
    body, headers = sender.hook("job.succeeded", id=f"cb_{uuid.uuid4().hex}", **data)
    assert about == "status"
    assert post(firm, body, {}) == 401
    assert post(firm, body + b" ", headers) == 401
    assert firm.status(order) == "pending_setup"
    assert post(firm, body, headers) == 200
    assert firm.status(order) == "active"
    firm.billing.call("set", id=order["id"], values={"status": "canceled"})
    firm.restart()


def test_no_secret_is_written_anywhere(firm: Firm) -> None:
    order = firm.active()
    given = {"order_id": order["id"]}
    firm.billing.api("client", "change_password", **given, password=PLANTED)
    firm.slow("ModifyPOP3")
    firm.billing.api("client", "change_password", **given, password=PLANTED.swapcase())
    firm.quiet()
    firm.down()
    firm.billing.api("client", "change_password", **given, password=f"{PLANTED}x")
    firm.billing.cron()
    written = {path.name: path.read_bytes() for path in files(firm.billing.storage)}
    written |= {path.name: path.read_bytes() for path in (firm.billing.log,)}
    firm.back()
    secrets = (PLANTED, PLANTED.swapcase(), f"{PLANTED}x", SECRET, SECRET.removeprefix("whsec_"))
    for secret in secrets:
        spellings = {secret, quote_plus(secret), json.dumps(secret)[1:-1], secret.encode().hex()}
        spellings.add(base64.b64encode(secret.encode()).decode())
        for where, content in written.items():
            found = [spelling for spelling in spellings if spelling.encode() in content]
            assert not found, f"a secret stands in {where}"
    assert b"mailbox.change_password" in written["billing.log"]


def files(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.is_file()]
