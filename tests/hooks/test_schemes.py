"""Every row of the table against what was made outside of this project, and against whatever a
stranger sends."""

import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hooks import signing
from hooks.errors import BadSignature, Stale, Unsigned
from hooks.schemes import WEBHOOK_SCHEMES, as_text
from hooks.types import Delivery, Verified
from tests.support.webhooks import SIGNERS

KEY = b"test-secret"
TIME = 1795368420
BODY = b'{"id":"1042","status":"active"}'
STRIPE = "d3718d7cf035997291b865bb9b903c0dd880d4456b5c3d555b6e57a0593b4dd6"
PADDLE = "ee15947ea93533abd1227e11e3bef7b74e27475b71b52be2ff37082451998394"
HOSTBILL = "37ddbb8ae24fa00885147e0422d82574c9f18396900aaa83cfa18fd40527d1ca"
OF_BODY = "bff22520e51ad1fb8cdc309848af89bc5360396834894063ac5c51786ca03830"

# Checked against what each platform publishes: Stripe's and Paddle's libraries for Python,
# HostBill's template and WooCommerce's class under PHP.
VECTORS = {
    "stripe": {"stripe-signature": f"t={TIME},v1={STRIPE}"},
    "paddle": {"paddle-signature": f"ts={TIME};h1={PADDLE}"},
    "hostbill": {"hb-timestamp": str(TIME), "hb-signature": HOSTBILL},
    "upmind": {"x-webhook-signature": OF_BODY},
    "woocommerce": {"x-wc-webhook-signature": "v/IlIOUa0fuM3DCYSK+JvFNgOWg0iUBjrFxReGygODA="},
}


def verify(name: str, headers: dict[str, str], body: bytes = BODY, now: float = TIME) -> Verified:
    delivery = Delivery("src", headers, body, now)
    return signing.verify_webhook(delivery, [KEY], WEBHOOK_SCHEMES[name], now)


def refused(headers: dict[str, str], name: str = "stripe") -> type[BadSignature]:
    with pytest.raises(BadSignature) as caught:
        verify(name, headers)
    return caught.type


@pytest.mark.parametrize("name", WEBHOOK_SCHEMES)
def test_the_vector_is_verified_and_the_signer_of_the_tests_makes_it(name: str) -> None:
    verified = verify(name, VECTORS[name])
    assert (verified.timestamp, verified.body, verified.key_index) == (TIME, BODY, 0)
    made = SIGNERS[name](BODY, TIME, KEY.decode())
    assert all(value in made[header] for header, value in VECTORS[name].items())


@pytest.mark.parametrize("name", WEBHOOK_SCHEMES)
def test_one_scheme_refuses_the_signature_of_another(name: str) -> None:
    for other, headers in VECTORS.items():
        if other != name:
            assert refused(headers, name) is Unsigned


def test_one_right_signature_among_several_is_enough() -> None:
    """While a platform changes its secret, it sends one of each."""
    wrong = "0" * 64
    for signatures in (
        f"v1={wrong},v1={STRIPE}",
        f"v1={STRIPE},v1={wrong}",
        f"v0={wrong},v1={STRIPE},v2=",
        "v1=," * 14 + f"v1={STRIPE}",
    ):
        assert verify("stripe", {"stripe-signature": f"t={TIME},{signatures}"}).timestamp == TIME
    assert verify("paddle", {"paddle-signature": f"h1={wrong};ts={TIME};h1={PADDLE}"})


def test_every_secret_and_every_entry_is_compared_whole_and_in_constant_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compared: list[tuple[str, str]] = []
    real = hmac.compare_digest
    monkeypatch.setattr(
        hmac, "compare_digest", lambda *both: (compared.append(both), real(*both))[1]
    )
    entries = ["0" * 64, STRIPE, "1"]
    value = ",".join([f"t={TIME}", *(f"v1={entry}" for entry in entries)])
    delivery = Delivery("src", {"stripe-signature": value}, BODY, TIME)
    keys = [b"one key before", KEY, b"and one after"]
    verified = signing.verify_webhook(delivery, keys, WEBHOOK_SCHEMES["stripe"], TIME)
    assert verified.key_index == 1
    assert [given for _, given in compared] == entries * 3
    assert [expected for expected, _ in compared[3:6]] == [STRIPE] * 3


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        (f"t={TIME}", Unsigned),
        (f"t={TIME},v0={STRIPE}", Unsigned),
        (f"v1={STRIPE}", Unsigned),
        (f"t={TIME},t={TIME},v1={STRIPE}", Unsigned),
        (f"t={TIME},v1={STRIPE}, t={TIME},v1={STRIPE}", None),  # as a server joins two headers
        (f"t=0{TIME},v1={STRIPE}", BadSignature),
        (f"t={TIME}.0,v1={STRIPE}", Unsigned),
        (f"t=-{TIME},v1={STRIPE}", Unsigned),
        (f"t=٣,v1={STRIPE}", Unsigned),
        (f"t={'9' * 13},v1={STRIPE}", Unsigned),
        (f"t=,v1={STRIPE}", Unsigned),
        (f"t={TIME};v1={STRIPE}", Unsigned),
        (f"t={TIME},V1={STRIPE}", Unsigned),
        (f"t={TIME},v1={STRIPE.upper()}", BadSignature),
        (f"t={TIME},v1={STRIPE[:-1]}", BadSignature),
        (f"t={TIME},v1=", BadSignature),
        (f"t={TIME}" + ",v1=0" * 15 + f",v1={STRIPE}", BadSignature),
        ("v1=" + "0" * 5000, Unsigned),
        ("t", Unsigned),
        ("", Unsigned),
    ],
)
def test_a_header_of_any_other_form_is_refused(
    header: str, kind: type[BadSignature] | None
) -> None:
    if kind is None:  # one time and one signature are right: that they stand there twice is no lie
        assert verify("stripe", {"stripe-signature": header}).timestamp == TIME
    else:
        assert refused({"stripe-signature": header}) is kind


def test_the_time_beside_the_signature_is_signed_too() -> None:
    assert refused(VECTORS["hostbill"] | {"hb-timestamp": str(TIME + 1)}, "hostbill")
    assert refused({"hb-signature": HOSTBILL}, "hostbill") is Unsigned
    moved = {"hb-timestamp": str(TIME)[:-1], "hb-signature": HOSTBILL}
    # No character separates the two: what moves from one to the other keeps the signature, and the
    # time is then one of 1975.
    with pytest.raises(Stale):
        verify("hostbill", moved, str(TIME)[-1:].encode() + BODY)


@pytest.mark.parametrize("off", [-301, 301, 300.001, 10**9])
@pytest.mark.parametrize("name", ["stripe", "paddle", "hostbill"])
def test_a_time_that_is_off_is_found_out_only_after_the_signature_was_right(
    name: str, off: float
) -> None:
    with pytest.raises(Stale, match="off this clock"):
        verify(name, VECTORS[name], now=TIME + off)
    with pytest.raises(BadSignature) as caught:
        verify(name, VECTORS[name], b"{}", TIME + off)
    assert caught.type is BadSignature


def test_the_body_names_the_event_where_the_platform_does_so() -> None:
    body = b'{"id": "evt_1", "event_id": "ntf_2", "webhook_event_id": "3"}'
    ids = {
        name: verify(name, SIGNERS[name](body, TIME, KEY.decode()), body).id
        for name in WEBHOOK_SCHEMES
    }
    assert (ids["stripe"], ids["paddle"], ids["upmind"]) == ("evt_1", "ntf_2", "3")
    for name in ("hostbill", "woocommerce"):
        assert ids[name].startswith("sha256_") and len(ids[name]) == 71


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b'{"id": null}',
        b'{"id": 7}',
        b'{"id": ""}',
        b'{"id": "a b"}',
        b'{"id": "a.b"}',
        b'{"id": "' + b"x" * 129 + b'"}',
        b'{"id": ["evt_1"]}',
        b'{"id": "evt_1", "id": "evt_2"}',
        b'["id"]',
        b"",
        b"\xff",
        b"[" * 50000,
    ],
)
def test_an_event_without_a_plain_id_is_known_by_what_was_signed(body: bytes) -> None:
    def id_at(time: int) -> str:
        return verify("stripe", SIGNERS["stripe"](body, time, KEY.decode()), body, time).id

    assert id_at(TIME).startswith("sha256_")
    assert id_at(TIME) == id_at(TIME)
    assert id_at(TIME) != id_at(TIME + 1)


@pytest.mark.parametrize(
    "secret", ["", " ", "short", "x" * 15, " " + "x" * 20, "x" * 20 + "\n", "x" * 20 + "\x00"]
)
def test_a_text_that_cannot_be_a_secret_is_refused_without_being_repeated(secret: str) -> None:
    with pytest.raises(ValueError, match="16 characters") as caught:
        as_text(secret)
    assert not secret.strip() or secret.strip() not in str(caught.value)


headers = st.dictionaries(
    st.sampled_from([name for vector in VECTORS.values() for name in vector]),
    st.text()
    | st.sampled_from([value for vector in VECTORS.values() for value in vector.values()])
    | st.text("tsvh1=,;0123456789", max_size=90),
)


@given(headers, st.binary(), st.sampled_from([*WEBHOOK_SCHEMES]))
def test_nothing_but_bad_signature_comes_out(
    headers: dict[str, str], body: bytes, name: str
) -> None:
    assert refused_of(headers, body, name)


def refused_of(headers: dict[str, str], body: bytes, name: str) -> bool:
    with pytest.raises(BadSignature):
        verify(name, headers, b"." + body)
    return True
