"""Planted secrets come out nowhere: not in a database, a log, an answer, a callback, a note, a
metric, a command or a trace.

Each is looked for as it is, and URL-encoded, escaped for JSON and HTML, in hex, and in base64 at
any offset.
"""

import base64
import html
import io
import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import quote, quote_plus

import click
import pytest
import sqlalchemy as sa
import structlog
from click.testing import CliRunner
from prometheus_client import generate_latest

from bridge.cli import main
from bridge.infra import logs
from bridge.store.base import tables
from tests.support.bridge import HOSTED_PASSWORD, KEY, TOKEN
from tests.support.in_between import InBetween
from tests.support.scene import SECRET, Open, Scene

PASSWORD = "Pl@nted/Secret*7"
SECOND = "An0ther/Planted@"
REJECTED = "rejected&<Pl@nted"
PARKED = 'Parked Pl@nted"9'
NEIGHBOURS = "Neighb0ur/Secr@t"
SMTP = "Smtp/Pl@nted&4"
PLANTED = {
    "a mailbox's password": PASSWORD,
    "its next one": SECOND,
    "one that Enom rejects": REJECTED,
    "one in a body that cannot be read": PARKED,
    "the password of another mailbox, which GetPOP3 shows": NEIGHBOURS,
    "Enom's token": TOKEN,
    "hosted email's password": HOSTED_PASSWORD,
    "the signing secret": SECRET,
    "the signing key": base64.b64decode(SECRET.removeprefix("whsec_")).decode(),
    "the bridge's key": KEY,
    "the bridge's key, decoded": base64.urlsafe_b64decode(KEY).decode(),
    "the mail server's password": SMTP,
}
JOHN, AMY, BOB = "john.doe@example.com", "amy@example.com", "bob@example.com"


def forms(secret: str) -> set[str]:
    raw = secret.encode()
    found = {
        secret,
        quote(secret, safe=""),
        quote(secret),
        quote_plus(secret),
        html.escape(secret),
        raw.hex(),
    }
    found |= {json.dumps(secret)[1:-1], json.dumps(json.dumps(secret))[3:-3], repr(secret)[1:-1]}
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + raw).decode()[
            (0, 2, 3)[offset] : (offset + len(raw)) * 8 // 6
        ]
        found |= {encoded, encoded.replace("+", "-").replace("/", "_")}
    return found


FORMS = {name: forms(secret) for name, secret in PLANTED.items()}


def leaks(text: str) -> list[str]:
    return [name for name, each in FORMS.items() if any(form in text for form in each)]


class Heard:
    """Everything that left the bridge while the story was played."""

    def __init__(self, scene: Scene, stream: io.StringIO) -> None:
        self.scene, self.stream = scene, stream
        self.answers: list[str] = []
        self.callbacks: list[str] = []
        self._post, self._out = scene.client.post, scene.receiver.post
        scene.client.post = self.post  # type: ignore[method-assign]
        scene.receiver.post = self.out  # type: ignore[method-assign]

    def post(self, *given: Any, **more: Any) -> Any:
        answer = self._post(*given, **more)
        self.answers.append(f"{answer.headers}\n{answer.text}")
        return answer

    def out(self, url: str, body: bytes, headers: Any, **more: Any) -> Any:
        self.callbacks.append(f"{url}\n{dict(headers)}\n{body.decode()}")
        return self._out(url, body, headers, **more)


@pytest.fixture(params=["text", "json"])
def log(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """Everything that any library logs, at debug level."""
    stream = io.StringIO()
    handlers, level = logging.root.handlers[:], logging.root.level
    logs.configure(request.param, stream)
    logging.root.setLevel(logging.DEBUG)
    engine = logging.getLogger("sqlalchemy.engine")
    engine.setLevel(logging.INFO)  # statements with their values
    engine.disabled = False  # another test may have configured logging anew
    yield stream
    engine.setLevel(logging.NOTSET)
    logging.root.handlers[:], logging.root.level = handlers, level
    structlog.reset_defaults()


@pytest.fixture
def heard(open_scene: Open, log: io.StringIO) -> Heard:
    """A story with every kind of end, and a secret at every step of it."""
    scene = open_scene(admin__smtp="smtp://bridge@mail.example.com", admin__smtp_password=SMTP)
    heard = Heard(scene, log)
    scene.sim.control("/mailboxes", {"address": BOB, "password": NEIGHBOURS, "settled": True})
    assert scene.do("create", password=PASSWORD, plan="basic")["status"] == "succeeded"
    assert scene.do("change_password", password=SECOND)["status"] == "succeeded"
    assert (
        scene.do("create", address=AMY, service_id="8", password=REJECTED.replace('"', ""))[
            "status"
        ]
        == "failed"
    )
    assert scene.do("create", address=BOB, service_id="9", password=PASSWORD)["status"] == "failed"
    assert scene.send("mailbox.create", id="msg_parked", password=PARKED).status_code == 422
    stranger = scene.body("mailbox.create", service_id="7", address=JOHN, password=PASSWORD)
    assert (
        scene.post(
            "/hooks/shop", stranger, scene.sign(stranger) | {"webhook-signature": "v1,AAAA"}
        ).status_code
        == 401
    )
    assert scene.post("/hooks/shop", stranger[:-1], scene.sign(stranger[:-1])).status_code == 400
    for type, fault in (("suspend", "drop_after"), ("unsuspend", "html_after")):
        scene.fault("change_user", fault)
        assert scene.do(type)["status"] == "succeeded"
    scene.fault("ModifyPOP3", "contradiction")
    assert scene.do("change_password", password=PASSWORD)["status"] == "succeeded"
    waiting = scene.hook("create", address="cat@example.com", service_id="10", password=SECOND)
    scene.fault("GetPOP3", "cut")
    scene.work(1)
    for type, data in (
        ("mailbox.status", {}),
        ("mailbox.usage", {}),
        ("connection.test", {}),
        ("results", {}),
        ("job", {"job": waiting["job"]}),
    ):
        assert scene.ask(type, service_id="7", address=JOHN, **data).status_code == 200
    scene.sim.control("/accounts", {"uid": "reseller", "token": "another", "environment": "test"})
    assert scene.ask("mailbox.status", service_id="7", address=JOHN).status_code == 502
    scene.hook("create", address="dan@example.com", service_id="11", password=SECOND)
    scene.work(30)
    scene.call_back(60)
    scene.periodic_tasks()
    return heard


@pytest.mark.parametrize("log", ["text"], indirect=True)
def test_no_secret_is_in_the_database(heard: Heard) -> None:
    database = heard.scene.service.database
    text = ""
    with database.read() as tx:
        for table in tables.metadata.sorted_tables:
            for row in tx.execute(sa.select(table)).mappings():
                text += json.dumps(dict(row), default=str, ensure_ascii=False) + "\n"
    assert text.count(JOHN) > 5
    assert leaks(text) == []
    if database.embedded:
        files = list(Path(database.url.removeprefix("sqlite:///")).parent.glob("*.sqlite3*"))
        assert any(file.name.endswith("-wal") for file in files)
        raw = "".join(file.read_bytes().decode("latin-1") for file in files)
        assert JOHN in raw
        assert leaks(raw) == []


@pytest.mark.parametrize("store", ["sqlite"])
def test_no_secret_is_in_a_log_an_answer_a_callback_a_note_or_a_metric(heard: Heard) -> None:
    heard.stream.flush()
    log = heard.stream.getvalue()
    assert log.count(JOHN) > 5
    assert "SetUpPOP3User" in log
    assert "INSERT INTO jobs" in log  # the database's own debug lines are among them
    assert leaks(log) == []
    answers = "\n".join(heard.answers)
    assert answers.count(JOHN) > 5
    assert leaks(answers) == []
    out = "\n".join(heard.callbacks)
    assert "job.succeeded" in out and "account:main" in out
    assert leaks(out) == []
    metrics = generate_latest(heard.scene.app.extensions["web"].metrics.registry).decode()
    assert "enom_bridge_requests_total" in metrics
    assert leaks(metrics) == []


@pytest.mark.parametrize("store", ["sqlite"])
@pytest.mark.parametrize("log", ["text"], indirect=True)
def test_no_secret_is_in_the_output_of_a_command(heard: Heard) -> None:
    jobs = [item["job"] for item in (heard.scene.ask("results").json or {})["data"]["items"]]
    commands = [
        ["config", "show"],
        ["config", "check"],
        ["hooks", "list"],
        ["hooks", "show", "msg_parked"],
        ["jobs", "list"],
        *(["jobs", "show", job] for job in jobs),
        *(["jobs", "explain", job] for job in jobs),
        ["mailboxes", "list"],
        ["mailboxes", "show", JOHN],
        ["callbacks", "list"],
        ["replay", "msg_parked"],
    ]
    output = ""
    for command in commands:
        for more in ([], ["--json"]):
            if more and not takes_json(command):
                continue
            result = CliRunner().invoke(
                main, ["--config", str(heard.scene.path), *command, *more], env={"COLUMNS": "300"}
            )
            assert result.exit_code in (0, 1), (command, result.output, result.exception)
            assert result.exception is None or isinstance(result.exception, SystemExit), command
            output += result.output + result.stderr
    assert output.count(JOHN) > 5
    assert leaks(output) == []


def takes_json(command: list[str]) -> bool:
    node: Any = main
    for word in command:
        if not isinstance(node, click.Group):
            break
        node = node.commands[word]
    return any("--json" in option.opts for option in node.params)


@pytest.mark.parametrize("store", ["sqlite"])
def test_a_crash_with_secrets_in_its_locals_and_its_words_tells_none(
    open_scene: Open, log: io.StringIO
) -> None:
    scene = open_scene()

    def crash(address: object, change: Any, seen: object) -> NoReturn:
        password, token = change.secret, TOKEN
        raise RuntimeError(
            f"could not set {password} with {token!r}", password, {"pw": token}, password.encode()
        )

    scene.engine.worker.accounts["main"].backend.apply = crash  # type: ignore[method-assign]  # it crashes there
    receipt = scene.hook("create", password=PASSWORD)
    scene.work()
    assert scene.job(receipt)["error"]["code"] == "unclear"
    text = log.getvalue()
    assert "RuntimeError" in text and "Traceback" in text
    assert leaks(text) == []
    with scene.service.database.read() as tx:
        kept = [
            dict(row)
            for table in tables.metadata.sorted_tables
            for row in tx.execute(sa.select(table)).mappings()
        ]
    assert leaks(json.dumps(kept, default=str)) == []


@pytest.mark.parametrize("store", ["sqlite"])
def test_a_crash_while_a_hook_is_taken_tells_no_secret(
    open_scene: Open, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = open_scene()

    def crash(*given: Any, **_: Any) -> NoReturn:
        body = given[0]
        raise RuntimeError(f"could not read {body!r} with {body.data!r}", body)

    monkeypatch.setattr("hooks.standard.read", crash)
    known = scene.service.intake.sources["shop"]
    monkeypatch.setattr(known.platform, "read", crash, raising=False)
    answer = scene.send("mailbox.create", password=PASSWORD)
    assert answer.status_code == 500
    assert "could not read" in log.getvalue()
    assert leaks(answer.text + log.getvalue()) == []


@pytest.mark.parametrize("form", [str, repr, json.dumps, html.escape, str.upper])
@pytest.mark.parametrize("store", ["sqlite"])
def test_a_refusal_that_repeats_the_new_password_keeps_it_nowhere(
    open_scene: Open, log: io.StringIO, form: Callable[[str], str]
) -> None:
    scene = open_scene(backend="hosted-email", bridge__wait_limit=0)

    def refuse(sent: dict[str, Any]) -> dict[str, Any]:
        text = form(sent["attributes"]["password"])
        hints = {"password": f"{text} is too weak", f"not {text}": "no such field"}
        return {"success": False, "error_number": 40, "error": f"No {text}", "hints": hints}

    InBetween(scene, "change_user", before=refuse)
    receipt = scene.do("create", password=REJECTED)
    assert receipt["error"]["code"] == "password_rejected"
    assert "too weak" in receipt["error"]["detail"]
    story = scene.service.lookup.story(receipt["job"])
    with scene.service.database.read() as tx:
        kept = [list(tx.execute(sa.select(table))) for table in tables.metadata.sorted_tables]
    text = f"{json.dumps(receipt)} {story} {kept} {log.getvalue()}"
    assert leaks(text) == [] and form(REJECTED) not in text


def test_a_password_is_wiped_when_its_job_has_succeeded_or_was_cancelled(scene: Scene) -> None:
    scene.do("create", password=PASSWORD)
    old = scene.hook("change_password", password=SECOND)
    new = scene.hook("change_password", password=PASSWORD)
    assert scene.job(old)["status"] == "cancelled"
    assert sealed(scene) == {3}
    scene.work(60)
    assert scene.job(new)["status"] == "succeeded"
    assert sealed(scene) == set()
    scene.hook("change_password", at=-900, password=SECOND)  # late
    assert sealed(scene) == set()


def test_after_another_end_it_is_kept_for_three_days(scene: Scene) -> None:
    failed = scene.do("create", password="short")
    assert failed["status"] == "failed"
    scene.send("mailbox.create", id="msg_parked", password=PARKED)
    scene.clock.now += 71 * 3600
    assert scene.engine.background.retention.wipe() == 0
    assert sealed(scene) == {1}
    scene.clock.now += 3600 + 60
    assert scene.engine.background.retention.wipe() == 2
    assert sealed(scene) == set()
    again = scene.service.operator.retry(failed["job"])
    scene.work(60)
    assert scene.job({"job": again.job})["error"]["code"] == "password_needed"


def sealed(scene: Scene) -> set[int]:
    """The sequence numbers of the jobs whose password is still kept."""
    with scene.service.database.read() as tx:
        return set(
            tx.scalars(sa.select(tables.jobs.c.sequence).where(tables.jobs.c.sealed.is_not(None)))
        )


def test_the_search_finds_what_it_should() -> None:
    assert leaks(f"x{PASSWORD}x") == ["a mailbox's password"]
    for encoded in (
        quote_plus(TOKEN + "&"),
        base64.b64encode(f"uid:{TOKEN}".encode()).decode(),
        TOKEN.encode().hex(),
    ):
        assert leaks(encoded) == ["Enom's token"]
    assert leaks(json.dumps({"body": json.dumps({"password": PARKED})})) == [
        "one in a body that cannot be read"
    ]
