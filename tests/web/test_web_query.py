"""`POST /query/<source>`: signed like a hook, answered at once, and nothing of it stays."""

from dataclasses import replace

import pytest
import sqlalchemy as sa

from bridge.store.base import tables
from tests.support.scene import PASSWORD, Open, Scene

HERE = {"service_id": "7", "address": "john.doe@example.com"}


@pytest.fixture
def mailbox(scene: Scene) -> Scene:
    assert scene.do("create", password=PASSWORD, plan="large")["status"] == "succeeded"
    return scene


STATUS = (
    "address service_id state recorded_state suspended_with services quota_bytes used_bytes "
    "expires receives_mail aliases forwarding"
)
ANSWERS = {
    "connection.test": ({}, {"version", "clock_skew", "account", "plans"}),
    "mailbox.status": (HERE, set(STATUS.split())),
    "mailbox.list": ({}, {"items", "next"}),
    "mailbox.usage": (HERE, {"used_bytes", "quota_bytes"}),
    "mailbox.sign_in": (HERE, {"url"}),
    "results": ({}, {"items", "next"}),
}


@pytest.mark.parametrize("type", ANSWERS)
def test_every_question_is_answered_at_once_and_not_recorded(mailbox: Scene, type: str) -> None:
    arguments, names = ANSWERS[type]
    answer = mailbox.ask(type, **arguments)
    assert answer.status_code == 200, answer.text
    assert (answer.json or {})["type"] == type
    assert set((answer.json or {})["data"]) == names
    with mailbox.service.database.read() as tx:
        counts = [
            tx.scalar(sa.select(sa.func.count()).select_from(table))
            for table in (tables.hooks, tables.jobs)
        ]
    assert counts == [1, 1]


def test_the_status_is_what_the_remote_shows_now(mailbox: Scene) -> None:
    data = (mailbox.ask("mailbox.status", **HERE).json or {})["data"]
    assert (data["state"], data["quota_bytes"], data["expires"][:10]) == (
        "active",
        25 << 30,
        "2030-01-01",
    )
    mailbox.sim.control("/mailboxes/delete", {"address": HERE["address"]})
    data = (mailbox.ask("mailbox.status", **HERE).json or {})["data"]
    assert (data["state"], data["recorded_state"]) == ("absent", "active")
    assert mailbox.ask("mailbox.usage", **HERE).status_code == 404


def test_the_list_tells_plan_size_and_when_it_was_created(mailbox: Scene) -> None:
    (item,) = (mailbox.ask("mailbox.list").json or {})["data"]["items"]
    assert set(item) == set(
        (
            "address service_id customer_id state quota_bytes "
            "plan created_at delete_after checked_at aliases forwarding"
        ).split()
    )
    created = (mailbox.ask("results").json or {})["data"]["items"][0]["finished_at"]
    assert (item["plan"], item["quota_bytes"], item["created_at"]) == ("large", 25 << 30, created)
    assert (item["aliases"], item["forwarding"]) == (None, None)


def test_results_begin_at_a_time(mailbox: Scene) -> None:
    mailbox.clock.now += 60
    since = mailbox.clock.moment.isoformat()
    mailbox.do("suspend")
    result = (mailbox.ask("results", after=since).json or {})["data"]["items"]
    assert [item["action"] for item in result] == ["mailbox.suspend"]


def test_a_job_is_found_by_its_own_and_its_hooks_id(mailbox: Scene) -> None:
    receipt = mailbox.hook("suspend", id="msg_1")
    by_hook = mailbox.ask("job", hook="msg_1").json or {}
    assert by_hook["data"] == receipt
    assert mailbox.ask("job", job=receipt["job"]).json == by_hook


@pytest.mark.parametrize(
    ("type", "arguments"),
    [
        ("job", {"job": "job_0"}),
        ("job", {"hook": "msg_0"}),
        ("mailbox.status", HERE | {"service_id": "8"}),
    ],
)
def test_what_is_not_ones_own_is_not_found(
    mailbox: Scene, type: str, arguments: dict[str, str]
) -> None:
    answer = mailbox.ask(type, **arguments)
    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")


def test_another_sources_mailboxes_and_jobs_do_not_exist(
    open_scene: Open, tmp_path: object
) -> None:
    scene = open_scene(source__domains=["example.com"])
    receipt = scene.do("create", password=PASSWORD)
    known = scene.service.intake.sources["shop"]
    scene.service.intake.sources["other"] = replace(known, name="other")  # type: ignore[index]
    unknown = scene.ask("job", source="other", job="job_0")
    foreign = scene.ask("job", source="other", job=receipt["job"])
    assert (foreign.status_code, foreign.data) == (404, unknown.data)
    for kind in ("mailbox.status", "mailbox.usage", "mailbox.sign_in"):
        assert scene.ask(kind, source="other", **HERE).status_code == 404
    assert (scene.ask("mailbox.list", source="other").json or {})["data"]["items"] == []


def test_a_replayed_sign_in_opens_nothing(mailbox: Scene) -> None:
    first = mailbox.ask("mailbox.sign_in", id="msg_1", **HERE)
    assert (first.json or {})["data"]["url"].startswith("http")
    again = mailbox.ask("mailbox.sign_in", id="msg_1", **HERE)
    assert (again.status_code, "url" in again.text) == (429, False)
    assert mailbox.ask("mailbox.sign_in", id="msg_2", **HERE).status_code == 200


@pytest.mark.parametrize(
    ("type", "arguments", "names"),
    [
        ("mailbox.create", HERE, {"type"}),
        ("mailbox.explode", {}, {"type"}),
        ("mailbox.status", {}, {"data.service_id", "data.address"}),
        ("job", {}, {"data.job"}),
        ("job", {"job": "a", "hook": "b"}, {"data.job"}),
        ("results", {"after": "soon"}, {"data.after"}),
        ("mailbox.list", {"after": 7}, {"data.after"}),
    ],
)
def test_a_question_that_is_not_valid_is_a_422_and_not_parked(
    scene: Scene, type: str, arguments: dict[str, str], names: set[str]
) -> None:
    answer = scene.ask(type, **arguments)
    assert (answer.status_code, set((answer.json or {}).get("errors", {}))) == (422, names)
    with scene.service.database.read() as tx:
        assert tx.scalar(sa.select(sa.func.count()).select_from(tables.hooks)) == 0


def test_the_checks_are_those_of_hooks_in_the_same_order(open_scene: Open) -> None:
    scene = open_scene(source__domains=["example.com"])
    body = b"x" * (64 * 1024 + 1)
    assert scene.post("/query/shop", body, {}).status_code == 413
    assert scene.post("/query/shop", b"x", {}).status_code == 401
    assert (
        scene.post("/query/shop", b"x", scene.sign(b"x", content_type="text/plain")).status_code
        == 415
    )
    assert scene.post("/query/shop", b"x", scene.sign(b"x")).status_code == 400
    assert scene.ask("mailbox.status", service_id="", address="john@example.net").status_code == 422
    assert (
        scene.ask("mailbox.status", service_id="7", address="john@example.net").status_code == 403
    )


def test_results_page_on_where_they_left_off(
    mailbox: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.pipeline.queries.PAGE", 2)
    for type in ("suspend", "unsuspend", "suspend"):
        assert mailbox.do(type)["status"] == "succeeded"
    result: list[int] = []
    after = None
    while True:
        data = (mailbox.ask("results", **({"after": after} if after else {})).json or {})["data"]
        if not data["items"]:
            break
        result += [item["sequence"] for item in data["items"]]
        after = data["next"]
    assert result == [1, 2, 3, 4]


def test_a_failure_of_the_remote_has_the_contracts_code_and_none_of_its_words(
    mailbox: Scene,
) -> None:
    mailbox.sim.control("/accounts", {"uid": "reseller", "token": "another", "environment": "test"})
    answer = mailbox.ask("mailbox.status", **HERE)
    assert (answer.status_code, (answer.json or {})["code"]) == (502, "credentials")
    assert "Bad User" not in answer.text
    data = (mailbox.ask("connection.test").json or {})["data"]
    assert data["account"] == {"reachable": False, "problem": "credentials", "paused": None}


@pytest.mark.parametrize("sender", ["", "x" * 65, "whmcs\n0.2.0", 7, ["whmcs"]])
def test_a_sender_that_cannot_be_one_is_named_and_not_kept(scene: Scene, sender: object) -> None:
    answer = scene.ask("connection.test", sender=sender)
    assert (answer.status_code, list((answer.json or {})["errors"])) == (422, ["data.sender"])
    assert scene.service.account_state.source_state("shop")["sender"] is None
    assert scene.ask("connection.test", sender="x" * 64).status_code == 200
    assert scene.service.account_state.source_state("shop")["sender"] == "x" * 64


def test_what_the_account_is_not_set_up_for_is_unsupported(open_scene: Open) -> None:
    scene = open_scene(account__suspend_with="lock-out", hosted=None)
    scene.do("create", password=PASSWORD)
    answer = scene.ask("mailbox.sign_in", **HERE)
    assert (answer.status_code, (answer.json or {})["code"]) == (422, "unsupported")
    assert set((scene.ask("mailbox.usage", **HERE).json or {})["data"]) == {
        "used_bytes",
        "quota_bytes",
    }
