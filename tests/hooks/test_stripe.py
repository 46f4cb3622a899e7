"""Stripe: its webhooks against the suite, its own library against ours, statuses and the map."""

import json
from collections.abc import Mapping
from typing import Any, get_args

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st
from platform_contract import json_values
from webhook_contract import NOW, WebhookContract

from hooks import PLATFORMS, signing, subscriptions
from hooks import stripe as platform
from hooks.errors import BadSignature, HookError, Invalid
from hooks.stripe import api
from hooks.stripe.subscription import at
from hooks.types import Delivery, EventMap, Ignored, Message, Verified
from tests.support.webhooks import SIGNERS

MAP = EventMap({"plan": "metadata.plan"})
SECRET = "whsec_made_up_0123456789"
OLDER = "whsec_the_one_before_0123"


class TestStripe(WebhookContract):
    name = "stripe"


def subscription(**more: Any) -> dict[str, Any]:
    return {
        "id": "sub_1",
        "object": "subscription",
        "customer": "cus_1",
        "status": "active",
        "metadata": {"mailbox": "john@example.com", "plan": "basic"},
    } | more


def event(kind: str = "customer.subscription.updated", **more: Any) -> dict[str, Any]:
    return {
        "id": "evt_1",
        "object": "event",
        "type": kind,
        "created": NOW,
        "data": {"object": subscription(**more)},
    }


def verified(content: object) -> Verified:
    body = json.dumps(content).encode()
    delivery = Delivery("subs", SIGNERS["stripe"](body, NOW, SECRET), body, NOW)
    return signing.verify_webhook(delivery, [SECRET.encode()], platform.SCHEME, NOW)


def parsed(event_map: EventMap = MAP, **more: Any) -> Message | Ignored:
    return platform.parse(verified(event(**more)), event_map)


def read(event_map: EventMap = MAP, **more: Any) -> Any:
    message = parsed(event_map, **more)
    assert isinstance(message, Message)
    return platform.read(message, verified(event(**more)))


# Signatures: what Stripe's own library takes, the bridge takes, and the other way round


@pytest.mark.parametrize("secrets", [[SECRET], [OLDER, SECRET], [SECRET, OLDER]])
def test_stripes_library_and_ours_take_the_same(secrets: list[str]) -> None:
    body = json.dumps(event()).encode()
    for sample in (sample.body for sample in TestStripe().samples()):
        headers = SIGNERS["stripe"](sample, NOW, SECRET)
        assert stripe.WebhookSignature.verify_header(
            sample.decode(), headers["stripe-signature"], SECRET
        )
    signatures = ",".join(
        "v1=" + stripe.WebhookSignature._compute_signature(f"{NOW}.{body.decode()}", secret)
        for secret in secrets
    )
    found = signing.verify_webhook(
        Delivery("subs", {"stripe-signature": f"t={NOW},{signatures}"}, body, NOW),
        [SECRET.encode()],
        platform.SCHEME,
        NOW,
    )
    assert (found.id, found.timestamp) == ("evt_1", NOW)


@pytest.mark.parametrize(
    "header",
    [
        "t={now},v1=",
        "t={now}",
        "v1={good}",
        "t={now},v0={good}",
        "t={now},v1={good}x",
        "t={other},v1={good}",
        "t={now},t={now},v1={good}",
        "t={now};v1={good}",
    ],
)
def test_what_stripes_library_refuses_is_refused_here(header: str) -> None:
    body = json.dumps(event()).encode()
    good = stripe.WebhookSignature._compute_signature(f"{NOW}.{body.decode()}", SECRET)
    value = header.format(now=NOW, other=NOW + 1, good=good)
    if not header.startswith("t={now},t="):  # its library takes the last of two times
        with pytest.raises(stripe.SignatureVerificationError):
            stripe.WebhookSignature.verify_header(body.decode(), value, SECRET)
    with pytest.raises(BadSignature):
        delivery = Delivery("subs", {"stripe-signature": value}, body, NOW)
        signing.verify_webhook(delivery, [SECRET.encode()], platform.SCHEME, NOW)


def test_stripes_library_reads_what_the_samples_hold() -> None:
    for sample in TestStripe().samples():
        held = stripe.Event.construct_from(json.loads(sample.body), "sk_test_made_up")
        assert held.type and held.data.object


# Statuses


@pytest.mark.parametrize(("status", "meaning"), platform.STATUSES.items())
def test_a_status_means_what_the_table_says(status: str, meaning: str) -> None:
    found = parsed(status=status)
    if meaning == "nothing":
        assert isinstance(found, Ignored) and status in found.why
    else:
        assert isinstance(found, Message) and found.type == f"mailbox.{meaning}"


def test_stripe_documents_no_other_status() -> None:
    documented = get_args(get_args(stripe.Subscription.__annotations__["status"])[0])
    assert {*documented} == {*platform.STATUSES}


def test_a_source_may_say_otherwise() -> None:
    said = EventMap(when={"past_due": "suspend", "unpaid": "nothing", "paused": "terminate"})
    for status, action in (("past_due", "mailbox.suspend"), ("paused", "mailbox.terminate")):
        assert read(said, status=status).action == action
    assert isinstance(parsed(said, status="unpaid"), Ignored)


def test_a_status_that_nobody_knows_changes_nothing() -> None:
    assert isinstance(parsed(status="dormant"), Ignored)


@pytest.mark.parametrize("status", [None, 7, [], {"active": True}])
def test_what_is_no_status_is_refused(status: object) -> None:
    with pytest.raises(Invalid) as caught:
        read(status=status)
    assert "data.status" in caught.value.errors


@pytest.mark.parametrize(
    ("previous", "ours"),
    [
        ({"metadata": {"enom_bridge_status": None, "enom_bridge_address": None}}, True),
        ({"metadata": {"enom_bridge_status": "active", "plan": "basic"}}, False),
        ({"metadata": {"enom_bridge_status": "active"}, "status": "active"}, False),
        ({"metadata": {}}, False),
        ({"metadata": None}, False),
        ({}, False),
        (None, False),
        ([], False),
    ],
)
def test_an_event_of_nothing_but_our_own_notes_is_no_news(previous: object, ours: bool) -> None:
    content = event()
    content["data"]["previous_attributes"] = previous
    assert isinstance(platform.parse(verified(content), MAP), Ignored) is ours


# The map


def test_without_a_map_the_address_is_in_the_metadata_and_no_plan_is_named() -> None:
    found = read(EventMap())
    assert (found.address, found.customer_id, found.plan) == ("john@example.com", "cus_1", None)


def test_a_map_reaches_into_lists() -> None:
    items = {"data": [{"price": {"lookup_key": "large"}}]}
    said = EventMap({"plan": "items.data.0.price.lookup_key"})
    assert read(said, items=items).plan == "large"
    assert at(items, "data.1.price") is None and at(items, "data.x") is None


@pytest.mark.parametrize("metadata", [{}, {"mailbox": ""}, {"mailbox": None}, None, [], "mailbox"])
def test_what_names_no_mailbox_is_not_ours(metadata: object) -> None:
    found = parsed(metadata=metadata)
    assert isinstance(found, Ignored) and found.type == "customer.subscription.updated"


def test_what_is_mapped_and_not_found_is_refused_with_the_field() -> None:
    with pytest.raises(Invalid) as caught:
        read(metadata={"mailbox": "john@example.com"}, customer=None)
    assert {*caught.value.errors} == {"data.plan", "data.customer_id"}


def test_a_suspension_needs_no_plan() -> None:
    assert read(metadata={"mailbox": "john@example.com"}, status="unpaid").plan is None


@given(st.dictionaries(st.sampled_from(["id", "status", "metadata", "customer"]), json_values))
def test_whatever_a_subscription_holds_only_hook_errors_come_out(content: dict[str, Any]) -> None:
    try:
        read(**content)
    except (HookError, AssertionError) as error:
        if isinstance(error, AssertionError):
            assert isinstance(parsed(**content), Ignored)


# The API


def test_the_platform_offers_all_that_is_asked_of_it() -> None:
    assert subscriptions(PLATFORMS["stripe"]) is not None
    assert subscriptions(PLATFORMS["standard"]) is None


def test_calls_carry_the_key_in_a_header_alone() -> None:
    calls = [
        api.look("sub_1", "sk_test_1"),
        api.listing("", "sk_test_1"),
        api.listing("sub_1", "sk_test_1"),
        api.note("sub_1", {"status": "active", "error": ""}, "sk_test_1"),
        api.may_write("sk_test_1"),
    ]
    assert [call.path for call in calls] == [
        "/v1/subscriptions/sub_1",
        "/v1/subscriptions?status=all&limit=100",
        "/v1/subscriptions?status=all&limit=100&starting_after=sub_1",
        "/v1/subscriptions/sub_1",
        "/v1/subscriptions/sub_enom_bridge_asks",
    ]
    assert calls[3].body == (
        b"metadata%5Benom_bridge_status%5D=active&metadata%5Benom_bridge_error%5D="
    )
    for call in calls:
        assert call.headers["authorization"] == "Bearer sk_test_1"
        assert "sk_test_1" not in repr(call)


def test_an_id_cannot_lead_to_another_path() -> None:
    assert api.look("../customers?x", "sk_test_1").path == "/v1/subscriptions/..%2Fcustomers%3Fx"


@pytest.mark.parametrize("key", ["", "whsec_abc123456", "pk_test_1234", "sk_test_1 ", "sk_\n1234"])
def test_what_is_no_key_is_refused_without_repeating_it(key: str) -> None:
    with pytest.raises(ValueError) as caught:
        api.check_key(key)
    assert not key or key not in str(caught.value)


@pytest.mark.parametrize("key", ["sk_test_made1up", "rk_live_made1up"])
def test_a_key_is_taken(key: str) -> None:
    api.check_key(key)


def test_a_list_tells_how_it_goes_on() -> None:
    page: Mapping[str, Any] = {"data": [subscription(), subscription(id="sub_2")], "has_more": True}
    assert api.listed(json.dumps(page).encode())[1] == "sub_2"
    assert api.listed(json.dumps({**page, "has_more": False}).encode())[1] == ""
    assert api.listed(b'{"data": [], "has_more": false}') == ([], "")


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b"\xff", b'{"data": {}}', b'{"data": [1], "has_more": true}']
)
def test_an_answer_of_another_kind_is_no_answer(body: bytes) -> None:
    for reader in (api.seen, api.listed):
        with pytest.raises(ValueError):
            reader(body)
