"""What protects customers from us and from billing, beyond the scenarios of tests/flow."""

from typing import Any

import pytest

from tests.support.bridge import add_domain
from tests.support.scene import PASSWORD, Open, Scene

ADDRESS = "john@example.com"


def code(receipt: dict[str, Any]) -> str | None:
    return receipt["error"] and receipt["error"]["code"]


@pytest.fixture
def mailbox(open_scene: Open) -> Scene:
    scene = open_scene()
    assert scene.do("create", address=ADDRESS, password=PASSWORD)["status"] == "succeeded"
    return scene


def services(scene: Scene) -> dict[str, str]:
    found: dict[str, str] = (scene.mailbox(ADDRESS) or {})["services"]
    return found


def set_services(scene: Scene, state: str, level: str) -> None:
    scene.sim.control(
        "/services",
        {"address": ADDRESS, "services": dict.fromkeys(services(scene), state), "level": level},
    )


def test_what_a_higher_admin_suspended_on_top_of_ours_is_not_lifted_and_ours_is_not_forgotten(
    mailbox: Scene,
) -> None:
    """Our own suspension gives us something to restore; the abuse desk's, put upon it, has to
    stay all the same."""
    assert mailbox.do("suspend", address=ADDRESS)["status"] == "succeeded"
    set_services(mailbox, "suspended", "higher")
    refused = mailbox.do("unsuspend", address=ADDRESS)
    assert (refused["status"], code(refused), refused["state"]) == (
        "failed",
        "conflict",
        "suspended",
    )
    assert set(services(mailbox).values()) == {"suspended"}
    set_services(mailbox, "suspended", "company")  # theirs is lifted, ours is left
    assert mailbox.do("unsuspend", address=ADDRESS)["state"] == "active"
    assert set(services(mailbox).values()) == {"enabled"}


def test_a_retry_without_a_persons_approval_passes_no_limit(open_scene: Open) -> None:
    scene = open_scene(
        account__purchase="boxes",
        safety__max_purchases_per_day=1,
        safety__max_terminations_per_hour=1,
    )
    names = ["example.net", "example.org"]
    for name in names:
        add_domain(scene.sim, name, pak=False)
    bought = [scene.do("create", address=f"john@{name}", password=PASSWORD) for name in names]
    assert [each["status"] for each in bought] == ["succeeded", "held"]
    orders = len(scene.orders)
    assert again(scene, bought[1])["status"] == "held"
    assert len(scene.orders) == orders

    assert (
        scene.do("create", address="jane@example.com", service_id="8", password=PASSWORD)["status"]
        == "succeeded"
    )
    gone = [
        scene.do("terminate", address="john@example.net"),
        scene.do("terminate", address="jane@example.com", service_id="8"),
    ]
    assert [each["status"] for each in gone] == ["succeeded", "held"]
    assert again(scene, gone[1])["status"] == "held"
    assert scene.mailbox("jane@example.com") is not None


def again(scene: Scene, held: dict[str, Any]) -> dict[str, Any]:
    tried = scene.service.operator.retry(held["job"])
    scene.work(60)
    return scene.job({"job": tried.job})
