"""The provisioning module in PHP and these readers in Python understand each other, both ways."""

import base64
import json
import random
import subprocess
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from bridge import __version__
from bridge.domain.errors import CODES
from bridge.domain.ports import Receipt
from bridge.pipeline.callbacks import report
from bridge.reporting import messages
from bridge.web import problems
from hooks import address, whmcs
from hooks.errors import Invalid
from hooks.message import read_message
from hooks.signing import decode_secret, sign, verify
from hooks.standard.fields import moment
from hooks.types import Delivery, Intent
from tests.support.programs import missing
from tests.support.whmcs import ready

PHP = Path(__file__).parents[1] / "php"
SECRET = "whsec_ZW5vbS1icmlkZ2UgdGVzdCBrZXkgb2YgMzIgYnl0ZXM="


class Module:
    """The module in one PHP process, which tests ask in turn; it ends with the tests, or at the
    first fault."""

    def __init__(self) -> None:
        command = ["php", str(PHP / "deliver.php")]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        self.process = subprocess.Popen(command, text=True, bufsize=1, **pipes)

    def perform(self, tasks: Sequence[dict[str, Any]]) -> list[Any]:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps(tasks) + "\n")
        answer = self.process.stdout.readline()
        if not answer:
            started.cache_clear()  # the next test has a new one
            raise AssertionError(self.said())
        results: list[Any] = json.loads(answer)
        return results

    def said(self) -> str:
        out, fault = self.process.communicate()
        return out + fault


@pytest.fixture(scope="module", autouse=True)
def php() -> Iterator[None]:
    if not ready():
        missing("php")
    yield
    if started.cache_info().currsize:
        module = started()
        assert module.said() == "", "what PHP said beside its answers"
        assert module.process.returncode == 0
        started.cache_clear()


@cache
def started() -> Module:
    return Module()


def perform(*tasks: dict[str, Any]) -> list[Any]:
    """What the module makes of each task; see tests/php/deliver.php."""
    return started().perform(tasks)


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
    return [
        *(text.encode() for text in texts),
        b"\xff\x00\r\n",
        *(chance.randbytes(chance.randrange(400)) for _ in range(100)),
    ]


def test_what_php_signs_python_accepts_and_the_reverse() -> None:
    key, now = decode_secret(SECRET), int(time.time())
    signing = [
        {"do": "sign", "id": f"msg_{n}", "timestamp": now, "body": encoded(body), "secret": SECRET}
        for n, body in enumerate(bodies())
    ]
    for n, (body, headers) in enumerate(zip(bodies(), perform(*signing), strict=True)):
        assert headers == sign(f"msg_{n}", now, body, key)
        assert (
            verify(Delivery("whmcs-main", headers, body, now), [key], "standard", now).body == body
        )
    verifying = []
    for n, body in enumerate(bodies()):
        headers = sign(f"cb_job_{n}", now, body, key)
        verifying.append(
            {
                "do": "verify",
                "headers": headers,
                "body": encoded(body),
                "secret": SECRET,
                "now": now,
            }
        )
        verifying.append(
            {
                "do": "verify",
                "headers": headers,
                "body": encoded(body + b" "),
                "secret": SECRET,
                "now": now,
            }
        )
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
    assert (intent.action, intent.service_id, intent.address) == (
        whmcs.FUNCTIONS[function],
        "1042",
        "john@example.com",
    )
    # A bridge of before there were customers tells these names back, and is none the worse for
    # them.
    assert not set(intent.unknown) - {"customer_id"}
    assert abs((intent.timestamp - datetime.now(UTC)).total_seconds()) < 60


def test_names_and_reasons_of_any_kind_are_sent_as_python_takes_them() -> None:
    for function in ("CreateAccount", "SuspendAccount"):
        params = [
            {"clientsdetails": {"firstname": name, "lastname": name}, "suspendreason": name}
            for name in NAMES.values()
        ]
        sent_ones = perform(
            *({"do": "send", "function": function, "params": one} for one in params)
        )
        for name, sent in zip(NAMES, sent_ones, strict=True):
            intent = understood(sent)
            said = intent.display_name if function == "CreateAccount" else intent.reason
            assert (said is None) == (name in ("empty", "blank")), name
            assert len(said or "") <= 255
    (sent,) = perform(
        {"do": "send", "function": "SuspendAccount", "params": {"suspendreason": NAMES["entities"]}}
    )
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
    (sent,) = perform(
        {
            "do": "send",
            "function": "CreateAccount",
            "params": {"customfields": {"Mailbox address": given}},
        }
    )
    assert understood(sent).address == address


@pytest.mark.parametrize(
    "password", ["P&w<9>'x+/=.A1", "73619284650317", "~!#$%^&*()_+{}|:<>?", "&amp;&lt;Aa1-x"]
)
def test_passwords_arrive_as_they_were_typed(password: str) -> None:
    escaped = (
        password.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("'", "&#039;")
    )
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
        "finished_at": 1795414732.0,  # 2026-11-23T06:18:52Z
    }
    return Receipt(**found | changes)


@pytest.mark.parametrize(
    ("status", "service"),
    [("succeeded", "Active"), ("failed", "Pending"), ("held", "Pending"), ("cancelled", "Pending")],
)
def test_callbacks_as_the_bridge_makes_them_are_taken(status: str, service: str) -> None:
    result = report(
        receipt(
            status,
            error={"code": "refused", "message": "m", "detail": "d", "remote": {"text": "x"}},
        )
    )
    body = json.dumps(
        {"type": result.type, "timestamp": result.timestamp.isoformat(), "data": dict(result.data)}
    ).encode()
    hook = result.data["hook"]
    right = sign("cb_job_1", int(time.time()), body, decode_secret(SECRET))
    late = sign("cb_job_1", int(time.time()) - 400, body, decode_secret(SECRET))
    tasks = [
        {"do": "callback", "hook": hook, "headers": headers, "body": encoded(body)}
        for headers in (right, late)
    ]
    assert perform(*tasks) == [
        {"status": 200, "service": service},
        {"status": 401, "service": "Pending"},
    ]


def test_receipts_as_the_bridge_makes_them_are_taken() -> None:
    made = [
        receipt(status)
        for status in ("queued", "running", "succeeded", "failed", "held", "cancelled")
    ]
    made.append(
        receipt(
            "succeeded",
            state="unknown",
            extra={"observed_only": True, "plan": [], "unknown_fields": ["x"]},
        )
    )
    made.append(
        receipt(
            "failed",
            error={"code": "refused", "message": "m"},
            address="a.b-c_d@xn--mnchen-3ya.example",
        )
    )
    for one, found in zip(
        made, perform(*({"do": "receipt", "receipt": one.describe()} for one in made)), strict=True
    ):
        assert found is not None, one
        assert (found["status"], found["observed_only"]) == (one.status, bool(one.extra))


@pytest.mark.parametrize("missing", [[], ["idn_to_ascii"]], ids=["intl", "without intl"])
def test_a_name_as_the_bridge_writes_it_is_not_another_one(missing: list[str]) -> None:
    domains = [
        "straße.example",
        "faß.de",
        "βόλος.example",
        "ΒΌΛΟΣ.example",
        "MÜNCHEN.example",
        "例え.example",
    ]
    typed = [f"Info@{domain}" for domain in (*domains, "xn--strae-oqa.example", "Example.COM")]
    spelt = [(one, address.normalise(one)) for one in typed]
    same = perform(
        *({"do": "differ", "one": one, "other": other, "missing": missing} for one, other in spelt)
    )
    assert [one for (one, _), differ in zip(spelt, same, strict=True) if differ] == []
    assert perform(
        {"do": "differ", "one": "info@example.com", "other": "info@example.net", "missing": missing}
    ) == [True]


PLANTED = "Planted words"


def heard(*answers: dict[str, Any]) -> list[str]:
    """Each sentence that staff or a customer reads, whatever WHMCS was doing when the bridge
    answered so."""
    tasks = [
        {"do": "hear", "http": 200, "function": function, **answer}
        for answer in answers
        for function in whmcs.FUNCTIONS
    ]
    return [sentence for sentences in perform(*tasks) for sentence in sentences]


def errors_of(code: str) -> list[dict[str, Any]]:
    error = {"code": code, "message": CODES[code], "detail": PLANTED, "remote": {"text": PLANTED}}
    changes = {"error": error, "message": CODES[code]}
    return [{"status": status, "changes": changes} for status in ("failed", "held", "cancelled")]


@pytest.mark.parametrize("code", CODES)
def test_each_error_of_a_job_is_a_sentence_of_the_module(code: str) -> None:
    said = heard(*errors_of(code))
    for words in (PLANTED, CODES[code]):
        assert not [sentence for sentence in said if words in sentence], (
            "the bridge's own words come through"
        )
    assert not [
        sentence for sentence in said if "a reason that this module does not know" in sentence
    ], "it has no sentence"


def test_what_the_bridge_says_of_a_success_stays_with_it() -> None:
    ours = {*messages.DONE.values(), *messages.ALREADY.values(), *messages.SPECIAL.values()}
    said = heard(*({"status": "succeeded", "changes": {"message": message}} for message in ours))
    assert not [sentence for sentence in said for message in ours if message in sentence]


def refused(type: str, timestamp: object, data: object) -> Invalid:
    """What the bridge finds in a signed body that is JSON and no hook."""
    body = json.dumps({"type": type, "timestamp": timestamp, "data": data}).encode()
    key, now = decode_secret(SECRET), int(time.time())
    verified = verify(
        Delivery("whmcs-main", sign("msg_1", now, body, key), body, now), [key], "standard", now
    )
    with pytest.raises(Invalid) as caught:
        whmcs.read(read_message(verified), verified)
    return caught.value


def test_each_refusal_of_a_field_is_a_sentence_of_the_module() -> None:
    now = datetime.now(UTC).isoformat()
    found = [refused("mailbox.explode", now, {}), refused("mailbox.create", "yesterday", {})]
    for action, schema in whmcs.ACTIONS.items():
        found += [refused(action, now, {}), refused(action, now, dict.fromkeys(schema().fields, 7))]
    with Flask("bridge").test_request_context():
        result = [
            {"http": 422, "problem": problems.of_delivery(fault).get_json()} for fault in found
        ]
    said = heard(*result)
    words = {word for fault in found for words in fault.errors.values() for word in words} | {
        result[0]["problem"]["detail"]
    }
    assert not [sentence for sentence in said for word in words if word in sentence], (
        "the validator's words come through"
    )
    assert not [sentence for sentence in said if "the field " in sentence], (
        "a field has no words of its own"
    )
    assert [sentence for sentence in said if "the next due date" in sentence]


@pytest.mark.parametrize("status", sorted(problems.TITLES.keys() - {405}))
def test_each_refusal_is_a_sentence_of_the_module(status: int) -> None:
    problem = {
        "type": "about:blank",
        "title": problems.TITLES[status],
        "status": status,
        "detail": PLANTED,
    }
    said = heard(
        {"http": status, "problem": problem},
        {"http": status, "problem": {**problem, "code": "unsupported"}},
    )
    assert not [
        sentence for sentence in said if PLANTED in sentence or problems.TITLES[status] in sentence
    ]
    assert not [sentence for sentence in said if "It answered with HTTP" in sentence], (
        "it has no sentence"
    )


def test_the_version_is_the_bridges() -> None:
    source = (PHP.parents[1] / "hooks/php/src/Connection.php").read_text()
    assert f"public const VERSION = '{__version__}';" in source, (
        "both go up together: Test Connection compares them"
    )
