"""The provisioning module in PHP and these readers in Python understand each other, both ways."""

import base64
import json
import random
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bridge.callbacks import report
from bridge.ports import Receipt
from hooks import whmcs
from hooks.message import read_message
from hooks.signing import decode_secret, sign, verify
from hooks.standard.fields import moment
from hooks.types import Delivery, Intent
from tests.support.programs import missing
from tests.support.whmcs import ready

PHP = Path(__file__).parents[1] / "php"
SECRET = "whsec_ZW5vbS1icmlkZ2UgdGVzdCBrZXkgb2YgMzIgYnl0ZXM="


@pytest.fixture(scope="module", autouse=True)
def php() -> None:
    if not ready():
        missing("php")


def perform(*tasks: dict[str, Any]) -> list[Any]:
    """What the module makes of each task; see tests/php/deliver.php."""
    done = subprocess.run(["php", str(PHP / "deliver.php")], input=json.dumps(tasks), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    results: list[Any] = json.loads(done.stdout)
    return results


def encoded(body: bytes) -> str:
    return base64.b64encode(body).decode()


def delivery(sent: dict[str, Any]) -> Delivery:
    assert "body" in sent, sent
    return Delivery("whmcs-main", sent["headers"], base64.b64decode(sent["body"]), time.time())


def understood(sent: dict[str, Any]) -> Intent:
    verified = verify(delivery(sent), [decode_secret(SECRET)], "standard", time.time())
    return whmcs.read(read_message(verified), verified)


def bodies() -> list[bytes]:
    chance = random.Random(7)
    texts = ["", "{}", "ü€😀", "\u2028", "a.b.c", '{"a": "\\ud83d\\ude00"}', "x" * 65536]
    return [*(text.encode() for text in texts), b"\xff\x00\r\n", *(chance.randbytes(chance.randrange(400)) for _ in range(100))]


def test_what_php_signs_python_accepts_and_the_reverse() -> None:
    key, now = decode_secret(SECRET), int(time.time())
    signing = [
        {"do": "sign", "id": f"msg_{n}", "timestamp": now, "body": encoded(body), "secret": SECRET}
        for n, body in enumerate(bodies())
    ]
    for n, (body, headers) in enumerate(zip(bodies(), perform(*signing), strict=True)):
        assert headers == sign(f"msg_{n}", now, body, key)
        assert verify(Delivery("whmcs-main", headers, body, now), [key], "standard", now).body == body
    verifying = []
    for n, body in enumerate(bodies()):
        headers = sign(f"cb_job_{n}", now, body, key)
        verifying.append({"do": "verify", "headers": headers, "body": encoded(body), "secret": SECRET, "now": now})
        verifying.append({"do": "verify", "headers": headers, "body": encoded(body + b" "), "secret": SECRET, "now": now})
    assert perform(*verifying) == [True, False] * len(bodies())


NAMES = {
    "emoji": "Jürgen 😀👩‍👩‍👧",
    "quotes": 'O\'Neil "Jo" `x` \\ /',
    "entities": "Tom &amp; Jerry &lt;b&gt; &#039;x&#039; &quot;",
    "markup": "<script>alert(1)</script>",
    "control": "a\x00b\x01c\td\re\nf\x1bg\x7fh",
    "separators": "a\u2028b\u2029c\u0085d\u00a0e\ufefff",
    "long": "x" * 300,
    "long and wide": "😀" * 300,
    "invalid": "base64:" + base64.b64encode(b"J\xfcrgen \xff\xfe \xed\xa0\x80 \xc3").decode(),
    "empty": "",
    "blank": " \t ",
}


@pytest.mark.parametrize("function", whmcs.FUNCTIONS)
def test_each_function_sends_what_python_reads(function: str) -> None:
    (sent,) = perform({"do": "send", "function": function, "params": {}})
    intent = understood(sent)
    assert sent["path"] == "/hooks/source-3"
    assert (intent.action, intent.service_id, intent.address) == (whmcs.FUNCTIONS[function], "1042", "john@example.com")
    assert intent.unknown == ()
    assert abs((intent.timestamp - datetime.now(UTC)).total_seconds()) < 60


def test_names_and_reasons_of_any_kind_are_sent_as_python_takes_them() -> None:
    for function in ("CreateAccount", "SuspendAccount"):
        params = [{"clientsdetails": {"firstname": name, "lastname": name}, "suspendreason": name} for name in NAMES.values()]
        sent_ones = perform(*({"do": "send", "function": function, "params": one} for one in params))
        for name, sent in zip(NAMES, sent_ones, strict=True):
            intent = understood(sent)
            said = intent.display_name if function == "CreateAccount" else intent.reason
            assert (said is None) == (name in ("empty", "blank")), name
            assert len(said or "") <= 255
    (sent,) = perform({"do": "send", "function": "SuspendAccount", "params": {"suspendreason": NAMES["entities"]}})
    assert understood(sent).reason == "Tom & Jerry <b> 'x' \""


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("info@münchen.example", "info@xn--mnchen-3ya.example"),
        ("info@xn--mnchen-3ya.example", "info@xn--mnchen-3ya.example"),
        ("Info@MÜNCHEN.Example", "info@xn--mnchen-3ya.example"),
        ("info@例え.example", "info@xn--r8jz45g.example"),
    ],
)
def test_idn_domains_arrive_in_one_spelling(given: str, address: str) -> None:
    (sent,) = perform({"do": "send", "function": "CreateAccount", "params": {"customfields": {"Mailbox address": given}}})
    assert understood(sent).address == address


@pytest.mark.parametrize("password", ["P&w<9>'x+/=.A1", "73619284650317", "~!#$%^&*()_+{}|:<>?", "&amp;&lt;Aa1-x"])
def test_passwords_arrive_as_they_were_typed(password: str) -> None:
    escaped = password.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("'", "&#039;")
    (sent,) = perform({"do": "send", "function": "ChangePassword", "params": {"password": escaped}})
    assert understood(sent).password == password


def test_the_first_question_for_results_is_one_that_the_bridge_can_place() -> None:
    (sent,) = perform({"do": "ask"})
    verified = verify(delivery(sent), [decode_secret(SECRET)], "standard", time.time())
    question = whmcs.ask(read_message(verified), verified)
    assert question.type == "results"
    begin = moment(question.arguments["after"])
    assert begin is not None
    assert abs(time.time() - 3600 - begin.timestamp()) < 60


def receipt(status: str, **changes: Any) -> Receipt:
    found: dict[str, Any] = {
        "job": "job_01M83GXBYG0M6C9ZWDX804MBXK",
        "hook": "whmcs_1042_Create_0011223344556677",
        "action": "mailbox.create",
        "address": "john@example.com",
        "service_id": "1042",
        "sequence": 7,
        "status": status,
        "waiting_for": None,
        "state": "active",
        "changed": True,
        "verified": {"existence": "verified", "password": "accepted"},
        "message": "Mailbox “john” created ✓",
        "error": None,
        "finished_at": "2026-11-23T06:18:52Z",
    }
    return Receipt(**found | changes)


@pytest.mark.parametrize(
    ("status", "service"), [("succeeded", "Active"), ("failed", "Pending"), ("held", "Pending"), ("cancelled", "Pending")]
)
def test_callbacks_as_the_bridge_makes_them_are_taken(status: str, service: str) -> None:
    told = report(receipt(status, error={"code": "refused", "message": "m", "detail": "d", "remote": {"text": "x"}}))
    body = json.dumps({"type": told.type, "timestamp": told.timestamp.isoformat(), "data": dict(told.data)}).encode()
    hook = told.data["hook"]
    right = sign("cb_job_1", int(time.time()), body, decode_secret(SECRET))
    late = sign("cb_job_1", int(time.time()) - 400, body, decode_secret(SECRET))
    tasks = [{"do": "callback", "hook": hook, "headers": headers, "body": encoded(body)} for headers in (right, late)]
    assert perform(*tasks) == [{"status": 200, "service": service}, {"status": 401, "service": "Pending"}]


def test_receipts_as_the_bridge_makes_them_are_taken() -> None:
    made = [receipt(status) for status in ("queued", "running", "succeeded", "failed", "held", "cancelled")]
    made.append(receipt("succeeded", state="unknown", extra={"observed_only": True, "plan": [], "unknown_fields": ["x"]}))
    made.append(receipt("failed", error={"code": "refused", "message": "m"}, address="a.b-c_d@xn--mnchen-3ya.example"))
    for one, found in zip(made, perform(*({"do": "receipt", "receipt": one.describe()} for one in made)), strict=True):
        assert found is not None, one
        assert (found["status"], found["observed_only"]) == (one.status, bool(one.extra))
