"""The day's limit of mailboxes that cost by the month, through the whole bridge."""

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bridge.cli import main
from bridge.domain.jobs import ENDED
from bridge.reporting.explain import tell
from tests.support.admin import FULL, Visitor
from tests.support.scene import PASSWORD, Open, Scene
from tests.support.stores import on_sqlite

store = on_sqlite  # the store's part is tested in tests/store/test_creations_of_day.py
HOSTED = {"backend": "hosted-email", "safety__max_creations_per_day": 2}
DAY = 86400.0


def box(number: int) -> dict[str, str]:
    return {"address": f"box{number}@example.com", "service_id": str(number)}


@pytest.fixture
def scene(open_scene: Open) -> Scene:
    return open_scene(**HOSTED, admin__password_hash=FULL["admin__password_hash"])


@pytest.fixture
def waiting(scene: Scene) -> list[str]:
    """Two jobs that wait, after the two of the day."""
    done = [scene.do("create", password=PASSWORD, **box(number)) for number in range(2)]
    assert [receipt["status"] for receipt in done] == ["succeeded", "succeeded"]
    jobs = [scene.hook("create", password=PASSWORD, **box(number))["job"] for number in (2, 3)]
    scene.work(60)
    assert [scene.job({"job": job})["status"] for job in jobs] == ["queued", "queued"]
    return jobs


def test_beyond_the_limit_jobs_wait_and_all_else_goes_on(scene: Scene, waiting: list[str]) -> None:
    receipt = scene.job({"job": waiting[0]})
    assert (receipt["waiting_for"], receipt["error"]) == ("limit", None)
    sent = len(scene.calls("change_user"))
    assert sent == 2, "nothing was sent for what waits"
    for action in ("suspend", "unsuspend", "terminate"):
        assert scene.do(action, seconds=60, **box(0))["status"] == "succeeded"
    assert scene.mailbox("box2@example.com") is None


def test_explain_says_until_when_and_how_to_let_it_pass(scene: Scene, waiting: list[str]) -> None:
    text = "\n".join(tell(scene.service.lookup.story(waiting[0]), True, 72))
    assert "as many mailboxes were created today (UTC) as safety.max_creations_per_day" in text
    assert "Plan: create the mailbox" in text
    assert f"enom-bridge jobs approve {waiting[0]}" in text.splitlines()[-1]
    assert f"enom-bridge jobs cancel {waiting[0]}" in text.splitlines()[-1]


def test_they_are_created_on_the_next_days_and_never_held(scene: Scene) -> None:
    jobs = [scene.hook("create", password=PASSWORD, **box(number))["job"] for number in range(10)]
    scene.work(60)
    done = []
    for _ in range(5):
        found = [scene.job({"job": job})["status"] for job in jobs]
        done.append(sum(status == "succeeded" for status in found))
        assert set(found) <= {"succeeded", "queued"}
        scene.work(DAY)
    assert done == [2, 4, 6, 8, 10], "for longer than retry_hours"


def test_what_waits_is_cancelled_by_a_terminate_of_its_service(
    scene: Scene, waiting: list[str]
) -> None:
    scene.do("terminate", seconds=60, **box(2))
    assert scene.job({"job": waiting[0]})["status"] == "cancelled"
    scene.work(2 * DAY)
    assert scene.mailbox("box2@example.com") is None
    assert scene.mailbox("box3@example.com") is not None


@pytest.fixture
def turned_away(open_scene: Open) -> Scene:
    """Box 1 waits, after a command that surely did nothing; box 2 has the place of the day."""
    scene = open_scene(backend="hosted-email", safety__max_creations_per_day=1)
    scene.fault("change_user", "oma_22")
    scene.hook("create", id="msg_first", password=PASSWORD, **box(1))
    scene.work(0)
    assert scene.do("create", password=PASSWORD, **box(2))["status"] == "succeeded"
    scene.work(600)
    assert first(scene)["waiting_for"] == "limit"
    return scene


def first(scene: Scene) -> dict[str, Any]:
    return scene.service.lookup.receipt("shop", "msg_first").describe()


def test_after_a_command_that_did_nothing_a_terminate_ends_it_at_once(turned_away: Scene) -> None:
    assert turned_away.do("terminate", seconds=3600, **box(1))["status"] == "succeeded"
    assert first(turned_away)["status"] == "cancelled"
    turned_away.work(2 * DAY)
    assert turned_away.mailbox("box1@example.com") is None
    assert len(turned_away.calls("change_user")) == 2


def test_after_a_command_that_did_nothing_it_can_be_withdrawn(turned_away: Scene) -> None:
    body = turned_away.body("job.withdraw", hook="msg_first")
    answer = turned_away.post("/hooks/shop", body, turned_away.sign(body))
    assert (answer.status_code, answer.json["status"]) == (200, "cancelled"), answer.text
    turned_away.work(2 * DAY)
    assert turned_away.mailbox("box1@example.com") is None


def test_one_alert_goes_out_and_one_when_it_is_over(scene: Scene, waiting: list[str]) -> None:
    def alerts() -> list[tuple[str, bool]]:
        return [
            (note["subject"], note["cleared"])
            for sent in scene.receiver.notes
            for note in sent["data"]["notes"]
            if note["subject"].startswith("limit:")
        ]

    for _ in range(3):
        scene.periodic_tasks(3600)
    assert alerts() == [("limit:creations", False)]
    scene.work(2 * DAY)
    scene.periodic_tasks(3600)
    assert all(scene.job({"job": job})["status"] in ENDED for job in waiting)
    assert alerts() == [("limit:creations", False), ("limit:creations", True)]


@pytest.fixture
def behind(scene: Scene, waiting: list[str]) -> Visitor:
    """Something more is wanted of a mailbox that waits, and two hours have passed."""
    scene.hook("change_plan", plan="large", **box(2))
    scene.work(7200)
    scene.engine.beat()
    visitor = Visitor(scene)
    visitor.sign_in()
    return visitor


def test_what_waits_in_turn_behind_it_is_no_trouble_of_its_own(
    scene: Scene, behind: Visitor
) -> None:
    for _ in range(3):
        scene.periodic_tasks(60)
    notes = [note["subject"] for sent in scene.receiver.notes for note in sent["data"]["notes"]]
    assert notes == ["limit:creations"]
    gauges = {gauge.name: gauge.values for gauge in scene.service.gauges.read()}
    assert gauges["jobs_oldest_seconds"] == [(("queued",), 0.0)]
    assert "has waited for" not in behind.get("/admin/").words


def test_beside_it_the_overview_tells_of_jobs_that_stand_still(
    scene: Scene, behind: Visitor
) -> None:
    scene.hook("change_plan", plan="large", **box(1))  # and nobody works at it
    scene.clock.now += 5 * 3600
    scene.engine.beat()
    behind.sign_in()
    words = behind.get("/admin/").words
    assert "A job has waited for 5 h" in words and "nothing needs attention" not in words


def test_approved_on_the_command_line_one_passes(
    scene: Scene, waiting: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = Path(scene.path)
    result = CliRunner().invoke(main, ["--config", str(config), "jobs", "approve", waiting[1]])
    assert result.exit_code == 0, result.output
    assert f"{waiting[1]} is approved and continues.\n" in result.output
    scene.work(60)
    assert [scene.job({"job": job})["status"] for job in waiting] == ["queued", "succeeded"]
    assert "An admin approved it" in "\n".join(
        tell(scene.service.lookup.story(waiting[1]), True, 72)
    )


def test_approved_on_its_page_it_passes_and_the_audit_trail_says_who(
    scene: Scene, waiting: list[str]
) -> None:
    scene.engine.beat()
    visitor = Visitor(scene)
    visitor.sign_in()
    page = visitor.get(f"/admin/jobs/{waiting[0]}")
    assert "waiting for: limit" in visitor.get("/admin/jobs").words
    path = f"/admin/jobs/{waiting[0]}/approve"
    assert path in page.links() and '"Approve"' in page.words
    form = visitor.get(path)
    assert "past" not in form.heading and "today's limit of new mailboxes" in form.words
    answer = visitor.post(path, form.form(path))
    assert answer.status_code == 303
    scene.work(60)
    assert [scene.job({"job": job})["status"] for job in waiting] == ["succeeded", "queued"]
    rows, _ = scene.service.lookup.page("audit", 1)
    assert (rows[0]["action"], rows[0]["target"]) == ("approve", waiting[0])
    assert visitor.get(path, 409).words


def test_paks_are_not_limited(open_scene: Open) -> None:
    scene = open_scene(safety__max_creations_per_day=2)
    for number in range(4):
        assert scene.do("create", password=PASSWORD, **box(number))["status"] == "succeeded"
