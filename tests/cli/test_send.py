"""`send` signs as billing would, follows the job to its end, and says what came of it."""

import io
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bridge import config
from bridge.cli import main
from bridge.cli.send import PASSWORD as VARIABLE
from bridge.cli.send import sender_for
from bridge.infra import logs
from bridge.infra.http_client import HttpClient, Lost
from bridge.sim import Simulator
from hooks.signing import decode_secret, new_secret
from tests.support.bridge import Running, furnish, write_config

PASSWORD = "Planted-Secret.7"
OTHER = "Planted-Other.88"
NOWHERE = "127.0.0.1:1"


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with Simulator() as sim:
        furnish(sim)
        yield sim


@pytest.fixture(scope="module")
def bridge(sim: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    logs.configure(
        "text", io.StringIO()
    )  # else the bridge's lines get between those of the command
    running = Running(write_config(tmp_path_factory.mktemp("bridge"), sim))
    yield running
    logs.configure("text")
    running.close()


def call(
    path: Path, *arguments: str, input: str | None = None, env: dict[str, str] | None = None
) -> Result:
    result = CliRunner().invoke(
        main, ["--config", str(path), "send", *arguments], input=input, env=env
    )
    assert PASSWORD not in result.output and OTHER not in result.output
    return result


def send(bridge: Running, type: str, *arguments: str, **more: Any) -> Result:
    return call(
        bridge.settings.path, type, "--source", "shop", "--url", bridge.url, *arguments, **more
    )


def about(name: str, service: str = "7") -> tuple[str, ...]:
    return "--service-id", service, "--address", f"{name}@example.com"


def password_at_enom(sim: Simulator, name: str) -> str:
    return str(
        sim.control("/state")["domains"]["example.com"]["mailboxes"][f"{name}@example.com"][
            "password"
        ]
    )


@pytest.mark.parametrize(
    ("name", "arguments", "more"),
    [
        ("option", ("--password", PASSWORD), {}),
        ("dash", ("--password", "-"), {"input": f"{PASSWORD}\nmore\n"}),
        ("stdin", ("--password-stdin",), {"input": f"{PASSWORD}\n"}),
        ("environment", (), {"env": {VARIABLE: PASSWORD}}),
        ("both", ("--password", PASSWORD), {"env": {VARIABLE: OTHER}}),
    ],
)
def test_a_mailbox_is_created_with_the_password_however_it_was_given(
    bridge: Running, sim: Simulator, name: str, arguments: tuple[str, ...], more: Any
) -> None:
    result = send(bridge, "mailbox.create", *about(name), *arguments, **more)
    assert result.exit_code == 0, result.output
    assert "Mailbox created and confirmed." in result.stdout
    assert password_at_enom(sim, name) == PASSWORD


def test_the_password_of_the_environment_is_not_sent_where_the_type_has_none(
    bridge: Running,
) -> None:
    result = send(bridge, "mailbox.suspend", *about("nobody"), "--json", env={VARIABLE: PASSWORD})
    assert "unknown_fields" not in json.loads(result.stdout)


def test_json_is_the_receipt_and_a_failed_job_is_exit_code_1(bridge: Running) -> None:
    result = send(
        bridge,
        "mailbox.suspend",
        *about("nobody"),
        "--reason",
        "overdue",
        "--id",
        "msg_nobody",
        "--json",
    )
    receipt = json.loads(result.stdout)
    assert (result.exit_code, receipt["status"], receipt["error"]["code"]) == (
        1,
        "failed",
        "not_found",
    )
    assert receipt["hook"] == "msg_nobody"


def test_the_customer_and_what_staff_confirms_are_sent(bridge: Running) -> None:
    arguments = *about("customer"), "--password", PASSWORD, "--customer-id", "15"
    for more, reported in (((), None), (("--domain-confirmed",), True)):
        result = send(bridge, "mailbox.create", *arguments, *more, "--json")
        receipt = json.loads(result.stdout)
        assert (result.exit_code, "unknown_fields" in receipt) == (0, False)
        intent = bridge.service.lookup.story(receipt["job"])["job"]["intent"]
        assert (intent["customer_id"], intent.get("domain_confirmed")) == ("15", reported)
    assert bridge.service.lookup.mailbox("customer@example.com")["customer_id"] == "15"


def test_whole_sets_are_sent_also_where_they_are_empty(bridge: Running) -> None:
    send(bridge, "mailbox.create", *about("many"), "--password", PASSWORD)
    for type, arguments, intent in (
        ("set_aliases", ("--alias", "x@example.com", "--alias", "y@example.com"), ["x", "y"]),
        ("set_aliases", (), []),
    ):
        result = send(bridge, f"mailbox.{type}", *about("many"), *arguments, "--json")
        assert result.exit_code == 0, result.output
        job = bridge.service.lookup.story(json.loads(result.stdout)["job"])["job"]
        assert job["intent"]["aliases"] == [f"{name}@example.com" for name in intent]
    for arguments, forwarding in (
        (("--forward-to", "a@example.org", "--no-copy"), (["a@example.org"], False)),
        ((), ([], True)),
    ):
        result = send(bridge, "mailbox.set_forwarding", *about("many"), *arguments, "--json")
        assert result.exit_code == 0, result.output
        kept = bridge.service.lookup.story(json.loads(result.stdout)["job"])["job"]["intent"]
        assert (kept["forward_to"], kept["keep_copy"]) == forwarding


def test_the_same_id_starts_nothing_new(bridge: Running) -> None:
    first, second = (
        send(bridge, "mailbox.suspend", *about("twice"), "--id", "msg_twice", "--json")
        for _ in range(2)
    )
    assert json.loads(first.stdout)["job"] == json.loads(second.stdout)["job"]


def test_a_job_that_is_not_waited_for_is_followed_to_its_end(bridge: Running) -> None:
    result = send(bridge, "mailbox.terminate", *about("gone"), "--wait", "0", "--json")
    assert "queued; following it" in result.stderr
    assert (result.exit_code, json.loads(result.stdout)["status"]) == (0, "succeeded")


def test_a_job_that_has_not_ended_in_time_says_how_to_look_again(bridge: Running) -> None:
    result = send(bridge, "mailbox.terminate", *about("late"), "--wait", "0", "--timeout", "0")
    assert result.exit_code == 1
    assert "enom-bridge jobs explain job_" in result.stderr


def test_a_job_that_failed_says_so_once_and_where_to_read_why(bridge: Running) -> None:
    result = send(bridge, "mailbox.suspend", *about("nobody"), "--reason", "overdue")
    (line,) = [each for each in result.stdout.splitlines() if each.startswith("error ")]
    assert "not_found: " in line and "message:" not in line
    assert "To see why: enom-bridge jobs explain job_" in result.stderr


def test_the_wait_for_the_answer_is_part_of_the_timeout(
    bridge: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    bridge.service.operator.pause_account("main", "")
    begun = time.monotonic()
    try:
        send(bridge, "mailbox.terminate", *about("slow"), "--wait", "15", "--timeout", "1")
    finally:
        bridge.service.operator.resume_account("main")
    assert time.monotonic() - begun < 8


def test_what_is_not_valid_is_listed_field_by_field(bridge: Running) -> None:
    result = send(
        bridge,
        "mailbox.create",
        "--service-id",
        "7",
        "--address",
        "a..b@example.com",
        "--timestamp",
        "now",
    )
    assert result.exit_code == 1
    assert "422 Not valid" in result.stderr
    for field in ("timestamp", "data.address", "data.password"):
        assert f"  {field}: " in result.stderr


def test_an_unknown_type_is_left_to_the_bridge_to_refuse(bridge: Running) -> None:
    result = send(bridge, "mailbox.paint", "--json")
    assert (result.exit_code, json.loads(result.stdout)["status"]) == (1, 422)


def test_a_query_is_answered(bridge: Running) -> None:
    result = send(bridge, "connection.test")
    assert result.exit_code == 0
    assert "reachable: yes" in result.stdout


def test_a_job_can_be_asked_for_by_its_hook(bridge: Running) -> None:
    send(bridge, "mailbox.suspend", *about("asked"), "--id", "msg_asked")
    result = send(bridge, "job", "--hook", "msg_asked", "--json")
    answer = json.loads(result.stdout)
    assert (result.exit_code, answer["type"], answer["data"]["status"]) == (0, "job", "failed")


def test_a_hook_that_waits_can_be_taken_back(bridge: Running) -> None:
    bridge.service.operator.pause_account("main", "")
    try:
        send(
            bridge,
            "mailbox.create",
            *about("back"),
            "--password",
            PASSWORD,
            "--id",
            "msg_waits",
            "--wait",
            "0",
            "--timeout",
            "0",
        )
        result = send(
            bridge, "job.withdraw", "--hook", "msg_waits", "--json", env={VARIABLE: PASSWORD}
        )
    finally:
        bridge.service.operator.resume_account("main")
    receipt = json.loads(result.stdout)
    assert (result.exit_code, receipt["status"], receipt["error"]["code"]) == (
        0,
        "cancelled",
        "withdrawn",
    )


def test_a_hook_that_never_came_is_told_as_dismissed_and_one_that_is_done_as_it_is(
    bridge: Running,
) -> None:
    result = send(bridge, "job.withdraw", "--hook", "msg_never")
    assert (result.exit_code, "dismissed" in result.stdout) == (0, True)
    send(bridge, "mailbox.terminate", *about("nobody"), "--id", "msg_done")
    done = send(bridge, "job.withdraw", "--hook", "msg_done", "--json")
    assert (done.exit_code, json.loads(done.stdout)["status"]) == (1, "succeeded")
    wrong = send(bridge, "job.withdraw", "--job", "job_1")
    assert (wrong.exit_code, "data.hook" in wrong.stderr) == (1, True)


def test_a_query_that_is_refused_is_exit_code_1(bridge: Running) -> None:
    result = send(bridge, "mailbox.status", *about("nobody"))
    assert result.exit_code == 1
    assert "404 Not found: This service has no mailbox with this address." in result.stderr


def test_the_other_scheme_is_signed_too(sim: Simulator, tmp_path: Path) -> None:
    running = Running(write_config(tmp_path, sim, source__signature="itsdangerous"))
    try:
        assert send(running, "connection.test").exit_code == 0
    finally:
        running.close()


def test_the_newest_secret_signs_and_every_own_address_is_tried(
    sim: Simulator, tmp_path: Path
) -> None:
    secrets = [new_secret(bytes([number]) * 32) for number in (1, 2)]
    path = write_config(
        tmp_path,
        sim,
        source__secrets=secrets,
        bridge__listen="0.0.0.0:8001",
        bridge__public_url="https://bridge.example.com/",
    )
    sender = sender_for(config.load(path, {}), "shop", None, HttpClient())
    assert sender.secret == decode_secret(secrets[1])
    assert sender.bases == ["http://127.0.0.1:8001", "https://bridge.example.com"]


def test_no_bridge_there_says_how_to_start_one(sim: Simulator, tmp_path: Path) -> None:
    path = write_config(
        tmp_path, sim, bridge__listen=NOWHERE, bridge__public_url=f"http://{NOWHERE}"
    )
    result = call(path, "connection.test", "--source", "shop")
    assert result.exit_code == 1
    why = (
        f"no bridge answers at http://{NOWHERE}: it refuses connections (127.0.0.1). Start it with "
        "`enom-bridge serve`"
    )
    assert why in result.stderr


def test_something_else_that_answers_is_not_taken_for_a_bridge(
    bridge: Running, sim: Simulator
) -> None:
    result = call(bridge.settings.path, "connection.test", "--source", "shop", "--url", sim.url)
    assert result.exit_code == 1
    assert "answered 404 without JSON" in result.stderr


def test_after_a_lost_answer_the_id_to_repeat_is_told(
    bridge: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose(*_: Any, **__: Any) -> None:
        raise Lost("no complete answer in time (127.0.0.1)")

    monkeypatch.setattr(HttpClient, "post", lose)
    result = send(bridge, "mailbox.suspend", *about("lost"), "--id", "msg_lost")
    assert result.exit_code == 1
    assert "send it again with --id msg_lost" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (("--source", "nobody"), "--source: no source 'nobody'"),
        (("--source", "shop", "--id", "a b"), "--id: a webhook-id is"),
        (("--source", "shop", "--timeout", "-1"), "--timeout"),
        ((), "--source"),
    ],
)
def test_wrong_usage_is_exit_code_2(
    bridge: Running, arguments: tuple[str, ...], fault: str
) -> None:
    result = call(bridge.settings.path, "mailbox.suspend", *arguments)
    assert result.exit_code == 2
    assert fault in result.stderr


def test_a_mailbox_changes_its_service(bridge: Running) -> None:
    send(bridge, "mailbox.create", *about("moves"), "--password", PASSWORD)
    mine = bridge.service.lookup.mailbox("moves@example.com")["service_id"]
    new = ("--service-id", "company", "--address", "moves@example.com")
    told = ("--from-service-id", mine, "--seats", "3")
    result = send(bridge, "mailbox.change_service", *new, *told, "--json")
    assert result.exit_code == 0, result.output
    receipt = json.loads(result.stdout)
    assert (receipt["changed"], receipt["from_service_id"]) == (True, mine)
    assert bridge.service.lookup.mailbox("moves@example.com")["service_id"] == "company"
