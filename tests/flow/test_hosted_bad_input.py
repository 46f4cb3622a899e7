"""Bad input where hosted email is all there is: each is a sentence with its remedy, nothing is lost,
and nothing is sent twice."""

from collections.abc import Callable
from typing import Any

import pytest

from bridge.backends.hosted_email import HostedEmail, HostedEmailAccount
from bridge.infra.http_client import HttpClient
from tests.support.bridge import HOSTED_PASSWORD, PASSWORD
from tests.support.scene import Scene

pytestmark = pytest.mark.parametrize("store", ["sqlite"])
LARGE: dict[str, Any] = {"password": PASSWORD, "plan": "large"}


@pytest.fixture
def scene(open_scene: Callable[..., Scene]) -> Scene:
    return open_scene(backend="hosted-email", bridge__wait_limit=0)


def allow(scene: Scene, **attributes: int | None) -> None:
    """What an admin sets for the domain in the control panel."""
    account = HostedEmailAccount(scene.sim.hosted_email, "admin@reseller.example", HOSTED_PASSWORD)
    http = HttpClient()
    client = HostedEmail(account, http).client
    client.call("change_domain", domain="example.com", attributes=attributes)
    http.close()


def detail(scene: Scene, receipt: dict[str, Any]) -> str:
    error = scene.service.lookup.receipt("shop", receipt["job"]).error
    assert error
    return str(error["detail"])


def retry(scene: Scene, receipt: dict[str, Any]) -> dict[str, Any]:
    again = scene.service.operator.retry(receipt["job"])
    scene.work(600)
    found = scene.service.lookup.receipt("shop", again.job)
    return {"status": str(found.status), "state": str(found.state)}


@pytest.mark.parametrize(
    ("limit", "more", "code", "words"),
    [
        ({"quota_maximum": 2048}, {"quota_maximum": 51200}, "refused", "maximum of 2048 MB"),
        ({"limit_users": 0}, {"limit_users": 10}, "pak_full", "limit_users"),
    ],
)
def test_what_the_domain_does_not_allow_is_named_and_a_retry_does_it(
    scene: Scene, limit: dict[str, int], more: dict[str, int], code: str, words: str
) -> None:
    allow(scene, **limit)
    receipt = scene.do("create", **LARGE)
    assert (receipt["status"], receipt["error"]["code"]) == ("failed", code)
    assert words in detail(scene, receipt) and scene.mailbox() is None
    assert len(scene.calls("change_user")) == 1

    allow(scene, **more)

    assert retry(scene, receipt) == {"status": "succeeded", "state": "active"}
    assert len(scene.calls("change_user")) == 2
    assert (scene.mailbox() or {})["quota_bytes"] == 25 << 30


def test_a_plan_over_the_maximum_leaves_the_mailbox_as_it_is(scene: Scene) -> None:
    scene.do("create", password=PASSWORD, plan="basic")
    allow(scene, quota_maximum=2048)
    receipt = scene.do("change_plan", plan="large")
    assert (receipt["status"], receipt["error"]["code"]) == ("failed", "refused")
    assert (scene.mailbox() or {})["quota_bytes"] == 1 << 30


def test_the_wrong_cluster_pauses_the_account_and_loses_nothing(scene: Scene) -> None:
    scene.sim.control(
        "/accounts",
        {
            "uid": "reseller",
            "token": None,
            "environment": "test",
            "allow": ["127.0.0.1"],
            "hosted_user": "admin@reseller.example",
            "hosted_password": HOSTED_PASSWORD,
            "cluster": "b",
        },
    )
    receipt = scene.hook("create", password=PASSWORD)
    scene.work(60)
    (account,) = scene.service.account_state.account_states()
    assert scene.job(receipt)["status"] == "queued" and account["paused"] == "credentials"
    assert "is your cluster's" in account["detail"]
    assert scene.calls("change_user") == []


def test_answers_in_another_form_are_read(scene: Scene) -> None:
    scene.sim.control("/settings", {"hosted_forms": "text"})
    for action, data in (
        ("create", LARGE),
        ("suspend", {}),
        ("unsuspend", {}),
        ("change_plan", {"plan": "basic"}),
        ("terminate", {}),
    ):
        receipt = scene.do(action, **data)
        assert receipt["status"] == "succeeded", (action, receipt["error"])
    assert len(scene.calls("change_user")) == 4


def test_a_name_that_this_api_refuses_is_said_and_nothing_is_made(scene: Scene) -> None:
    receipt = scene.do("create", address="john.@example.com", **LARGE)
    assert (receipt["status"], receipt["error"]["code"]) == ("failed", "refused")
    assert "user: not a valid mailbox name" in detail(scene, receipt)
    assert scene.mailbox("john.@example.com") is None
    assert len(scene.calls("change_user")) == 1
