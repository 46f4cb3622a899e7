"""The table of answers of `POST /hooks/<source>`, in the order of its checks, and what of each
is stored."""

import base64
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from werkzeug.test import TestResponse

from bridge.store.base import tables
from bridge.store.queue import brake
from tests.support.scene import SECRET, Open, Scene, signed_by_itsdangerous

JOHN: dict[str, Any] = {"service_id": "7", "address": "john.doe@example.com"}
PASSWORD = "Planted-Secret.7"
OTHER_SECRET = "whsec_" + "b3RoZXItc2VjcmV0LW9mLXRoZS10ZXN0cy0zMi1ieXRlcyE="


def rows(scene: Scene, name: str) -> list[dict[str, Any]]:
    with scene.service.database.read() as tx:
        return [dict(row) for row in tx.execute(sa.select(tables.metadata.tables[name])).mappings()]


def is_problem(answer: TestResponse, status: int) -> bool:
    assert answer.status_code == status, answer.text
    assert answer.content_type == "application/problem+json"
    body = answer.json or {}
    assert {"type", "title", "status", "detail"} <= set(body)
    return bool(body["status"] == status)


# Each delivery has every fault from its row down, so that a wrong order shows.

Make = Callable[[Scene], tuple[bytes, dict[str, str]]]
BIG = b"{" + b" " * (64 * 1024) + b"}"


def bad_signature(headers: dict[str, str]) -> dict[str, str]:
    return headers | {"webhook-signature": "v1,AAAA"}


def too_large(scene: Scene) -> tuple[bytes, dict[str, str]]:
    return BIG, bad_signature(scene.sign(BIG, content_type="text/plain"))


def unsigned(scene: Scene) -> tuple[bytes, dict[str, str]]:
    return b"not json", bad_signature(scene.sign(b"not json", content_type="text/plain"))


def not_declared_json(scene: Scene) -> tuple[bytes, dict[str, str]]:
    headers = scene.sign(b"not json")
    return b"not json", headers | {"content-type": "text/plain"}


def not_json(scene: Scene) -> tuple[bytes, dict[str, str]]:
    return b"not json", scene.sign(b"not json")


def not_valid(scene: Scene) -> tuple[bytes, dict[str, str]]:
    body = scene.body("mailbox.create", address="john@forbidden.example", service_id="")
    return body, scene.sign(body, "msg_used")


def not_allowed(scene: Scene) -> tuple[bytes, dict[str, str]]:
    body = scene.body("mailbox.suspend", **JOHN | {"address": "john@forbidden.example"})
    return body, scene.sign(body, "msg_used")


def reused(scene: Scene) -> tuple[bytes, dict[str, str]]:
    body = scene.body("mailbox.suspend", **JOHN)
    return body, scene.sign(body, "msg_used")


def paused(scene: Scene) -> tuple[bytes, dict[str, str]]:
    body = scene.body("mailbox.suspend", **JOHN)
    return body, scene.sign(body)


TABLE: list[tuple[Make, int]] = [
    (too_large, 413),
    (unsigned, 401),
    (not_declared_json, 415),
    (not_json, 400),
    (not_valid, 422),
    (not_allowed, 403),
    (reused, 409),
    (paused, 503),
]


@pytest.mark.parametrize(("make", "status"), TABLE)
def test_the_first_fault_in_the_order_of_the_table_is_the_answer(
    open_scene: Open, make: Make, status: int
) -> None:
    scene = open_scene(source__domains=["example.com"])
    assert scene.send("mailbox.create", id="msg_used", password=PASSWORD).status_code == 202
    scene.service.operator.pause_source("shop", True)
    before = rows(scene, "hooks"), rows(scene, "jobs")
    body, headers = make(scene)
    assert is_problem(scene.post("/hooks/shop", body, headers), status)
    assert (rows(scene, "hooks"), rows(scene, "jobs")) == before


def test_what_is_not_valid_is_told_even_while_the_source_is_paused(scene: Scene) -> None:
    scene.service.operator.pause_source("shop", True)
    assert is_problem(scene.send("mailbox.create", address="nobody"), 422)


def test_a_fresh_hook_is_202_and_one_that_ended_200(scene: Scene) -> None:
    answer = scene.send("mailbox.create", id="msg_1", password=PASSWORD)
    assert (answer.status_code, (answer.json or {})["status"]) == (202, "queued")
    names = (
        "job hook action address service_id sequence status waiting_for state changed verified "
        "message error"
    )
    assert list(answer.json or {}) == names.split()
    scene.work(60)
    again = scene.send("mailbox.create", id="msg_1", at=-60, password=PASSWORD)
    assert (again.status_code, (again.json or {})["status"]) == (200, "succeeded")
    assert (again.json or {})["job"] == (answer.json or {})["job"]
    assert len(rows(scene, "jobs")) == 1


@pytest.mark.parametrize(
    "change",
    [{"type": "mailbox.create"}, {"data": {**JOHN, "reason": "late"}}, {"data": {**JOHN, "x": 1}}],
)
def test_an_id_is_for_one_type_and_data(scene: Scene, change: dict[str, Any]) -> None:
    sent = {"type": "mailbox.suspend", "timestamp": "2027-03-01T12:00:00Z", "data": JOHN}
    for body, status in ((sent, 202), (sent | {"timestamp": "2027-03-01T11:00:00Z"}, 202)):
        raw = json.dumps(body).encode()
        assert scene.post("/hooks/shop", raw, scene.sign(raw, "msg_1")).status_code == status
    data = {"password": PASSWORD} | change.get("data", JOHN)
    raw = json.dumps(
        sent | change | {"data": data if "type" in change else change["data"]}
    ).encode()
    assert is_problem(scene.post("/hooks/shop", raw, scene.sign(raw, "msg_1")), 409)
    assert len(rows(scene, "hooks")) == len(rows(scene, "jobs")) == 1


def test_the_same_data_in_another_order_is_the_same(scene: Scene) -> None:
    first = scene.send(
        "mailbox.suspend", id="msg_1", service_id="7", address="john.doe@example.com"
    )
    raw = json.dumps(
        {
            "data": dict(reversed(JOHN.items())),
            "timestamp": "2027-03-01T12:00:00Z",
            "type": "mailbox.suspend",
        }
    )
    again = scene.post("/hooks/shop", raw.encode(), scene.sign(raw.encode(), "msg_1"))
    assert (again.json or {}) == (first.json or {})


def test_what_cannot_be_read_is_parked_whole_and_its_id_is_used(scene: Scene) -> None:
    answer = scene.send(
        "mailbox.create", id="msg_1", address="nobody", password="white space", plan=7
    )
    assert is_problem(answer, 422)
    assert set((answer.json or {})["errors"]) == {"data.address", "data.password", "data.plan"}
    (parked,) = rows(scene, "hooks")
    assert (parked["job_id"], parked["hook_id"], set(parked["errors"])) == (
        None,
        "msg_1",
        set((answer.json or {})["errors"]),
    )
    assert rows(scene, "jobs") == []
    # The same again is the same answer; another body is another hook.
    assert is_problem(
        scene.send("mailbox.create", id="msg_1", address="nobody", password="white space", plan=7),
        422,
    )
    assert is_problem(scene.send("mailbox.create", id="msg_1", password=PASSWORD), 409)
    assert len(rows(scene, "hooks")) == 1


def test_a_delivery_that_was_dismissed_is_refused_whatever_comes_under_its_id(scene: Scene) -> None:
    scene.send("mailbox.create", id="msg_1", address="nobody", password=PASSWORD)
    with scene.service.database.write() as tx:
        tx.execute(sa.update(tables.hooks).values(dismissed_at=scene.clock.now, sealed=None))
    for address in ("nobody", "john.doe@example.com"):
        answer = scene.send("mailbox.create", id="msg_1", address=address, password=PASSWORD)
        assert is_problem(answer, 409)
        assert (answer.json or {})[
            "detail"
        ] == "This hook was dismissed. Send it again under a new id."
    assert (rows(scene, "jobs"), len(rows(scene, "hooks"))) == ([], 1)


def suspend(timestamp: str = "2027-03-01T12:00:00Z", **data: Any) -> bytes:
    given = {"service_id": "7", "address": "a@example.com"} | data
    return json.dumps({"type": "mailbox.suspend", "timestamp": timestamp, "data": given}).encode()


@pytest.mark.parametrize(
    ("body", "status", "names"),
    [
        (b"", 400, ()),
        (b"[]", 400, ()),
        (b"\xff", 400, ()),
        (b'{"a":NaN}', 400, ()),
        (b'{"a":1,"a":2}', 400, ()),
        (
            b'{"type":"mailbox.explode","timestamp":"2027-03-01T12:00:00Z","data":{}}',
            422,
            ("type",),
        ),
        (b'{"type":"mailbox.status","timestamp":"2027-03-01T12:00:00Z","data":{}}', 422, ("type",)),
        (suspend("2027-03-01T12:05:01Z"), 422, ("timestamp",)),
        (suspend().replace(b"timestamp", b"when"), 422, ("timestamp",)),
        (
            b'{"type":"mailbox.suspend","timestamp":"2027-03-01T12:00:00Z","data":[]}',
            422,
            ("data",),
        ),
        (
            suspend("soon", service_id="", address="a@b@c"),
            422,
            ("timestamp", "data.service_id", "data.address"),
        ),
        (suspend(reason="a\ud800"), 422, ("data.reason",)),
        (suspend(reason="a\r\nb"), 422, ("data.reason",)),
        (suspend(service_id="a\0"), 422, ("data.service_id",)),
    ],
)
def test_every_fault_of_a_body_is_named(
    scene: Scene, body: bytes, status: int, names: tuple[str, ...]
) -> None:
    headers = scene.sign(body)
    if not body.isascii():
        headers["webhook-signature"] = signature(scene, body, headers["webhook-id"])
    answer = scene.post("/hooks/shop", body, headers)
    assert is_problem(answer, status)
    assert set((answer.json or {}).get("errors", {})) == set(names)
    assert len(rows(scene, "hooks")) == (1 if status == 422 else 0)


def signature(scene: Scene, body: bytes, id: str) -> str:
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    signed = f"{id}.{int(scene.clock.now)}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()


SECRETS = ["Sesame-Open.123 ", "john.secret@place", "gold\nplated"]


@pytest.mark.parametrize("path", ["/hooks/shop", "/query/shop", "/hooks/nowhere"])
def test_no_answer_repeats_what_was_sent(scene: Scene, path: str) -> None:
    data = {
        "service_id": SECRETS[2],
        "address": SECRETS[1],
        "password": SECRETS[0],
        "plan": SECRETS[2],
    }
    for type in ("mailbox.create", "mailbox.status", "Sesame-type"):
        body = scene.body(type, **data)
        answer = scene.post(path, body, scene.sign(body))
        assert answer.status_code in (401, 422)
        assert not any(secret in answer.text for secret in ("Sesame", "john.secret", "plated"))


STRANGERS: dict[str, Callable[[dict[str, str], Scene], dict[str, str]]] = {
    "no id": lambda headers, scene: headers | {"webhook-id": ""},
    "a bad id": lambda headers, scene: headers | {"webhook-id": "msg.1"},
    "a long id": lambda headers, scene: headers | {"webhook-id": "a" * 129},
    "no time": lambda headers, scene: headers | {"webhook-timestamp": ""},
    "a bad time": lambda headers, scene: headers | {"webhook-timestamp": "now"},
    "too early": lambda headers, scene: scene.sign(
        scene.body("mailbox.suspend", **JOHN), skew=-302
    ),
    "too late": lambda headers, scene: scene.sign(scene.body("mailbox.suspend", **JOHN), skew=302),
    "no signature": lambda headers, scene: headers | {"webhook-signature": ""},
    "another version": lambda headers, scene: (
        headers | {"webhook-signature": headers["webhook-signature"].replace("v1", "v2")}
    ),
    "another secret": lambda headers, scene: scene.sign(
        scene.body("mailbox.suspend", **JOHN), secret=OTHER_SECRET
    ),
    "another id": lambda headers, scene: headers | {"webhook-id": "msg_other"},
}


def test_one_and_the_same_answer_for_every_stranger(open_scene: Open) -> None:
    scene = open_scene(
        bridge__trusted_proxies=["127.0.0.1/32"], source__allow_from=["127.0.0.1/32"]
    )
    body = scene.body("mailbox.suspend", **JOHN)
    answers = [scene.post("/hooks/nowhere", body, scene.sign(body))]
    answers.append(
        scene.post("/hooks/shop", body, scene.sign(body) | {"x-forwarded-for": "203.0.113.9"})
    )
    answers += [
        scene.post("/hooks/shop", body, change(scene.sign(body), scene))
        for change in STRANGERS.values()
    ]
    assert [answer.status_code for answer in answers] == [401] * len(answers)
    assert len({answer.data for answer in answers}) == 1
    assert len({tuple(answer.headers.keys()) for answer in answers}) == 1
    assert rows(scene, "hooks") == []
    assert scene.post("/hooks/shop", body, scene.sign(body, skew=-299)).status_code == 202


SENDERS: dict[tuple[str, ...], list[tuple[str, str, int]]] = {
    (): [
        ("198.51.100.7", "", 202),
        ("203.0.113.9", "", 401),
        ("203.0.113.9", "198.51.100.7", 401),  # anybody can write the header
        ("::ffff:198.51.100.7", "", 202),  # of a socket for both
        ("::ffff:203.0.113.9", "", 401),
    ],
    ("10.0.0.0/8",): [
        ("10.0.0.1", "198.51.100.7", 202),
        ("10.0.0.1", "203.0.113.9", 401),
        ("10.0.0.1", "198.51.100.7, 203.0.113.9", 401),  # what lies behind could be made up
        ("10.0.0.1", "203.0.113.9, 198.51.100.7, 10.0.0.2", 202),
        ("10.0.0.1", "", 401),
        ("10.0.0.1", "198.51.100.7:4711", 202),
        ("10.0.0.1", "::ffff:198.51.100.7", 202),
        ("10.0.0.1", "[2001:db8::7]:443", 202),
        ("10.0.0.1", " 198.51.100.7 ,  10.0.0.2:443 ", 202),
        ("10.0.0.1", "198.51.100.7, ::ffff:10.0.0.2", 202),
        ("::ffff:10.0.0.1", "198.51.100.7", 202),
        ("::ffff:10.0.0.1", "203.0.113.9", 401),
        ("10.0.0.1", "198.51.100.7, unknown", 401),  # so nobody knows who it was
        ("10.0.0.1", "unknown, 198.51.100.7", 202),
        ("10.0.0.1", "<script>", 401),
        ("10.0.0.1", "2001:db8::7", 202),
    ],
}


@pytest.mark.parametrize("trusted", SENDERS)
def test_the_senders_address_is_the_nearest_that_is_not_our_own_proxy(
    open_scene: Open, trusted: tuple[str, ...]
) -> None:
    scene = open_scene(
        bridge__trusted_proxies=list(trusted),
        source__allow_from=["198.51.100.0/24", "2001:db8::/32"],
    )
    for peer, forwarded, status in SENDERS[trusted]:
        body = scene.body("mailbox.suspend", **JOHN)
        headers = scene.sign(body) | ({"x-forwarded-for": forwarded} if forwarded else {})
        answer = scene.client.post(
            "/hooks/shop", data=body, headers=headers, environ_overrides={"REMOTE_ADDR": peer}
        )
        assert answer.status_code == status, (peer, forwarded)


def test_every_secret_verifies_and_the_last_one_signs(open_scene: Open) -> None:
    scene = open_scene(source__secrets=[OTHER_SECRET, SECRET])
    for index, secret in enumerate((OTHER_SECRET, SECRET)):
        body = scene.body("mailbox.suspend", **JOHN | {"address": f"john{index}@example.com"})
        assert scene.post("/hooks/shop", body, scene.sign(body, secret=secret)).status_code == 202
    both = scene.sign(body, secret=SECRET)["webhook-signature"]
    headers = scene.sign(body, "msg_2", secret=OTHER_SECRET)
    assert scene.post(
        "/hooks/shop",
        body,
        headers | {"webhook-signature": f"v1,AAAA {both} {headers['webhook-signature']}"},
    )
    assert [row["key_index"] for row in rows(scene, "hooks")] == [0, 1, 0]
    scene.work()
    assert len(scene.call_back()) >= 2  # the receiver checks them with the newest


def test_itsdangerous_signs_as_well_and_the_other_schemes_headers_do_not_count(
    open_scene: Open,
) -> None:
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    scene = open_scene(source__signature="itsdangerous")
    scene.clock.now = time.time()  # TimestampSigner reads the machine's clock
    body = scene.body("mailbox.suspend", **JOHN)
    signed = {
        "webhook-id": "msg_1",
        "x-signature": signed_by_itsdangerous(body, "msg_1", key),
        "content-type": "application/json",
    }
    assert is_problem(scene.post("/hooks/shop", body, scene.sign(body)), 401)
    assert is_problem(scene.post("/hooks/shop", body, signed | {"webhook-id": "msg_2"}), 401)
    assert is_problem(scene.post("/hooks/shop", body + b" ", signed), 401)
    assert scene.post("/hooks/shop", body, signed).status_code == 202
    scene.clock.now += 302
    assert is_problem(scene.post("/hooks/shop", body, signed), 401)


def test_a_domain_of_another_source_is_forbidden_and_not_stored(open_scene: Open) -> None:
    scene = open_scene(source__domains=["example.com", "bücher.example"])
    assert is_problem(scene.send("mailbox.suspend", address="john@example.net"), 403)
    assert is_problem(scene.send("mailbox.suspend", address="john@sub.example.com"), 403)
    assert rows(scene, "hooks") == []
    assert scene.send("mailbox.suspend", address="john@BÜCHER.example").status_code == 202


def test_a_paused_source_is_told_when_to_come_again(scene: Scene) -> None:
    scene.service.operator.pause_source("shop", True)
    answer = scene.send("mailbox.suspend", id="msg_1")
    assert is_problem(answer, 503)
    assert int(answer.headers["Retry-After"]) > 0
    assert rows(scene, "hooks") == []
    scene.service.operator.pause_source("shop", False)
    assert scene.send("mailbox.suspend", id="msg_1").status_code == 202


def test_a_source_that_suspends_too_many_is_told_so_and_all_else_of_it_is_taken(
    open_scene: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(brake, "FLOOR", 2)
    scene = open_scene(safety__max_suspended_share=0.5)

    def suspend(nth: int) -> TestResponse:
        return scene.send(
            "mailbox.suspend", id=f"msg_{nth}", address=f"box{nth}@example.com", service_id=str(nth)
        )

    assert [suspend(nth).status_code for nth in range(2)] == [202, 202]
    answer = suspend(2)
    assert is_problem(answer, 503)
    assert "further ones are refused until an admin accepts them" in str(answer.json)
    assert int(answer.headers["Retry-After"]) == 300
    assert (answer.json or {})["code"] == "suspensions_stopped", (
        "so that billing goes on with all else"
    )
    assert len(rows(scene, "hooks")) == 2
    assert suspend(0).status_code == 202, "a repeat of what was accepted"
    paid = {"address": "box0@example.com", "service_id": "0"}
    assert scene.send("mailbox.unsuspend", **paid).status_code == 202
    assert scene.ask("mailbox.list").status_code == 200
    scene.service.operator.pause_source("shop", False)
    scene.clock.now += 1
    assert suspend(2).status_code == 202
    scene.periodic_tasks()
    assert [
        note["subject"] for result in scene.receiver.notes for note in result["data"]["notes"]
    ] == ["suspensions:shop"] * 2


@pytest.mark.parametrize("days, answered", [(7, 503), (0, 202)])
def test_with_a_grace_terminates_count_as_the_suspensions_that_they_are(
    open_scene: Open, monkeypatch: pytest.MonkeyPatch, days: int, answered: int
) -> None:
    monkeypatch.setattr(brake, "FLOOR", 2)
    scene = open_scene(safety__max_suspended_share=0.5, safety__terminate_grace_days=days)
    for nth in range(2):
        sent = scene.send("mailbox.terminate", address=f"box{nth}@example.com", service_id=str(nth))
        assert sent.status_code == 202
    assert (
        scene.send("mailbox.terminate", address="box2@example.com", service_id="2").status_code
        == answered
    )


def test_unknown_fields_are_let_through_and_reported_without_their_values(scene: Scene) -> None:
    receipt = scene.hook("suspend", colour="Sesame")
    assert receipt["unknown_fields"] == ["colour"]
    assert "Sesame" not in str(rows(scene, "jobs"))


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("get", "/hooks/shop", 405),
        ("put", "/query/shop", 405),
        ("post", "/healthz", 405),
        ("get", "/nothing", 404),
        ("post", "/hooks/", 404),
    ],
)
def test_other_requests_are_problems_too(scene: Scene, method: str, path: str, status: int) -> None:
    assert is_problem(scene.client.open(path, method=method), status)


def test_a_fault_of_ours_is_a_500_without_a_word_of_it(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("Sesame")

    monkeypatch.setattr(scene.service.intake, "receive_all", broken)
    answer = scene.send("mailbox.suspend")
    assert is_problem(answer, 500)
    assert "Sesame" not in answer.text
