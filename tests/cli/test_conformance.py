"""`conformance` against bridges and receivers that keep their promises, and ones that do not."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from click.testing import Result
from standardwebhooks import WebhookVerificationError

from bridge import config
from bridge.diagnostics.conformance import Conformance, harmless
from bridge.infra.http_client import NotSent, Reply
from hooks import PLATFORMS
from hooks.signing import decode_secret
from tests.cli.conftest import House
from tests.support.billing import SECRET, Billing
from tests.support.bridge import PASSWORD

Take = Callable[[dict[str, str], bytes], int]


@pytest.fixture
def receiver(house: House, monkeypatch: pytest.MonkeyPatch) -> Callable[[Take], None]:
    """Sets what the receiver of callbacks does: the status of an answer."""

    def set(take: Take) -> None:
        monkeypatch.setattr(house.billing, "take", lambda *given: (take(*given), {}))

    return set


def checking(billing: Billing) -> Take:
    def take(headers: dict[str, str], body: bytes) -> int:
        try:
            billing.webhook.verify(body, {key.lower(): value for key, value in headers.items()})
        except WebhookVerificationError:
            return 401
        return 200

    return take


def conformance(house: House, *arguments: str) -> Result:
    assert house.running
    url = house.running.url
    return house.run("conformance", "shop", "--domain", "example.com", "--url", url, *arguments)


def levels(result: Result) -> dict[str, str]:
    return {one["about"]: one["level"] for one in json.loads(result.stdout)["checks"]}


@pytest.mark.parametrize("mode", ["act", "observe"])
@pytest.mark.parametrize("signature", ["standard", "itsdangerous"])
def test_this_bridge_and_a_receiver_that_checks_hold_all(
    house: House, receiver: Callable[[Take], None], mode: str, signature: str
) -> None:
    receiver(checking(house.billing))
    house.configure(account__mode=mode, source__signature=signature)
    house.start()
    before = house.sim.control("/state")["domains"]
    result = conformance(house)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert len(lines) == 26 and all(line.startswith("ok    ") for line in lines[:-1])
    assert lines[-1].startswith("warn  your sender: It has not sent yet: mailbox.create, ")
    assert house.sim.control("/state")["domains"] == before
    assert SECRET[6:] not in result.output
    (hook,) = house.json("hooks", "list")["items"]
    assert hook["id"].startswith("conformance_") and hook["type"] == "mailbox.terminate"


@pytest.mark.parametrize(
    ("take", "failing"),
    [
        (
            lambda headers, body: 200,
            {"wrong secret", "altered body", "altered id", "without", "old"},
        ),
        (lambda headers, body: 401, {"a callback"}),
        (lambda headers, body: 503, {"a callback"}),
        (
            lambda headers, body: 302,
            {"wrong secret", "altered body", "altered id", "without", "old"},
        ),
    ],
    ids=["takes all", "refuses all", "is busy", "redirects"],
)
def test_a_receiver_that_does_not_check_is_found_out(
    house: House, receiver: Callable[[Take], None], take: Take, failing: set[str]
) -> None:
    receiver(take)
    house.start()
    result = conformance(house, "--json")
    found = {about for about, level in levels(result).items() if level == "FAIL"}
    assert result.exit_code == 1
    assert all(any(words in about for about in found) for words in failing), found
    assert all("callback" in about for about in found)


@pytest.mark.parametrize("status", [404, 409, 422])
def test_a_receiver_may_not_know_the_service(
    house: House, receiver: Callable[[Take], None], status: int
) -> None:
    check = checking(house.billing)
    receiver(lambda *given: 401 if check(*given) == 401 else status)
    house.start()
    result = conformance(house, "--json")
    assert (result.exit_code, levels(result)["a callback"]) == (0, "warn"), result.output


def test_a_receiver_that_passes_over_the_time_or_the_second_signature_is_found_out(
    house: House, receiver: Callable[[Take], None]
) -> None:
    whole = house.billing.webhook

    def careless(headers: dict[str, str], body: bytes) -> int:
        given = {key.lower(): value for key, value in headers.items()}
        at = whole.verify.__globals__["datetime"].fromtimestamp(
            int(given["webhook-timestamp"]), whole.verify.__globals__["timezone"].utc
        )
        expected = whole.sign(given["webhook-id"], at, body.decode())
        return 200 if given["webhook-signature"] == expected else 401

    receiver(careless)
    house.start()
    found = {
        about for about, level in levels(conformance(house, "--json")).items() if level == "FAIL"
    }
    assert found == {
        "a callback that is 10 minutes old",
        "a callback with two signatures, one right",
    }


def test_without_a_receiver_or_a_worker_the_rest_is_tried(house: House) -> None:
    house.path = house.path.parent / "bridge.toml"
    text = house.path.read_text().replace(f'callback = "{house.billing.url}"', 'callback = ""')
    house.path.write_text(text.replace("[bridge]", "[bridge]\nwait_limit = 0"))
    house.start(work=False)
    result = conformance(house, "--json")
    assert result.exit_code == 0, result.output
    warned = {about for about, level in levels(result).items() if level == "warn"}
    assert warned == {"prefer: wait", "callbacks", "your sender"}


def test_what_the_sender_itself_has_sent_is_told(house: House) -> None:
    house.configure(account__mode="observe", source__domains=["example.com"])
    house.start()
    assert house.running
    house.send("mailbox.suspend")
    house.billing.send(house.running.hooks, "mailbox.suspend", id="msg_bad", address="nobody")
    result = conformance(house)
    last = result.stdout.splitlines()[-2:]
    assert "suspend" not in last[0].partition("yet:")[2].replace("unsuspend", "")
    assert "mailbox.terminate" in last[0]  # the one that was sent just now is not the sender's
    assert "1 of its hooks could not be read, such as msg_bad." in last[1]
    actions = ("create", "unsuspend", "terminate", "change_password", "change_plan", "renew")
    for action in (*actions, "set_aliases", "set_forwarding", "change_service"):
        more = {"password": PASSWORD, "plan": "basic", "until": "2027-11-30"}
        more |= {"aliases": [], "forward_to": [], "from_service_id": "8"}
        house.send(f"mailbox.{action}", **more)
    assert "ok    your sender: It has sent every type of hook." in conformance(house).stdout


def test_a_bridge_elsewhere_is_tried_without_its_database(house: House) -> None:
    house.start()
    text = house.path.read_text().replace("bridge.sqlite3", "nothing.sqlite3")
    house.path.write_text(text)
    assert "the bridge's database is not here" in conformance(house).stdout
    assert not (house.folder / "nothing.sqlite3").exists()


def test_the_name_of_the_sender_is_kept(house: House) -> None:
    house.start()
    assert house.running
    house.running.service.account_state.heard("shop", "whmcs 0.2.0")
    assert conformance(house).exit_code == 1  # the receiver of this house answers no forged one
    (row,) = house.running.service.account_state.source_states()
    assert row["sender"] == "whmcs 0.2.0"


def test_with_another_secret_nothing_is_tried_but_the_first_query(house: House) -> None:
    house.start()
    other = "whsec_" + "b3RoZXItc2VjcmV0LW9mLXRoZS10ZXN0cy0zMi1ieXRlcw=="
    house.path.write_text(house.path.read_text().replace(SECRET, other))
    result = conformance(house)
    assert result.exit_code == 1
    assert result.stdout.count("\n") == 2 and result.stdout.startswith(
        "FAIL  a query: Answered 401"
    )


@pytest.mark.parametrize(
    ("changes", "arguments", "words"),
    [
        ({}, ("nobody", "--domain", "example.com"), "no source 'nobody'"),
        ({}, ("shop",), "--domain is needed"),
        (
            {"source__domains": ["example.com"]},
            ("shop", "--domain", "example.net"),
            "not one that shop may use",
        ),
        (
            {"account__endpoint": "https://resellertest.enom.com/interface.asp"},
            ("shop", "--domain", "example.com"),
            "acts at a mail provider",
        ),
        (
            {"hosted__endpoint": "https://admin.test.hostedemail.com/api"},
            ("shop", "--domain", "example.com"),
            "acts at a mail provider",
        ),
    ],
)
def test_what_must_not_or_cannot_be_tried_is_refused(
    house: House, changes: dict[str, Any], arguments: tuple[str, ...], words: str
) -> None:
    house.configure(**changes)
    assert words in house.refused("conformance", *arguments, code=2)


@pytest.mark.parametrize("backend", ["enom", "hosted-email"])
def test_only_what_observes_or_is_simulated_is_harmless(house: House, backend: str) -> None:
    house.configure(account__backend=backend)
    account = config.load(house.path, {}).accounts["main"]
    assert account.hosted_email is not None and harmless(account)
    live = replace(account, environment="live")
    outside = replace(account.hosted_email, endpoint="https://admin.test.hostedemail.com/api")
    elsewhere = replace(account, hosted_email=outside)
    assert not harmless(live) and not harmless(elsewhere)
    assert harmless(replace(live, mode="observe")) and harmless(replace(elsewhere, mode="observe"))


def test_no_bridge_is_a_sentence(house: House) -> None:
    arguments = "conformance", "shop", "--domain", "example.com", "--url", "http://127.0.0.1:1"
    assert "the bridge gave no answer" in house.refused(*arguments)


def test_a_bridge_that_keeps_no_promise_is_found_out() -> None:
    """Something in between that answers everything with the first receipt."""
    receipt = {"job": "job_1", "action": "mailbox.terminate", "status": "succeeded"}

    def answer(path: str, body: bytes, headers: object) -> Reply:
        number.append(path)
        data = {"version": "1", "clock_skew": 0}
        told = {"data": data} if path == "query" else receipt | {"job": f"job_{len(number)}"}
        return Reply(200, {}, json.dumps(told).encode())

    number: list[str] = []

    def nobody(body: bytes, headers: object) -> Reply:
        raise NotSent("ConnectionError (127.0.0.1)")

    suite = Conformance(
        PLATFORMS["standard"], decode_secret(SECRET), "standard", "example.com", True, 0,
        answer, nobody, lambda: 1795368420.0,
    )  # fmt: skip
    found = [one.about for one in suite.results() if one.level == "FAIL"]
    assert found == [
        "a wrong signature",
        "an altered body",
        "an altered id",
        "no signature",
        "a clock that is -600 s off",
        "a clock that is +600 s off",
        "observe mode",
        "an unknown field",
        "one id twice",
        "one id, made anew",
        "one id, another body",
        "the result, asked for",
        "a callback",
    ]
