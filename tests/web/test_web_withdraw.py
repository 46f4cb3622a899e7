"""`job.withdraw` over HTTP: what is answered, in each case, and what then happens at Enom."""

import json
from typing import Any

import pytest
import sqlalchemy as sa
from werkzeug.test import TestResponse

from bridge.store.base import tables
from tests.support.scene import PASSWORD, Scene


@pytest.fixture
def waiting(scene: Scene) -> Scene:
    scene.do("create", password=PASSWORD)
    scene.service.operator.pause_account("main", "")
    scene.hook("terminate", id="msg_1")
    return scene


def withdraw(
    scene: Scene, hook: Any = "msg_1", *, id: str = "msg_back", prefer: str = "", **more: Any
) -> TestResponse:
    body = scene.body("job.withdraw", hook=hook, **more)
    return scene.post(
        "/hooks/shop", body, scene.sign(body, id) | ({"prefer": prefer} if prefer else {})
    )


def problem(answer: TestResponse, status: int) -> dict[str, Any]:
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json"), (
        answer.text
    )
    return dict(answer.json or {})


def test_what_waits_is_taken_back_and_told(waiting: Scene) -> None:
    answer = withdraw(waiting)
    receipt = answer.json or {}
    assert (answer.status_code, receipt["status"], receipt["hook"]) == (200, "cancelled", "msg_1")
    assert receipt["error"] == {
        "code": "withdrawn",
        "message": "This request was withdrawn.",
        "detail": "Billing withdrew this hook before anything was sent to the mail provider.",
    }
    assert receipt["message"] == "This request was withdrawn."
    assert withdraw(waiting).json == receipt, "the same again"
    waiting.service.operator.resume_account("main")
    waiting.work(300)
    assert waiting.mailbox() is not None
    result = waiting.call_back(60)[-1]
    assert (result["type"], result["data"]["error"]["code"]) == ("job.cancelled", "withdrawn")


def test_what_is_done_is_told_as_it_is(scene: Scene) -> None:
    done = scene.do("create", id="msg_1", password=PASSWORD)
    answer = withdraw(scene)
    assert (answer.status_code, answer.json) == (200, done)


def test_what_was_parked_or_never_came_is_dismissed(scene: Scene) -> None:
    assert scene.send("mailbox.create", id="msg_1", password="with space").status_code == 422
    for hook, id in (("msg_1", "msg_back"), ("msg_2", "msg_more")):
        for _ in range(2):
            answer = withdraw(scene, hook, id=id, prefer="wait=5")
            assert (answer.status_code, answer.json) == (200, {"hook": hook, "status": "dismissed"})
        again = problem(scene.send("mailbox.create", id=hook, password=PASSWORD), 409)
        assert again["detail"] == "This hook was dismissed. Send it again under a new id."
    with scene.service.database.read() as tx:
        assert (
            tx.scalars(
                sa.select(tables.hooks.c.sealed).where(tables.hooks.c.sealed.is_not(None))
            ).all()
            == []
        )
        assert tx.scalars(sa.select(tables.jobs.c.id)).all() == []


@pytest.mark.parametrize("hook", [None, "a b", 7, ""])
def test_what_names_no_hook_is_refused_and_not_parked(scene: Scene, hook: object) -> None:
    assert list(problem(withdraw(scene, hook), 422)["errors"]) == ["data.hook"]
    with scene.service.database.read() as tx:
        assert tx.scalars(sa.select(tables.hooks.c.id)).all() == []
    assert (withdraw(scene, "msg_1").json or {})["status"] == "dismissed", (
        "its id may be used again"
    )


def test_an_id_that_was_used_or_that_is_a_withdrawals_is_refused(waiting: Scene) -> None:
    withdraw(waiting)
    assert "another type or data" in problem(withdraw(waiting, "msg_2"), 409)["detail"]
    assert "job.withdraw" in problem(withdraw(waiting, "msg_back", id="msg_more"), 409)["detail"]


def test_a_purchase_in_doubt_is_told_as_that(waiting: Scene) -> None:
    with waiting.service.database.write() as tx:
        job = tx.scalar(sa.select(tables.jobs.c.id).where(tables.jobs.c.hook_id == "msg_1"))
        values = {
            "account": "main",
            "domain": "example.com",
            "kind": "buy",
            "arguments": {},
            "outcome": "unknown",
        }
        tx.execute(
            sa.insert(tables.purchases).values(
                **values, job_id=job, step_id=1, started_at=0.0, ended_at=0.0
            )
        )
    result = problem(withdraw(waiting), 409)["detail"]
    assert result.startswith(f"A purchase of job {job} is in doubt")


def test_it_needs_a_signature_and_says_nothing_of_other_sources(waiting: Scene) -> None:
    body = waiting.body("job.withdraw", hook="msg_1")
    headers = waiting.sign(body) | {"webhook-signature": "v1,AAAA"}
    problem(waiting.post("/hooks/shop", body, headers), 401)
    problem(waiting.post("/query/shop", body, waiting.sign(body)), 422)


def test_with_a_wait_it_is_answered_when_the_worker_has_stopped(waiting: Scene) -> None:
    """A worker was at the job: its first command is not sent."""
    waiting.service.operator.resume_account("main")
    job = waiting.engine.queue.claim("worker", waiting.engine.limits)
    assert job is not None
    answer = withdraw(waiting)
    assert (answer.status_code, (answer.json or {})["status"]) == (202, "running")
    waiting.engine.worker.run(job)
    again = withdraw(waiting)
    assert (again.status_code, (again.json or {})["error"]["code"]) == (200, "withdrawn")
    assert waiting.calls("DeletePOP3", "delete_user") == []
    assert json.loads(again.get_data())["changed"] is False
