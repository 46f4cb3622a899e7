"""What becomes of one mailbox: each rule of the contract as a short story, against the simulator
and on both stores."""

from typing import Any

import pytest

from bridge.domain.actions import ACTIONS
from bridge.domain.model import Address
from tests.support.bench import START
from tests.support.scene import PASSWORD, Open, Scene

# What follows from reads and settings alone is shown on one store.
sqlite = pytest.mark.parametrize("store", ["sqlite"])
OTHER = "Other-Secret.8"
JOHN = "john.doe@example.com"
HOSTED = (
    "service_imap4",
    "service_pop3",
    "service_smtpin",
    "service_smtprelay",
    "service_smtprelay_webmail",
    "service_webmail",
)


def code(receipt: dict[str, Any]) -> Any:
    return receipt["error"] and receipt["error"]["code"]


def services(scene: Scene) -> dict[str, str]:
    box = scene.mailbox()
    assert box is not None
    return dict(box["services"])


@pytest.fixture
def mailbox(scene: Scene) -> Scene:
    assert scene.do("create", password=PASSWORD, plan="basic")["status"] == "succeeded"
    scene.sim.control("/history", method="DELETE")
    return scene


def test_the_life_of_a_mailbox(scene: Scene) -> None:
    story: list[tuple[str, dict[str, Any], str]] = [
        ("create", {"password": PASSWORD, "plan": "basic", "display_name": "John Doe"}, "active"),
        ("suspend", {"reason": "unpaid"}, "suspended"),
        ("unsuspend", {}, "active"),
        ("change_password", {"password": OTHER}, "active"),
        ("change_plan", {"plan": "large"}, "active"),
        ("renew", {"until": "2029-12-31"}, "active"),
        ("terminate", {}, "absent"),
    ]
    for n, (type, data, state) in enumerate(story, 1):
        receipt = scene.do(type, **data)
        assert (receipt["status"], receipt["state"], receipt["sequence"]) == (
            "succeeded",
            state,
            n,
        ), receipt
        assert receipt["changed"] is (type != "renew")  # the pak lives until 2030
    assert scene.mailbox() is None
    assert [each["data"]["sequence"] for each in scene.call_back()] == [1, 2, 3, 4, 5, 6, 7]


def test_a_create_that_is_repeated_by_a_new_hook_changes_nothing(mailbox: Scene) -> None:
    receipt = mailbox.do("create", password=PASSWORD, plan="basic")
    assert (receipt["status"], receipt["changed"]) == ("succeeded", False)
    assert mailbox.calls("SetUpPOP3User", "ModifyPOP3") == []
    different = mailbox.do("create", password=OTHER, plan="basic")
    assert (different["status"], different["changed"]) == ("succeeded", True)
    assert (mailbox.mailbox() or {})["password"] == OTHER


@sqlite
def test_what_is_not_ours_is_left_alone(scene: Scene) -> None:
    scene.sim.control(
        "/mailboxes", {"address": JOHN, "password": "Somebody-Else.1", "settled": True}
    )
    data = {
        "create": {"password": PASSWORD},
        "suspend": {},
        "unsuspend": {},
        "terminate": {},
        "change_password": {"password": PASSWORD},
        "change_plan": {"plan": "large"},
        "renew": {"until": "2031-01-01"},
        "set_aliases": {"aliases": ["info@example.com"]},
        "set_forwarding": {"forward_to": ["out@example.org"]},
        "change_service": {"from_service_id": "8"},
    }
    assert {f"mailbox.{name}" for name in data} == {*ACTIONS} - {"mailbox.ensure"}
    before = scene.mailbox()
    for type, more in data.items():
        receipt = scene.do(type, **more)
        assert (receipt["status"], code(receipt), receipt["changed"]) == (
            "failed",
            "not_ours",
            False,
        )
    assert scene.mailbox() == before


def test_another_service_does_not_get_our_mailbox(mailbox: Scene) -> None:
    receipt = mailbox.do("create", service_id="8", password=OTHER)
    assert (receipt["status"], code(receipt)) == ("failed", "not_ours")
    assert (mailbox.mailbox() or {})["password"] == PASSWORD


def test_what_is_adopted_is_ours(scene: Scene) -> None:
    scene.sim.control(
        "/mailboxes", {"address": JOHN, "password": "Somebody-Else.1", "settled": True}
    )
    scene.service.operator.adopt("main", Address.parse(JOHN), "shop", "7")
    assert scene.do("suspend")["status"] == "succeeded"


def test_terminating_the_absent_has_succeeded(scene: Scene) -> None:
    receipt = scene.do("terminate")
    assert (receipt["status"], receipt["changed"], receipt["state"]) == (
        "succeeded",
        False,
        "absent",
    )
    assert receipt["message"] == "The mailbox was already gone."
    assert scene.calls("DeletePOP3") == []


@sqlite
def test_suspending_the_absent_is_not_found(scene: Scene) -> None:
    receipt = scene.do("suspend")
    assert (receipt["status"], code(receipt), receipt["state"]) == ("failed", "not_found", "absent")


def test_a_create_for_another_service_waits_until_the_old_mailbox_is_seen_to_be_gone(
    mailbox: Scene,
) -> None:
    mailbox.sim.control("/settings", {"stale_seconds": 8.0})
    gone = mailbox.hook("terminate")
    new = mailbox.hook("create", service_id="8", password=OTHER)
    assert new["waiting_for"] == "turn"
    mailbox.work(2)
    assert mailbox.job(gone)["status"] == "queued"  # Enom still shows it
    mailbox.work(60)
    assert (mailbox.job(gone)["status"], mailbox.job(new)["status"]) == ("succeeded", "succeeded")
    deleted, created = mailbox.calls("DeletePOP3", "SetUpPOP3User")
    assert (deleted["command"], created["command"]) == ("DeletePOP3", "SetUpPOP3User")
    assert created["started"] >= deleted["ended"] + 8


@sqlite
def test_suspending_twice_keeps_the_services_saved_first(mailbox: Scene) -> None:
    mailbox.sim.control("/services", {"address": JOHN, "services": {"service_pop3": "disabled"}})
    before = services(mailbox)
    for changed in (True, False):
        receipt = mailbox.do("suspend")
        assert (receipt["status"], receipt["changed"], receipt["verified"]) == (
            "succeeded",
            changed,
            {"suspension": "verified"},
        )
    assert set(services(mailbox).values()) == {"suspended"}
    assert len(mailbox.calls("logout_user")) == 1
    assert mailbox.do("unsuspend")["message"] == "Mailbox unsuspended."
    assert services(mailbox) == before
    assert before["service_pop3"] == "disabled"


@sqlite
def test_what_others_changed_meanwhile_is_suspended_again_without_forgetting_what_was_saved(
    mailbox: Scene,
) -> None:
    mailbox.do("suspend")
    mailbox.clock.now += 60
    mailbox.sim.control("/services", {"address": JOHN, "services": {"service_imap4": "disabled"}})
    mailbox.do("suspend")
    assert set(services(mailbox).values()) == {"suspended"}
    mailbox.do("unsuspend")
    assert set(services(mailbox).values()) == {"enabled"}


@sqlite
def test_what_was_suspended_before_ours_stays_so_and_the_message_says_it(mailbox: Scene) -> None:
    mailbox.sim.control(
        "/services", {"address": JOHN, "services": {"service_smtprelay": "suspended"}}
    )
    assert mailbox.do("suspend")["status"] == "succeeded"
    receipt = mailbox.do("unsuspend")
    assert (receipt["status"], receipt["state"]) == ("succeeded", "active")
    assert (
        receipt["message"] == "Mailbox unsuspended. Left suspended, as they were before: sending."
    )
    assert services(mailbox)["service_smtprelay"] == "suspended"


@sqlite
@pytest.mark.parametrize("type", ["unsuspend", "create"])
def test_only_a_foreign_suspension_is_for_a_person(mailbox: Scene, type: str) -> None:
    mailbox.sim.control(
        "/services",
        {"address": JOHN, "services": dict.fromkeys(HOSTED, "suspended"), "level": "higher"},
    )
    receipt = mailbox.do(type, **({"password": OTHER} if type == "create" else {}))
    assert (receipt["status"], code(receipt)) == ("held", "conflict")
    assert receipt["message"] == "This request is waiting for a manual decision."
    assert set(services(mailbox).values()) == {"suspended"}
    assert mailbox.calls("change_user", "ModifyPOP3") == []


@sqlite
def test_a_suspended_mailbox_keeps_receiving_where_the_admin_chose_so(open_scene: Open) -> None:
    scene = open_scene(hosted__keep_receiving=True)
    scene.do("create", password=PASSWORD)
    receipt = scene.do("suspend")
    assert (receipt["status"], receipt["state"]) == ("succeeded", "suspended")
    assert services(scene) == dict.fromkeys(HOSTED, "suspended") | {"service_smtpin": "enabled"}
    assert scene.do("unsuspend")["state"] == "active"
    assert set(services(scene).values()) == {"enabled"}


# The other three ways to suspend.


def test_a_lock_out(open_scene: Open) -> None:
    scene = open_scene(account__suspend_with="lock-out", hosted=None)
    scene.do("create", password=PASSWORD)
    locked = scene.do("suspend")
    assert (locked["status"], locked["state"], locked["verified"]) == (
        "succeeded",
        "suspended",
        {"suspension": "accepted"},
    )
    random = (scene.mailbox() or {})["password"]
    assert random != PASSWORD
    again = scene.do("suspend")
    assert (again["changed"], (scene.mailbox() or {})["password"]) == (False, random)
    refused = scene.do("change_password", password=OTHER)
    assert (refused["status"], code(refused), (scene.mailbox() or {})["password"]) == (
        "failed",
        "conflict",
        random,
    )
    needed = scene.do("unsuspend")
    assert (needed["status"], code(needed), needed["state"]) == (
        "failed",
        "password_needed",
        "suspended",
    )
    opened = scene.do("unsuspend", password=OTHER)
    assert (opened["status"], opened["state"]) == ("succeeded", "active")
    assert opened["verified"] == {"suspension": "accepted", "password": "accepted"}
    assert (scene.mailbox() or {})["password"] == OTHER
    scene.do("suspend")
    assert scene.do("terminate")["state"] == "absent"


@sqlite
def test_configured_commands(open_scene: Open) -> None:
    mailbox = {
        "UserName": "{local}",
        "SLD": "{sld}",
        "TLD": "{tld}",
        "EMail": "{domain}",
        "ForwardTo": "held@example.net",
    }
    scene = open_scene(
        account__suspend_with="commands",
        hosted=None,
        suspend__command="SetPOPForwarding",
        suspend__parameters=mailbox | {"Enable": "1"},
        unsuspend__command="SetPOPForwarding",
        unsuspend__parameters=mailbox | {"Enable": "0"},
    )
    scene.do("create", password=PASSWORD)
    held = scene.do("suspend")
    assert (held["status"], held["state"], held["verified"]) == (
        "succeeded",
        "suspended",
        {"suspension": "accepted"},
    )
    assert (scene.mailbox() or {})["forward_to"] == "held@example.net"
    assert scene.do("suspend")["changed"] is False
    back = scene.do("unsuspend")
    assert (back["status"], back["state"], back["verified"]) == (
        "succeeded",
        "active",
        {"suspension": "accepted"},
    )
    assert (scene.mailbox() or {})["forward_to"] == ""
    assert len(scene.calls("SetPOPForwarding")) == 2


@sqlite
def test_refuse(open_scene: Open) -> None:
    scene = open_scene(account__suspend_with="refuse", hosted=None)
    scene.do("create", password=PASSWORD)
    for type in ("suspend", "unsuspend"):
        receipt = scene.do(type)
        assert (receipt["status"], code(receipt), receipt["state"]) == (
            "failed",
            "unsupported",
            "active",
        )
    planned = scene.do("change_plan", plan="large")
    assert (planned["status"], code(planned)) == ("failed", "unsupported")


# Grace.

DAY = 86400.0


def test_a_grace_suspends_first_and_deletes_later(open_scene: Open) -> None:
    scene = open_scene(safety__terminate_grace_days=7)
    scene.do("create", password=PASSWORD)
    receipt = scene.do("terminate")
    assert (receipt["status"], receipt["state"]) == ("succeeded", "suspended")
    due = receipt["delete_after"]
    assert due.startswith("2027-03-08T12:00:0")
    assert receipt["verified"] == {"suspension": "verified"}
    again = scene.do("terminate")
    assert (again["status"], again["delete_after"]) == ("succeeded", due)
    foreign = scene.do("create", service_id="8", password=OTHER)
    assert (foreign["status"], code(foreign)) == ("failed", "conflict")
    assert due in foreign["error"]["detail"]
    scene.periodic_tasks(7 * DAY - 400)
    scene.work(60)
    assert scene.mailbox() is not None
    scene.periodic_tasks(1000)
    scene.work(60)
    assert scene.mailbox() is None
    last = scene.call_back(60)[-1]
    assert (last["type"], last["data"]["state"], last["data"]["message"]) == (
        "job.succeeded",
        "absent",
        "Mailbox deleted.",
    )
    assert scene.do("create", service_id="8", password=OTHER)["status"] == "succeeded"


@sqlite
@pytest.mark.parametrize("type", ["unsuspend", "create"])
def test_a_customer_who_comes_back_within_the_grace_keeps_the_mailbox(
    open_scene: Open, type: str
) -> None:
    scene = open_scene(safety__terminate_grace_days=7)
    scene.do("create", password=PASSWORD)
    scene.do("terminate")
    receipt = scene.do(type, **({"password": PASSWORD} if type == "create" else {}))
    assert (receipt["status"], receipt["state"]) == ("succeeded", "active")
    scene.periodic_tasks(30 * DAY)
    scene.work(60)
    assert set(services(scene).values()) == {"enabled"}


@pytest.mark.parametrize(
    "before", [True, False], ids=["before the purge", "after the purge was queued"]
)
def test_a_customer_who_comes_back_at_the_last_moment_keeps_the_mailbox(
    open_scene: Open, before: bool
) -> None:
    scene = open_scene(safety__terminate_grace_days=7)
    scene.do("create", password=PASSWORD)
    scene.do("terminate")
    scene.clock.now += 7 * DAY + 1
    if before:
        back = scene.hook("unsuspend")
        scene.periodic_tasks()
    else:
        scene.periodic_tasks()
        back = scene.hook("unsuspend")
    scene.work(60)
    assert (scene.job(back)["status"], scene.job(back)["state"]) == ("succeeded", "active")
    assert scene.mailbox() is not None
    result = [each["data"] for each in scene.call_back(60)]
    purges = [each["error"]["code"] for each in result if each["hook"].startswith("purge_")]
    assert purges == ([] if before else ["overtaken"])
    assert scene.clock.now > START.timestamp()


@sqlite
def test_observe_mode_changes_nothing_and_says_so(open_scene: Open) -> None:
    scene = open_scene(account__mode="observe")
    receipt = scene.do("create", password=PASSWORD)
    assert (receipt["status"], receipt["changed"], receipt["observed_only"]) == (
        "succeeded",
        False,
        True,
    )
    assert receipt["plan"][0]["change"] == "create"
    missing = scene.do("suspend")
    assert (missing["status"], missing["would_be"]["code"]) == ("succeeded", "not_found")
    assert {call["command"] for call in scene.calls()} <= {"GetPOP3", "get_user"}
    result = scene.call_back()
    assert [(each["type"], each["data"]["observed_only"]) for each in result] == [
        ("job.observed", True)
    ] * 2
    assert PASSWORD not in str(result)
