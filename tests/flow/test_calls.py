"""What a job costs in calls: the least that its proof needs. docs/performance.md has the same
table."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.bridge import PASSWORD
from tests.support.scene import Scene

LOOK, BOTH = ["get_user"], ["GetPOP3", "get_user"]
OF_SERVICES = {
    "suspend": [*LOOK, "change_user", "logout_user", *LOOK],
    "unsuspend": [*LOOK, "change_user", *LOOK],
}
CALLS = {
    "enom": {
        "create": [*BOTH, "SetUpPOP3User", *BOTH],
        **OF_SERVICES,
        "change_password": [*LOOK, "ModifyPOP3", *LOOK],
        "change_plan": [*LOOK, "change_user", *LOOK],
        "renew": [*BOTH, "RenewPOPBundle", *BOTH],
        "set_aliases": [*LOOK, "search_users", "change_user", *LOOK],
        "set_forwarding": [*LOOK, "change_user", *LOOK],
        "terminate": [*BOTH, "DeletePOP3", *BOTH],
    },
    "hosted-email": {
        "create": [*LOOK, "change_user", *LOOK],
        **OF_SERVICES,
        "change_password": [*LOOK, "change_user", *LOOK],
        "change_plan": [*LOOK, "change_user", *LOOK],
        "renew": LOOK,
        "set_aliases": [*LOOK, "search_users", "change_user", *LOOK],
        "set_forwarding": [*LOOK, "change_user", *LOOK],
        "terminate": [*LOOK, "delete_user", *LOOK],
    },
}
DATA: dict[str, dict[str, Any]] = {
    "create": {"password": PASSWORD},
    "change_password": {"password": "Another-Pass.01"},
    "change_plan": {"plan": "large"},
    "renew": {"until": "2032-01-01T00:00:00Z"},
    "set_aliases": {"aliases": ["info@example.com"]},
    "set_forwarding": {"forward_to": ["out@example.org"]},
}


@pytest.mark.parametrize("backend", CALLS)
@pytest.mark.parametrize("store", ["sqlite"])
def test_calls_of_each_action_in_their_order(
    open_scene: Callable[..., Scene], backend: str
) -> None:
    scene = open_scene(backend=backend, account__purchase="paks")

    def commands() -> list[str]:
        return [entry["command"] for entry in scene.calls()]

    for action, expected in CALLS[backend].items():
        before = len(commands())
        receipt = scene.do(action, **DATA.get(action, {}))
        changed = (backend, action) != ("hosted-email", "renew")  # it has nothing to renew
        assert (receipt["status"], receipt["changed"]) == ("succeeded", changed)
        assert commands()[before:] == expected, action


@pytest.mark.parametrize("backend", CALLS)
@pytest.mark.parametrize("store", ["sqlite"])
def test_what_is_so_already_costs_one_look(open_scene: Callable[..., Scene], backend: str) -> None:
    scene = open_scene(backend=backend)
    scene.do("create", password=PASSWORD)
    for action, look in (("create", BOTH if backend == "enom" else LOOK), ("unsuspend", LOOK)):
        before = len(scene.calls())
        assert scene.do(action, **DATA.get(action, {}))["changed"] is False
        assert [entry["command"] for entry in scene.calls()[before:]] == look
