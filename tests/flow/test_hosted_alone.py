"""A bridge that has hosted email alone: a mailbox's life, a remote that lies, and what only this
remote can say.

The clock of bridge and simulator is one that jumps, so that every fault meets every command within
seconds. Faults that are only slow are those of tests/flow/test_lying_remote.py: what sends and
reads is the same.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bridge.backends.hosted_email import HostedEmail
from bridge.domain.model import Address
from bridge.sim.faults import FITS
from tests.support.bridge import PASSWORD
from tests.support.scene import Scene

OTHER = "Another-Pass.01"
COMMANDS = {
    "create": ("get_user", "change_user"),
    "suspend": ("get_user", "change_user", "logout_user"),
    "unsuspend": ("change_user",),
    "change_password": ("change_user",),
    "change_plan": ("change_user",),
    "renew": ("get_user",),
    "terminate": ("get_user", "delete_user"),
    "set_aliases": ("get_user", "search_users", "change_user"),
    "set_forwarding": ("get_user", "change_user"),
}
DATA: dict[str, dict[str, Any]] = {
    "create": {"password": PASSWORD, "plan": "large"},
    "change_plan": {"plan": "large"},
    "change_password": {"password": OTHER},
    "renew": {"until": "2031-06-01T00:00:00Z"},
    "set_aliases": {"aliases": ["info@example.com"]},
    "set_forwarding": {"forward_to": ["out@example.org"], "keep_copy": False},
}
SLOW = {"slow", "late", "drip", "drip_headers", "huge"}
UNTELLABLE = {("create", "oma_23"), ("change_password", "oma_23"), ("change_password", "lie")}
"""Somebody else's creation looks the same as the first; no read shows a password."""


@pytest.fixture
def scene(open_scene: Callable[..., Scene]) -> Scene:
    return open_scene(backend="hosted-email", bridge__wait_limit=0)


def cells() -> Iterator[tuple[str, str, str]]:
    for action, commands in COMMANDS.items():
        for command in commands:
            kind = "read" if command in ("get_user", "search_users") else "hosted-write"
            fits = ("any", "hosted", kind)
            yield from (
                (action, command, fault)
                for fault, fit in FITS.items()
                if fit in fits and fault not in SLOW
            )


def wanted(action: str) -> dict[str, Any] | None:
    """What is true at the remote after each action, where a mailbox was there as `furnish` makes
    it."""
    box: dict[str, Any] = {"password": PASSWORD, "quota_bytes": 1 << 30, "services": {"enabled"}}
    match action:
        case "set_aliases":
            box["attributes"] = {"aliases": True}
        case "set_forwarding":
            box["attributes"] = {
                "forward_recipients": ["out@example.org"],
                "delivery_forward": True,
                "delivery_local": False,
            }
        case "suspend":
            box["services"] = {"suspended"}
        case "change_password":
            box["password"] = OTHER
        case "change_plan" | "create":
            box["quota_bytes"] = 25 << 30
        case "terminate":
            return None
    return box


def truth(scene: Scene, address: str) -> dict[str, Any] | None:
    box = scene.mailbox(address)
    keys = ("password", "quota_bytes")
    if box is None:
        return None
    shown = box["attributes"]
    shown = (
        shown | {"aliases": shown["aliases"] == [f"info@{address.partition('@')[2]}"]}
        if "aliases" in shown
        else shown
    )
    named = {"attributes": shown} if shown else {}
    services = {"services": set(box["services"].values())}
    return {name: box[name] for name in keys} | services | named


@pytest.mark.parametrize("store", ["sqlite"])
def test_every_fault_at_every_command(scene: Scene, request: pytest.FixtureRequest) -> None:
    wrong, every = {}, [cell for cell in cells() if (cell[0], cell[2]) not in UNTELLABLE]
    brief = not request.config.getoption("--long")
    for action, command, fault in every[:: 7 if brief else 1]:
        domain = f"{action}-{command}-{fault}.test".replace("_", "-")
        given = {"service_id": domain, "address": f"box@{domain}"}
        scene.sim.control("/domains", {"uid": "reseller", "domain": domain})
        if action != "create":
            scene.sim.control(
                "/mailboxes", {"address": given["address"], "password": PASSWORD, "settled": True}
            )
            scene.service.operator.adopt("main", Address.parse(given["address"]), "shop", domain)
        if action == "unsuspend":
            scene.do("suspend", **given)
        scene.clock.now += 60
        scene.fault(command, fault, times=2 if fault == "stale" else 1, domain=domain)
        data = {"aliases": [f"info@{domain}"]} if action == "set_aliases" else DATA.get(action, {})
        receipt = scene.do(action, seconds=3600, **given, **data)
        found = receipt["status"], truth(scene, given["address"])
        if found != ("succeeded", wanted(action)):
            wrong[action, command, fault] = (*found, receipt["error"])
    assert wrong == {}
    assert len(every) > 200


@pytest.mark.parametrize("store", ["sqlite"])
def test_a_life(scene: Scene) -> None:
    proofs = {}
    for action in (
        "create",
        "suspend",
        "unsuspend",
        "change_password",
        "change_plan",
        "renew",
        "set_aliases",
        "set_forwarding",
        "terminate",
    ):
        receipt = scene.do(action, **DATA.get(action, {}))
        assert receipt["status"] == "succeeded", action
        proofs[action] = receipt["verified"]
        state = {"suspend": "suspended", "terminate": "absent"}.get(action, "active")
        assert receipt["state"] == state
        clock = scene.clock.now
        scene.work(120)
        assert scene.clock.now > clock
    everything = {
        "existence": "verified",
        "suspension": "verified",
        "password": "accepted",
        "plan": "verified",
    }
    assert proofs == {
        "create": everything,
        "suspend": {"suspension": "verified"},
        "unsuspend": {"suspension": "verified"},
        "change_password": {"password": "accepted"},
        "change_plan": {"plan": "verified"},
        "renew": {"expiry": "unsupported"},
        "set_aliases": {"aliases": "verified"},
        "set_forwarding": {"forwarding": "verified"},
        "terminate": {"existence": "verified"},
    }


@pytest.mark.parametrize("store", ["sqlite"])
def test_a_mailbox_that_was_there_is_nobodys_to_take(scene: Scene) -> None:
    scene.sim.control(
        "/mailboxes", {"address": "john.doe@example.com", "password": "Theirs-Word.1"}
    )
    receipt = scene.do("create", password=PASSWORD)
    assert (receipt["status"], receipt["error"]["code"]) == ("failed", "not_ours")
    assert (scene.mailbox() or {})["password"] == "Theirs-Word.1"


@pytest.mark.parametrize("store", ["sqlite"])
def test_what_is_no_mailbox_is_left_alone(scene: Scene) -> None:
    scene.do("create", service_id="8", address="jane@example.com", password=PASSWORD)
    box = {
        "address": "bob@example.com",
        "password": PASSWORD,
        "attributes": {"aliases": ["john.doe@example.com"]},
    }
    scene.sim.control("/mailboxes", box)
    before = scene.sim.control("/state")["domains"]
    for action in COMMANDS:
        receipt = scene.do(action, **DATA.get(action, {}))
        assert (receipt["status"], receipt["error"]["code"]) == ("failed", "conflict"), action
    assert scene.sim.control("/state")["domains"] == before


@pytest.mark.parametrize("store", ["sqlite"])
def test_a_domain_that_is_not_there_is_told(scene: Scene) -> None:
    receipt = scene.do("create", address="john@unknown.test", password=PASSWORD)
    assert (receipt["status"], receipt["error"]["code"]) == ("failed", "domain_not_in_account")


@pytest.mark.parametrize("store", ["sqlite"])
def test_a_role_that_cannot_provision_pauses_nothing_and_is_told(scene: Scene) -> None:
    admin = {
        "uid": "reseller",
        "user": "admin@reseller.example",
        "password": "Planted-Hosted-9",
        "role": "company_ro",
    }
    scene.sim.control("/admins", admin)
    receipt = scene.do("create", password=PASSWORD)
    assert (receipt["status"], scene.mailbox()) == ("failed", None)
    assert (
        "role of the credentials"
        in scene.service.lookup.receipt("shop", receipt["job"]).error["detail"]
    )


@pytest.fixture
def proving(scene: Scene) -> Scene:
    """As with prove_passwords = true."""
    backend = scene.service.accounts["main"].backend
    assert isinstance(backend, HostedEmail)
    backend.proves_passwords = True
    return scene


def tries(scene: Scene) -> int:
    return len(scene.calls("authenticate"))


@pytest.mark.parametrize("store", ["sqlite"])
def test_a_new_password_is_proved_once(proving: Scene) -> None:
    created = proving.do("create", password=PASSWORD)
    assert (created["status"], created["verified"]["password"], tries(proving)) == (
        "succeeded",
        "verified",
        1,
    )
    changed = proving.do("change_password", password=OTHER)
    assert (changed["verified"], tries(proving)) == ({"password": "verified"}, 2)
    again = proving.do("change_password", password=OTHER)
    assert (again["changed"], again["verified"], tries(proving)) == (
        False,
        {"password": "accepted"},
        2,
    )


@pytest.mark.parametrize("store", ["sqlite"])
def test_a_sign_in_that_lags_is_tried_once_more_after_settle(proving: Scene) -> None:
    proving.do("create", password=PASSWORD)
    proving.sim.control("/settings", {"password_lag": 10.0})
    proving.clock.now += 60
    changed = proving.do("change_password", password=OTHER)
    assert (changed["status"], changed["verified"], tries(proving)) == (
        "succeeded",
        {"password": "verified"},
        3,
    )


@pytest.mark.parametrize("store", ["sqlite"])
def test_a_password_that_is_not_there_is_held_and_the_account_works_on(proving: Scene) -> None:
    proving.do("create", password=PASSWORD)
    proving.fault("change_user", "lie")
    held = proving.do("change_password", password=OTHER)
    assert (held["status"], held["error"]["code"], tries(proving)) == ("held", "unclear", 3)
    assert proving.service.account_state.account_paused("main") is None
    proving.service.operator.retry(held["job"])
    proving.work(600)
    assert ((proving.mailbox() or {})["password"], tries(proving)) == (OTHER, 4)


@pytest.mark.parametrize("store", ["sqlite"])
def test_nothing_is_tried_of_a_suspended_mailbox_or_beyond_a_second_factor(proving: Scene) -> None:
    box = {
        "address": "john.doe@example.com",
        "password": PASSWORD,
        "second_factor": True,
        "settled": True,
    }
    proving.sim.control("/mailboxes", box)
    proving.service.operator.adopt("main", Address("john.doe", "example.com"), "shop", "7")
    changed = proving.do("change_password", password=OTHER)
    assert (changed["status"], changed["verified"], tries(proving)) == (
        "succeeded",
        {"password": "accepted"},
        1,
    )
    proving.do("suspend")
    changed = proving.do("change_password", password=PASSWORD)
    assert (changed["status"], changed["verified"], tries(proving)) == (
        "succeeded",
        {"password": "accepted"},
        1,
    )


@pytest.mark.parametrize("store", ["sqlite"])
def test_a_try_whose_answer_is_lost_is_one_of_the_two(proving: Scene) -> None:
    proving.fault("authenticate", "drop_after", times=2)
    held = proving.do("create", password=PASSWORD)
    assert (held["status"], held["error"]["code"], tries(proving)) == ("held", "unclear", 2)


@pytest.mark.parametrize(
    ("later", "ends"),
    [(None, ("succeeded", "accepted", 2)), (1, ("succeeded", "verified", 2))],
)
@pytest.mark.parametrize("store", ["sqlite"])
def test_a_try_that_is_put_off_is_one_of_the_two(
    proving: Scene, later: int | None, ends: object
) -> None:
    proving.fault("authenticate", "oma_22", times=later)
    created = proving.do("create", password=PASSWORD, seconds=6 * 3600)
    assert (created["status"], created["verified"]["password"], tries(proving)) == ends


@pytest.fixture
def making(scene: Scene) -> Scene:
    """As with create_domains = true."""
    backend = scene.service.accounts["main"].backend
    assert isinstance(backend, HostedEmail)
    backend.creates_domains = True
    return scene


NEW = {"address": "john@new.test", "password": PASSWORD}


@pytest.mark.parametrize("store", ["sqlite"])
def test_a_domain_is_made_with_its_first_mailbox_once_a_person_has_looked(making: Scene) -> None:
    held = making.do("create", **NEW)
    assert (held["status"], held["error"]["code"]) == ("held", "domain_of_another")
    assert "new.test" not in making.sim.control("/state")["domains"]
    making.service.operator.retry(held["job"], approve=True)
    making.work(600)
    assert (making.mailbox("john@new.test") or {})["password"] == PASSWORD
    calls = ["get_user", "get_domain", "change_domain", "change_user", "get_user"]
    assert [call["command"] for call in making.calls()][-5:] == calls
    second = making.do("create", **NEW | {"address": "jane@new.test", "service_id": "8"})
    assert (second["status"], len(making.calls("change_domain"))) == ("succeeded", 1)


@pytest.mark.parametrize("store", ["sqlite"])
def test_domains_of_mailboxes_that_are_refused_count_as_creations_of_the_day(
    open_scene: Callable[..., Scene],
) -> None:
    scene = open_scene(
        backend="hosted-email",
        bridge__wait_limit=0,
        safety__max_creations_per_day=2,
        account__create_domains=True,
    )
    ends = []
    for number in range(4):
        given = {"address": f"john@new{number}.test", "service_id": str(number)}
        # The platform refuses a password that contains the name, once its domain is made.
        receipt = scene.do("create", **given, password="john-Word.123", domain_confirmed=True)
        ends.append((receipt["status"], receipt["waiting_for"]))
    assert ends == [("failed", None)] * 2 + [("queued", "limit")] * 2
    made = [name for name in scene.sim.control("/state")["domains"] if name.startswith("new")]
    assert made == ["new0.test", "new1.test"]


@pytest.mark.parametrize("fault", ["drop_after", "oma_23", "oma_22", "error_500"])
@pytest.mark.parametrize("store", ["sqlite"])
def test_a_domain_whose_answer_is_lost_is_looked_at(making: Scene, fault: str) -> None:
    making.fault("change_domain", fault)
    done = making.do("create", **NEW, domain_confirmed=True)
    assert (done["status"], making.mailbox("john@new.test") is not None) == ("succeeded", True)


@pytest.mark.parametrize("store", ["sqlite"])
def test_a_domain_of_another_company_is_not_made(making: Scene) -> None:
    making.sim.control("/accounts", {"uid": "stranger", "token": None})
    making.sim.control("/domains", {"uid": "stranger", "domain": "new.test"})
    refused = making.do("create", **NEW, domain_confirmed=True)
    assert (refused["status"], refused["error"]["code"]) == ("failed", "domain_not_in_account")
    assert making.calls("change_domain") == []
