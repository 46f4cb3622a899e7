"""Our standing with Enom is wrong: the account waits as a whole, one note goes out, and nothing
is lost."""

from typing import Any

import pytest

from tests.support.bridge import HOSTED_PASSWORD, TOKEN, add_domain
from tests.support.scene import PASSWORD, Open, Scene
from tests.support.stores import on_sqlite

store = on_sqlite  # the store's part in these rules is tested in tests/store

COUNT = {"sqlite": 60, "postgres": 20}


def put_account(scene: Scene, token: str = TOKEN, allow: tuple[str, ...] = ("127.0.0.1",)) -> None:
    scene.sim.control("/accounts", {
        "uid": "reseller",
        "token": token,
        "environment": "test",
        "allow": list(allow),
        "hosted_user": "admin@reseller.example",
        "hosted_password": HOSTED_PASSWORD,
    })  # fmt: skip


def statuses(scene: Scene, sent: list[dict[str, Any]]) -> list[tuple[str, str | None]]:
    found = [scene.service.lookup.receipt("shop", each["job"]) for each in sent]
    return [(each.status, each.waiting_for) for each in found]


def notes(scene: Scene) -> list[tuple[str, bool]]:
    return [
        (note["subject"], note["cleared"])
        for each in scene.receiver.notes
        for note in each["data"]["notes"]
    ]


@pytest.mark.parametrize(
    ("code", "change"),
    [("credentials", {"token": "another"}), ("ip_not_allowed", {"allow": ("198.51.100.7",)})],
)
def test_a_wrong_account_in_the_middle_of_many_jobs(
    open_scene: Open, store: str, code: str, change: dict[str, Any]
) -> None:
    scene = open_scene()
    count = COUNT[store] if code == "credentials" else 20
    for n in range(count // 10):
        add_domain(scene.sim, f"d{n}.example")
    sent = [
        scene.hook(
            "create", address=f"box{n}@d{n // 10}.example", service_id=str(n), password=PASSWORD
        )
        for n in range(count)
    ]
    for _ in range(count // 2):
        job = scene.engine.queue.claim("worker", scene.engine.limits)
        assert job is not None
        scene.engine.worker.run(job)
    put_account(scene, **change)
    scene.work(5)
    done = statuses(scene, sent)
    assert done.count(("succeeded", None)) == count // 2
    assert done.count(("queued", "account")) == count - count // 2
    calls = len(scene.calls())
    met = [scene.service.lookup.receipt("shop", each["job"]).error for each in sent]
    assert {error["code"] for error in met if error} == {code}
    for _ in range(3):  # it is asked now and then, by nobody else
        scene.periodic_tasks(301)
        scene.work()
    assert len(scene.calls()) == calls + 3
    assert notes(scene) == [("account:main", False)]
    put_account(scene)
    scene.periodic_tasks(301)
    scene.work(60)
    assert set(statuses(scene, sent)) == {("succeeded", None)}
    scene.periodic_tasks()
    assert notes(scene) == [("account:main", False), ("account:main", True)]
    assert len(scene.calls("SetUpPOP3User")) == count


def test_what_a_person_paused_only_a_person_resumes(scene: Scene) -> None:
    scene.service.operator.pause_account("main", "moving house")
    receipt = scene.hook("create", password=PASSWORD)
    assert receipt["waiting_for"] == "account"
    scene.periodic_tasks(3000)
    scene.work(60)
    assert scene.job(receipt)["status"] == "queued"
    assert scene.calls() == []
    scene.service.operator.resume_account("main")
    scene.work(60)
    assert scene.job(receipt)["status"] == "succeeded"


@pytest.mark.parametrize("store", ["sqlite"])
def test_what_cannot_be_decided_in_time_is_held_with_a_note(open_scene: Open) -> None:
    scene = open_scene(worker__retry_hours=0.05)
    scene.fault("GetPOP3", "html", times=None)
    receipt = scene.do("create", seconds=900, password=PASSWORD)
    assert (receipt["status"], receipt["error"]["code"]) == ("held", "garbled")
    scene.periodic_tasks()
    assert notes(scene) == [(f"job:{receipt['job']}", False)]
    scene.sim.control("/faults", method="DELETE")
    again = scene.service.operator.retry(receipt["job"])
    scene.work(60)
    assert scene.job({"job": again.job})["status"] == "succeeded"
    scene.periodic_tasks()
    assert notes(scene)[-1] == (f"job:{receipt['job']}", True)
