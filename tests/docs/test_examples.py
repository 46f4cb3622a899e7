"""What http.md gives to copy works: its Python against the bridge, its shell against the same
check."""

import os
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest

from bridge.sim import Simulator
from hooks import signing
from hooks.types import Delivery
from tests.docs.pages import blocks
from tests.support.billing import SECRET, Billing
from tests.support.bridge import PASSWORD, Running, furnish, write_config
from tests.support.programs import needed

PAGE = "docs/http.md"
KEY = signing.decode_secret(SECRET)
BODY = b'{"type":"mailbox.suspend"}'
NOW = 1795414732


@pytest.fixture(scope="module")
def example() -> dict[str, Any]:
    """Everything that the Python examples define."""
    defined: dict[str, Any] = {}
    for block in blocks(PAGE, "python"):
        exec(compile(block, PAGE, "exec"), defined)
    return defined


@pytest.fixture
def bridge(tmp_path) -> Iterator[tuple[Running, Billing]]:
    with Simulator() as simulator:
        furnish(simulator)
        billing = Billing()
        running = Running(write_config(tmp_path, simulator, callback=billing.url))
        try:
            yield running, billing
        finally:
            running.close()
            billing.close()


def verified(headers: dict[str, str], body: bytes, scheme: signing.Scheme, now: float) -> bool:
    return signing.verify(Delivery("shop", headers, body, now), [KEY], scheme, now).body == body


def test_the_python_example_signs_what_the_bridge_verifies(example):
    assert verified(example["sign"](SECRET, "msg_1", NOW, BODY), BODY, "standard", NOW)


def test_the_python_example_of_the_other_scheme_signs_what_the_bridge_verifies(example):
    assert verified(
        example["sign_itsdangerous"](SECRET, "msg_1", BODY), BODY, "itsdangerous", time.time()
    )


def test_the_python_example_sends_a_hook_and_gets_its_receipt(example, bridge):
    running, billing = bridge
    data = {"service_id": "7", "address": "john@example.com", "password": PASSWORD}
    status, receipt = example["send"](
        running.hooks, SECRET, "mailbox.create", data, event_id="msg_1"
    )
    assert (status, receipt["hook"], receipt["status"]) == (200, "msg_1", "succeeded")
    status, problem = example["send"](
        running.hooks, SECRET, "mailbox.create", data | {"password": "a b"}, event_id="msg_2"
    )
    assert (status, list(problem["errors"])) == (422, ["data.password"])
    status, answer = example["send"](running.query, SECRET, "job", {"hook": "msg_1"})
    assert (status, answer["data"]["job"]) == (200, receipt["job"])
    billing.wait_for(1)


def test_the_python_example_verifies_callbacks_and_refuses_others(example):
    headers = signing.sign("cb_1", NOW, BODY, KEY)
    assert example["verified"](SECRET, headers, BODY, NOW) == {"type": "mailbox.suspend"}
    faults = (
        (headers, BODY + b" ", NOW),
        (headers, BODY, NOW + 301),
        (headers | {"webhook-id": "cb_2"}, BODY, NOW),
        (headers | {"webhook-signature": "v1,é"}, BODY, NOW),
        ({}, BODY, NOW),
    )
    for given, body, now in faults:
        with pytest.raises(ValueError):
            example["verified"](SECRET, given, body, now)


def test_the_shell_example_signs_what_the_bridge_verifies():
    bash, _ = needed("bash"), needed("openssl")
    (script,) = (block for block in blocks(PAGE, "sh") if "openssl" in block)
    # In place of curl: its arguments, one after the other.
    stand_in = "set -eu\ncurl() { printf '%s\\0' \"$@\"; }\n"
    environment = {"PATH": os.environ["PATH"], "HOOK_SECRET": SECRET}
    ran = subprocess.run([bash, "-c", stand_in + script], capture_output=True, env=environment)
    assert ran.returncode == 0, ran.stderr.decode()
    arguments = ran.stdout.split(b"\0")[:-1]
    after = {
        flag: [arguments[place + 1] for place, item in enumerate(arguments) if item == flag]
        for flag in (b"-H", b"--data-binary")
    }
    headers = dict(line.decode().split(": ", 1) for line in after[b"-H"])
    assert arguments[-1] == b"http://127.0.0.1:8080/hooks/whmcs-main"
    assert headers["content-type"] == "application/json"
    assert verified(headers, after[b"--data-binary"][0], "standard", time.time())
