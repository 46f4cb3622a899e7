"""A service on the pages and on the command line: its seats, its mailboxes, and one decision for
all of them."""

from typing import Any

import pytest
from click.testing import CliRunner

from bridge.cli import main
from tests.flow.test_secrets import leaks
from tests.support.admin import Visitor
from tests.support.bridge import PASSWORD
from tests.support.scene import Open, Scene

A, B = "ann@example.com", "bob@example.com"


@pytest.fixture
def held(open_scene: Open) -> tuple[Scene, str]:
    """A service whose deletion is held, and its job."""
    scene = open_scene(
        backend="hosted-email", account__settle=0, safety__max_terminations_per_hour=1
    )
    for address in (A, B):
        scene.do("create", address=address, password=PASSWORD, seats=1 if address == A else 3)
    body = scene.body("service.terminate", service_id="7")
    receipt: dict[str, Any] = scene.post("/hooks/shop", body, scene.sign(body)).json or {}
    assert receipt["status"] == "held"
    return scene, receipt["job"]


def text(visitor: Visitor, path: str) -> str:
    """Without the places at which a long word may break."""
    found = visitor.get(path).text.replace("<wbr>", "")
    assert leaks(found) == []
    return found


def cli(scene: Scene, *words: str) -> str:
    result = CliRunner().invoke(main, ["--config", str(scene.path), *words])
    assert result.exit_code == 0, result.output
    return result.output


def test_its_pages_say_what_was_sold_and_what_is_held(held: tuple[Scene, str]) -> None:
    scene, job = held
    visitor = Visitor(scene)
    assert visitor.sign_in().status_code == 303
    service = text(visitor, "/admin/services/shop/7")
    for shown in (A, B, "service.terminate", "all mailboxes"):
        assert shown in service
    of_job = text(visitor, f"/admin/jobs/{job}")
    assert "Its mailboxes" in of_job and "2 held, of 2" in of_job
    assert "/admin/services/shop/7" in of_job
    approve = text(visitor, f"/admin/jobs/{job}/approve")
    assert A in approve and B in approve
    overview = text(visitor, "/admin/")
    assert overview.count("service.terminate of all mailboxes") == 1
    assert "mailbox.terminate of" not in overview  # its members are decided with it
    assert "all mailboxes" in text(visitor, "/admin/jobs")
    assert "/admin/services/shop/7" in text(visitor, f"/admin/mailboxes/{A}")


def test_it_is_explained_and_shown(held: tuple[Scene, str]) -> None:
    scene, job = held
    told = cli(scene, "jobs", "explain", job)
    assert f"{job}: service.terminate of all mailboxes of service 7, held" in told
    assert "asked to delete all mailboxes for service 7" in told
    assert "Its mailboxes: 2 held, of 2." in told
    assert f"Next: If this is right: enom-bridge jobs approve {job} - if not" in told
    shown = cli(scene, "jobs", "show", job)
    assert A in shown and B in shown
    member = cli(scene, "jobs", "list", "--address", A, "--status", "held")
    assert "mailbox.terminate" in member
    listed = cli(scene, "jobs", "list", "--action", "service.terminate")
    assert job in listed


def test_the_record_of_a_mailbox_says_what_its_service_may_have(held: tuple[Scene, str]) -> None:
    scene, _ = held
    shown = cli(scene, "mailboxes", "show", A).splitlines()
    assert "service seats: 3, used: 2" in [" ".join(line.split()) for line in shown]
    single = scene.do("create", address="eve@example.com", password=PASSWORD, service_id="8")
    assert single["status"] == "succeeded"
    assert "seats" not in cli(scene, "mailboxes", "show", "eve@example.com")


def test_who_looks_at_a_service_sees_the_change_that_took_its_mailbox(open_scene: Open) -> None:
    sold = open_scene(backend="hosted-email", account__settle=0)
    for service, address in (("1042", A), ("1043", B)):
        sold.do("create", address=address, service_id=service, password=PASSWORD)
    given = {"address": A, "from_service_id": "1042", "service_id": "77"}
    job = sold.do("change_service", **given)["job"]
    assert job in cli(sold, "jobs", "list", "--service-id", "1042")
    visitor = Visitor(sold)
    assert visitor.sign_in().status_code == 303
    for path in ("services/shop/1042", "jobs?service_id=1042", "search?q=1042"):
        shown = text(visitor, f"/admin/{path}")
        assert job in shown and "from 1042" in shown
    assert "from" not in text(visitor, "/admin/services/shop/1043").partition("Its jobs")[2]


def test_one_approval_lets_all_of_it_pass(held: tuple[Scene, str]) -> None:
    scene, job = held
    assert "is approved and continues as" in cli(scene, "jobs", "approve", job)
    scene.work(600)
    assert scene.mailbox(A) is None and scene.mailbox(B) is None
    told = cli(scene, "jobs", "explain", job)
    assert "It was approved. Continue with: enom-bridge jobs explain" in told


def test_a_rejection_keeps_all_of_it(held: tuple[Scene, str]) -> None:
    scene, job = held
    cli(scene, "jobs", "reject", job, "--reason", "He pays")
    scene.work(600)
    assert scene.mailbox(A) is not None and scene.mailbox(B) is not None
    told = cli(scene, "jobs", "explain", job)
    assert "Rejected by an admin: He pays" in told and "2 cancelled, of 2" in told
