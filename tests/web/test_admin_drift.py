"""Drift and inventory as pages: what the last reconciliation saw, comparing anew, and repairs
under what was shown only."""

import csv
import io

import pytest

from bridge.backends.hosted_email.wire import SERVICES
from bridge.domain.differences import DifferenceKind
from tests.support.admin import FULL, WHO, Visitor
from tests.support.bridge import PASSWORD
from tests.support.scene import Open, Scene

JOHN, AMY = "john.doe@example.com", "amy@example.com"


@pytest.fixture
def scene(open_scene: Open) -> Scene:
    """Two mailboxes of ours, the second suspended and at work again; one that is nobody's."""
    scene = open_scene(**FULL)
    scene.do("create", password=PASSWORD)
    scene.do("create", address=AMY, service_id="8", password=PASSWORD)
    scene.do("suspend", address=AMY, service_id="8")
    scene.sim.control(
        "/services", {"address": AMY, "services": dict.fromkeys(SERVICES.values(), "enabled")}
    )
    scene.sim.control("/mailboxes", {"address": "odd@example.com", "password": PASSWORD})
    scene.engine.beat()
    scene.clock.now += 600
    return scene


@pytest.fixture
def visitor(scene: Scene) -> Visitor:
    visitor = Visitor(scene)
    visitor.sign_in()
    return visitor


def test_before_the_first_reconciliation_the_pages_say_so(scene: Scene, visitor: Visitor) -> None:
    page = visitor.get("/admin/drift").words
    assert (
        "main not compared with the mail provider yet" in page
        and "Nothing was compared with the mail provider yet" in page
    )
    assert "No differences" not in page
    inventory = visitor.get("/admin/inventory")
    assert "This account has not been compared with the mail provider yet" in inventory.words
    assert "/admin/drift/main/compare" in inventory.links()


def test_what_was_never_compared_is_not_said_to_be_without_differences(open_scene: Open) -> None:
    other = {"uid": "second", "token": "sim-token", "suspend_with": "refuse", "mail_hosts": []}
    scene = open_scene(**{f"accounts.other__{key}": value for key, value in other.items()})
    visitor = Visitor(scene)
    visitor.sign_in()
    scene.service.reconcile.account("other", "ann")
    page = visitor.get("/admin/drift").words
    assert "Nothing could be compared" in page and "No differences" not in page
    assert "main not compared with the mail provider yet" in page
    scene.do("create", password=PASSWORD)
    scene.clock.now += 600
    scene.service.reconcile.account("main", "ann")
    assert "No differences." in visitor.get("/admin/drift").words
    scene.do("suspend")
    scene.service.reconcile.account("main", "ann")
    page = visitor.get("/admin/drift").words
    assert "1 not compared (an open job, or changed just before)" in page
    assert "No differences in what was compared." in page


def test_differences_are_listed_with_what_to_do(scene: Scene, visitor: Visitor) -> None:
    scene.service.reconcile.account("main", "ann")
    page = visitor.get("/admin/drift")
    assert "by ann: 1 domain, 3 mailboxes" in page.words
    assert "Billing had it suspended, but it is active at the mail provider." in page.words
    assert {
        f"/admin/drift/main/repair/{AMY}",
        "/admin/adopt?address=odd@example.com",
    } <= page.links()
    only = visitor.get(f"/admin/drift?kind={DifferenceKind.NO_OWNER}")
    assert "odd@example.com" in only.words and AMY not in only.words
    assert (
        "No differences with these filters." in visitor.get("/admin/drift?domain=example.net").words
    )


def test_the_overview_tells_of_differences_but_not_of_what_is_nobodys(
    scene: Scene, visitor: Visitor
) -> None:
    assert "between the bridge's record and the mail provider" not in visitor.get("/admin/").words
    scene.service.reconcile.account("main", "ann")
    assert (
        "1 difference between the bridge's record and the mail provider. The page says what to do "
        "about each." in visitor.get("/admin/").words
    )


def test_comparing_anew_is_left_to_a_worker_and_written_down(
    scene: Scene, visitor: Visitor
) -> None:
    page = visitor.press("/admin/drift/main/compare")
    assert "Comparing account main with the mail provider." in page.words
    due = scene.service.findings.take_due("", ["main"])
    assert due is not None and due.account == "main"
    rows, _ = scene.service.lookup.page("audit", 1)
    assert (rows[0]["who"], rows[0]["action"], rows[0]["target"]) == (
        WHO,
        "reconcile",
        "account main",
    )


def test_a_repair_is_shown_first_and_goes_on_as_a_job(scene: Scene, visitor: Visitor) -> None:
    scene.service.reconcile.account("main", "ann")
    path = f"/admin/drift/main/repair/{AMY}"
    assert "Then suspend it again" in visitor.get(path).words
    page = visitor.press(path)
    assert (
        page.answer.request.path.startswith("/admin/jobs/job_")
        and "an admin started a repair: suspend" in page.words
    )
    scene.work(300)
    scene.clock.now += 600
    scene.service.reconcile.account("main", "ann")
    assert AMY not in visitor.get("/admin/drift").words


def test_a_repair_that_is_not_the_one_that_was_shown_is_not_done(
    scene: Scene, visitor: Visitor
) -> None:
    scene.service.reconcile.account("main", "ann")
    path = f"/admin/drift/main/repair/{AMY}"
    form = visitor.get(path).form(path)
    scene.do("unsuspend", address=AMY, service_id="8")
    scene.clock.now += 600
    jobs = len(scene.service.lookup.page("jobs", None)[0])
    answer = visitor.post(path, form)
    assert answer.status_code == 409 and "the bridge cannot repair this by itself" in answer.text
    assert len(scene.service.lookup.page("jobs", None)[0]) == jobs


def test_where_nothing_can_be_repaired_the_page_says_what_a_person_does(
    scene: Scene, visitor: Visitor
) -> None:
    scene.sim.control(
        "/services", {"address": JOHN, "services": dict.fromkeys(SERVICES.values(), "suspended")}
    )
    page = visitor.get(f"/admin/drift/main/repair/{JOHN}", 409)
    assert (
        "the bridge cannot repair this by itself" in page.words
        and "What to do Find out who suspended it" in page.words
    )
    assert "Suspended at the mail provider, not by this bridge" in page.words
    assert page.all("button", class_="main") == []


def test_what_is_terminated_and_still_there_is_to_be_deleted_or_given_to_a_service(
    scene: Scene, visitor: Visitor
) -> None:
    scene.do("terminate")
    scene.sim.control("/mailboxes", {"address": JOHN, "password": PASSWORD, "settled": True})
    scene.clock.now += 600
    scene.service.reconcile.account("main", "ann")
    page = visitor.get(f"/admin/drift?kind={DifferenceKind.EXTRA}")
    assert "Delete it at the mail provider, or: Adopt" in page.words
    assert {f"/admin/adopt?address={JOHN}", f"/admin/mailboxes/{JOHN}"} <= page.links()


def test_who_only_looks_is_offered_nothing_and_refused(scene: Scene, visitor: Visitor) -> None:
    scene.service.reconcile.account("main", "ann")
    visitor.leave()
    visitor.sign_in(acts=False)
    paths = [f"/admin/drift/main/repair/{AMY}", "/admin/drift/main/compare"]
    assert not set(paths) & visitor.get("/admin/drift").links()
    for path in paths:
        visitor.get(path, 403)
        assert visitor.post(path, {"csrf": ""}).status_code == 403
    assert scene.service.findings.take_due("", ["main"]) is None


def test_what_is_not_there_is_not_found(scene: Scene, visitor: Visitor) -> None:
    for path in (
        "/admin/drift/none/compare",
        "/admin/drift/main/repair/none@example.com",
        f"/admin/drift/none/repair/{AMY}",
    ):
        visitor.get(path, 404)


def test_the_inventory_tells_places_money_and_what_stands_out(
    scene: Scene, visitor: Visitor
) -> None:
    scene.sim.control("/mailboxes/delete", {"address": JOHN})
    scene.service.reconcile.account("main", "ann")
    page = visitor.get("/admin/inventory")
    assert "Mailbox slots paid for 10 100.00" in page.words
    assert f"{JOHN} , service 7 of shop, since" in page.words
    rows = list(csv.DictReader(io.StringIO(visitor.raw("/admin/inventory.csv").text)))
    assert [(row["what"], row["address"]) for row in rows] == [
        ("pak", ""),
        ("active_and_absent", JOHN),
    ]
