"""Every error code of the contract is what something real ends with, or waits because of."""

from collections.abc import Callable
from typing import Any

import pytest

from bridge.domain.errors import CODES
from tests.support.bridge import TOKEN, add_domain
from tests.support.scene import PASSWORD, Open, Scene
from tests.support.stores import on_sqlite

store = on_sqlite  # the store's part in these rules is tested in tests/store

JOHN = "john.doe@example.com"
Receipt = dict[str, Any]
Story = Callable[[Open], tuple[Scene, Receipt]]


def story(
    type: str,
    before: Callable[[Scene], object] = lambda scene: None,
    seconds: float = 30,
    **more: Any,
) -> Story:
    """One hook after `before`; what starts with a capital letter is a change of the
    configuration."""
    settings = {name.lower(): value for name, value in more.items() if name[0].isupper()}
    data = {name: value for name, value in more.items() if name[0].islower()}

    def play(open_scene: Open) -> tuple[Scene, Receipt]:
        scene = open_scene(**settings)
        before(scene)
        return scene, scene.do(type, seconds=seconds, **data)

    return play


def existing(*then: str) -> Callable[[Scene], object]:
    def make(scene: Scene) -> None:
        for type in ("create", *then):
            assert (
                scene.do(type, **({"password": PASSWORD} if type == "create" else {}))["status"]
                == "succeeded"
            )

    return make


def one_seat(scene: Scene) -> None:
    """Another mailbox of the service has it."""
    other = {"address": "jane.doe@example.com", "password": PASSWORD, "seats": 1}
    assert scene.do("create", **other)["status"] == "succeeded"


def neighbour(scene: Scene) -> None:
    existing()(scene)
    scene.do("create", password=PASSWORD, service_id="8", address="amy@example.com")


def named(scene: Scene) -> None:
    existing()(scene)
    scene.do("set_aliases", aliases=["info@example.com"])


def somebodys(scene: Scene) -> None:
    scene.sim.control(
        "/mailboxes", {"address": JOHN, "password": "Somebody-Else.1", "settled": True}
    )


def late(open_scene: Open) -> tuple[Scene, Receipt]:
    scene = open_scene()
    scene.hook("unsuspend")
    return scene, scene.hook("suspend", at=-60)


def rejected(open_scene: Open) -> tuple[Scene, Receipt]:
    scene = open_scene(safety__max_terminations_per_hour=1)
    twice_terminated(scene)
    held = scene.do("terminate")
    scene.service.operator.by("jane").reject(held["job"])
    return scene, scene.job(held)


def withdrawn(open_scene: Open) -> tuple[Scene, Receipt]:
    scene = open_scene()
    hook = scene.hook("suspend")
    body = scene.body("job.withdraw", hook=hook["hook"])
    answer = scene.post("/hooks/shop", body, scene.sign(body))
    assert answer.status_code == 200, answer.text
    return scene, scene.job(hook)


LOCK_OUT: dict[str, Any] = {"Account__suspend_with": "lock-out", "Hosted": None}
CREATE: dict[str, Any] = {"type": "create", "password": PASSWORD}
BARE = "john@example.net"


def bare(scene: Scene) -> None:
    add_domain(scene.sim, "example.net", pak=False)


def poor(scene: Scene) -> None:
    bare(scene)
    scene.sim.control("/balance", {"uid": "reseller", "balance": 0.0})


def twice_terminated(scene: Scene) -> None:
    scene.do("create", address="amy@example.com", password=PASSWORD)
    scene.do("terminate", address="amy@example.com")
    existing()(scene)


def anothers(scene: Scene) -> None:
    scene.do(
        "create", address="amy@example.com", service_id="8", customer_id="11", password=PASSWORD
    )


def full(scene: Scene) -> None:
    for n in range(10):
        scene.sim.control(
            "/mailboxes",
            {
                "address": f"box{n}@example.com",
                "password": "x",
                "bundle": bundle(scene),
                "settled": True,
            },
        )


def bundle(scene: Scene) -> int:
    return int(next(iter(scene.sim.control("/state")["domains"]["example.com"]["paks"])))


def account(**more: Any) -> Callable[[Scene], object]:
    return lambda scene: scene.sim.control(
        "/accounts", {"uid": "reseller", "environment": "test", "token": TOKEN, **more}
    )


def fault(name: str) -> Callable[[Scene], object]:
    return lambda scene: scene.fault("GetPOP3", name, times=None)


FAILED, HELD, WAITS, CANCELLED = (
    ("failed", None),
    ("held", None),
    ("queued", "account"),
    ("cancelled", None),
)
RETRIED = ("queued", "retry")
STORIES: dict[str, tuple[Story, tuple[str, str | None]]] = {
    "refused": (story(**CREATE | {"address": "john.@example.com"}), FAILED),
    "not_found": (story("suspend"), FAILED),
    "not_ours": (story("suspend", somebodys), FAILED),
    "conflict": (
        story("change_password", existing("suspend"), password=PASSWORD, **LOCK_OUT),
        FAILED,
    ),
    "password_rejected": (story("create", password="short"), FAILED),
    "password_needed": (story("unsuspend", existing("suspend"), **LOCK_OUT), FAILED),
    "domain_not_in_account": (story(**CREATE | {"address": "john@example.org"}), FAILED),
    "pak_full": (story(before=full, **CREATE), FAILED),
    "purchase_needed": (story(before=bare, **CREATE, address=BARE), FAILED),
    "seats_full": (story(before=one_seat, **CREATE, seats=1), FAILED),
    "plan_unknown": (story(**CREATE, plan="gold"), FAILED),
    "unsupported": (
        story("suspend", existing(), **LOCK_OUT | {"Account__suspend_with": "refuse"}),
        FAILED,
    ),
    "credentials": (story(before=account(token="another"), **CREATE), WAITS),
    "ip_not_allowed": (story(before=account(allow=["198.51.100.7"]), **CREATE), WAITS),
    "insufficient_funds": (
        story(before=poor, **CREATE, address=BARE, Account__purchase="paks"),
        WAITS,
    ),
    "unavailable": (story(before=fault("maintenance"), **CREATE), RETRIED),
    "unclear": (story(before=fault("drop_after"), **CREATE), RETRIED),
    "garbled": (story(before=fault("html"), **CREATE), RETRIED),
    "unsafe": (story("terminate", twice_terminated, Safety__max_terminations_per_hour=1), HELD),
    "overtaken": (late, CANCELLED),
    "domain_of_another": (story(before=anothers, **CREATE, customer_id="12"), HELD),
    "reserved_name": (story(**CREATE, address="root@example.com", customer_id="12"), HELD),
    "address_taken": (
        story("set_aliases", neighbour, aliases=["amy@example.com"]),
        FAILED,
    ),
    "forwarding_loop": (
        story("set_forwarding", named, forward_to=["info@example.com"]),
        FAILED,
    ),
    "rejected": (rejected, CANCELLED),
    "withdrawn": (withdrawn, CANCELLED),
}


def test_every_code_has_its_story() -> None:
    assert set(STORIES) == set(CODES)


@pytest.mark.parametrize("store", ["sqlite"])
@pytest.mark.parametrize("code", CODES)
def test_a_code_is_what_something_real_ends_with(open_scene: Open, code: str) -> None:
    play, expected = STORIES[code]
    scene, receipt = play(open_scene)
    assert receipt["error"] is not None, receipt
    assert (receipt["error"]["code"], receipt["status"], receipt["waiting_for"]) == (
        code,
        *expected,
    )
    assert receipt["error"]["message"] == CODES[code]
    assert receipt["error"]["detail"]
    for result in scene.call_back():
        error = result["data"]["error"]
        assert error is None or "remote" not in error
