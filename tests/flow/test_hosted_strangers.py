"""Hosted email where somebody else is at the same address: what is not ours is neither changed,
opened nor deleted."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.bridge import PASSWORD
from tests.support.in_between import InBetween, client_of, on_call
from tests.support.scene import Scene
from tests.support.stores import on_sqlite

store = on_sqlite  # the store has no part in these rules

JOHN, BOB = "john.doe@example.com", "bob@example.com"
THEIRS = "Theirs-Word.1"


@pytest.fixture
def scene(open_scene: Callable[..., Scene]) -> Scene:
    return open_scene(backend="hosted-email", bridge__wait_limit=0)


def put(scene: Scene, address: str = JOHN, **more: Any) -> None:
    given = {"address": address, "password": THEIRS, "settled": True, **more}
    scene.sim.control("/mailboxes", given)


@pytest.fixture(params=["account and type", "account alone"])
def alias(scene: Scene, request: pytest.FixtureRequest) -> Scene:
    """The mailbox of a service is gone, and its name is an alias of a customer's other mailbox."""
    assert scene.do("create", password=PASSWORD)["status"] == "succeeded"
    client_of(scene).call("delete_user", user=JOHN)
    put(scene, BOB, attributes={"aliases": [JOHN]})
    scene.clock.now += 600
    if request.param == "account alone":
        shown = {"success": True, "type": "mailbox", "attributes": {"account": BOB}}
        metadata = {"status": "active", "quota": {"bytes_max": 1 << 30, "bytes_used": 5}}
        InBetween(scene, "get_user", before=lambda sent: {**shown, "metadata": metadata})
    return scene


@pytest.mark.parametrize("query", ["mailbox.sign_in", "mailbox.usage"])
def test_an_alias_opens_and_tells_nothing_of_its_mailbox(alias: Scene, query: str) -> None:
    answer = alias.ask(query, service_id="7", address=JOHN)
    assert answer.status_code != 200
    assert "of type alias" in answer.text or "conflict" in answer.text
    assert alias.calls("generate_token") == []


@pytest.mark.parametrize("action", ["suspend", "change_password", "change_plan", "terminate"])
def test_an_alias_is_not_changed(alias: Scene, action: str) -> None:
    before = alias.mailbox(BOB)
    receipt = alias.do(action, password="Another-Pass.01", plan="large")
    assert (receipt["status"], receipt["error"]["code"]) == ("failed", "conflict")
    assert alias.mailbox(BOB) == before
    assert len(alias.calls("change_user", "delete_user", "logout_user")) == 2  # those of before


def test_a_terminate_whose_mailbox_is_shown_as_deleted_succeeds(scene: Scene) -> None:
    shown = {"success": True, "type": "mailbox", "attributes": {"account": JOHN}}
    assert scene.do("create", password=PASSWORD)["status"] == "succeeded"

    def kept(sent: dict[str, Any]) -> dict[str, Any] | None:
        gone = scene.mailbox(JOHN) is None
        return {**shown, "metadata": {"status": "deleted"}} if gone else None

    InBetween(scene, "get_user", before=kept)
    assert scene.do("terminate", seconds=3600)["status"] == "succeeded"


@pytest.mark.parametrize("first", ["drop_before", "lie", "error_500"])
def test_a_second_create_that_finds_somebody_elses_mailbox_leaves_it_alone(
    scene: Scene, first: str
) -> None:
    InBetween(scene, "change_user", before=on_call(2, lambda: put(scene)))
    scene.fault("change_user", first)  # nothing was done; only a look after `settle` proves it
    receipt = scene.do("create", seconds=3600, password=PASSWORD)
    assert_left_alone(scene, receipt)


@pytest.mark.parametrize("store", ["sqlite"])
def test_a_mailbox_of_somebody_else_after_a_lost_create_is_left_alone(scene: Scene) -> None:
    InBetween(scene, "change_user", after=on_call(1, lambda: put(scene)))
    scene.fault("change_user", "drop_before")
    receipt = scene.do("create", seconds=3600, password=PASSWORD)
    assert_left_alone(scene, receipt)
    assert "enom-bridge mailboxes adopt" in receipt["error"]["detail"]


def assert_left_alone(scene: Scene, receipt: dict[str, Any]) -> None:
    assert (receipt["status"], receipt["error"]["code"]) == ("failed", "not_ours")
    assert scene.do("terminate", seconds=3600)["error"]["code"] == "not_ours"
    again = scene.do("create", seconds=3600, password=PASSWORD)
    assert (again["status"], again["error"]["code"]) == ("failed", "not_ours")
    assert (scene.mailbox() or {})["password"] == THEIRS


@pytest.mark.parametrize("fault", ["drop_after", "cut", "error_500_after"])
def test_a_mailbox_made_anew_after_a_lost_deletion_is_not_deleted(scene: Scene, fault: str) -> None:
    scene.do("create", password=PASSWORD)
    scene.clock.now += 300
    scene.fault("delete_user", fault)
    InBetween(scene, "delete_user", after=on_call(1, lambda: put(scene)))
    receipt = scene.do("terminate", seconds=3600)
    assert (receipt["status"], receipt["error"]["code"]) == ("held", "unclear")
    assert "made after its deletion was sent" in receipt["error"]["detail"]
    assert scene.do("terminate", seconds=3600)["error"]["code"] == "not_ours"
    assert (scene.mailbox() or {})["password"] == THEIRS
    assert len(scene.calls("delete_user")) == 1


@pytest.mark.parametrize("since", [-1, 300], ids=["in the same second", "later"])
def test_a_deletion_that_was_lost_before_its_effect_is_sent_again(
    scene: Scene, since: float
) -> None:
    scene.do("create", password=PASSWORD)
    scene.clock.now += since
    scene.fault("delete_user", "drop_before")
    assert scene.do("terminate", seconds=3600)["status"] == "succeeded"
    assert scene.mailbox() is None


def test_a_create_that_was_lost_after_its_effect_is_known_by_the_platforms_log(
    scene: Scene,
) -> None:
    scene.fault("change_user", "drop_after")
    receipt = scene.do("create", seconds=3600, password=PASSWORD)
    assert receipt["status"] == "succeeded"
    assert len(scene.calls("get_user_changes")) == 1
    scene.fault("change_user", "drop_after")
    scene.do("change_password", password="Another-Pass.01")
    assert len(scene.calls("get_user_changes")) == 1  # the service has had it before


@pytest.mark.parametrize(
    "answer",
    [
        {"success": False, "error_number": 9},
        {"success": True},
        {"success": True, "changes": [{"program": "enom-bridge"}]},
    ],
)
def test_where_the_platforms_log_shows_nobody_a_mailbox_in_doubt_waits_for_an_admin(
    scene: Scene, answer: dict[str, Any]
) -> None:
    scene.fault("change_user", "drop_after")
    InBetween(scene, "get_user_changes", before=lambda sent: answer)
    receipt = scene.do("create", seconds=3600, password=PASSWORD)
    assert (receipt["status"], receipt["error"]["code"]) == ("held", "unclear")
    assert len(scene.calls("change_user")) == 1
    # It may be the service's own, so it is not failed; it may be another's, so nothing touches it.
    assert scene.do("terminate", seconds=3600)["error"]["code"] == "not_ours"
    assert scene.mailbox() is not None
