"""Both schemes against their published other sides, and against whatever a stranger sends."""

import base64
import hashlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import TimestampSigner
from platform_contract import KEY, NOW, SIGNERS, delivery
from standardwebhooks import Webhook

from hooks import signing
from hooks.errors import BadSignature
from hooks.types import Delivery, Verified

VECTOR_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
VECTOR_ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
VECTOR_TIME = 1614265330
VECTOR_BODY = b'{"test": 2432232314}'
VECTOR_SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

ids = st.text("ABCXYZabcxyz019_:-", min_size=1, max_size=128)
keys = st.binary(min_size=24, max_size=64)
times = st.integers(1, 2**33)


class TheirSigner(TimestampSigner):
    """itsdangerous's own signer as the contract sets it up, at a given time."""

    def __init__(self, secret: bytes, time: int) -> None:
        super().__init__(
            secret, salt="enom-bridge.hook", key_derivation="hmac", digest_method=hashlib.sha256
        )
        self.time = time

    def get_timestamp(self) -> int:
        return self.time


def standard(signature: str, **more: str) -> Delivery:
    headers = signing.sign("msg_1", NOW, b"{}", KEY) | {"webhook-signature": signature}
    return delivery(headers | {name.replace("_", "-"): value for name, value in more.items()})


def refused(one: Delivery, scheme: signing.Scheme = "standard") -> bool:
    with pytest.raises(BadSignature):
        signing.verify(one, [KEY], scheme, NOW)
    return True


def test_the_published_vector_is_signed_and_verified() -> None:
    key = signing.decode_secret(VECTOR_SECRET)
    headers = signing.sign(VECTOR_ID, VECTOR_TIME, VECTOR_BODY, key)
    assert headers["webhook-signature"] == VECTOR_SIGNATURE
    one = delivery(headers, VECTOR_BODY)
    assert signing.verify(one, [key], "standard", VECTOR_TIME) == Verified(
        VECTOR_ID, VECTOR_TIME, VECTOR_BODY, 0
    )


@given(keys, ids, st.text(st.characters(codec="utf-8")))
def test_the_published_package_verifies_ours_and_we_verify_its(
    key: bytes, id: str, body: str
) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    package, epoch = Webhook(key), int(now.timestamp())
    ours = signing.sign(id, epoch, body.encode(), key)
    package.verify(body.encode(), ours, json_parse=False)
    theirs = ours | {"webhook-signature": package.sign(id, now, body)}
    assert signing.verify(delivery(theirs, body.encode()), [key], "standard", epoch).key_index == 0


@given(keys, ids, times, st.binary())
def test_itsdangerous_accepts_ours_and_we_accept_its(
    key: bytes, id: str, time: int, body: bytes
) -> None:
    value = id.encode() + b"." + body
    signed = TheirSigner(key, time).sign(value)
    tail = signed[len(value) + 1 :].decode()
    ours = signing.sign_itsdangerous(id, time, body, key)
    assert ours == {"webhook-id": id, "x-signature": tail}
    assert (
        TheirSigner(key, time).unsign(value + b"." + ours["x-signature"].encode(), max_age=0)
        == value
    )
    assert signing.verify(delivery(ours, body), [key], "itsdangerous", time) == Verified(
        id, time, body, 0
    )


def test_one_right_signature_among_others_is_enough() -> None:
    right = signing.sign("msg_1", NOW, b"{}", KEY)["webhook-signature"]
    for others in (
        "v1a,AAAA " + right,
        right + " v1,AAAA",
        "nonsense " + right + "  ,",
        " ".join(["v1,x"] * 15 + [right]),
    ):
        assert signing.verify(standard(others), [KEY], "standard", NOW).id == "msg_1"


@pytest.mark.parametrize(
    "edit",
    [str.swapcase, lambda s: s[3:], lambda s: "v1a" + s[2:], lambda s: s[:-1], lambda s: s + "="],
)
def test_an_altered_signature_is_refused(edit: object) -> None:
    assert callable(edit)
    assert refused(standard(edit(signing.sign("msg_1", NOW, b"{}", KEY)["webhook-signature"])))


def test_long_headers_and_many_entries_are_refused() -> None:
    right = signing.sign("msg_1", NOW, b"{}", KEY)["webhook-signature"]
    assert refused(standard(" ".join(["v1,x"] * 16 + [right])))
    assert refused(standard(" " * 16 + right))
    assert refused(standard(right + " " + "x" * 4096))
    assert refused(standard(right, webhook_id="x" * 129))


@pytest.mark.parametrize(
    "time",
    ["", "-1", "+1795368420", " 1795368420", "1795368420.0", "1e9", "٣", "9" * 13, "NaN", "1_0"],
)
def test_a_timestamp_is_ascii_digits(time: str) -> None:
    digest = base64.b64encode(hashlib.sha256(time.encode()).digest()).decode()
    with pytest.raises(BadSignature, match="webhook-timestamp"):
        signing.verify(standard("v1," + digest, webhook_timestamp=time), [KEY], "standard", NOW)


@pytest.mark.parametrize("id", ["", "a.b", "a b", "é", "a\n", "x" * 129])
def test_an_id_that_is_not_plain_is_neither_signed_nor_read(id: str) -> None:
    for scheme, sign in SIGNERS.items():
        with pytest.raises(ValueError, match="webhook-id"):
            sign(id, NOW, b"{}", KEY)
        with pytest.raises(BadSignature, match="webhook-id"):
            signing.verify(
                delivery(sign("x", NOW, b"{}", KEY) | {"webhook-id": id}), [KEY], scheme, NOW
            )


def test_the_end_of_a_body_cannot_be_moved_into_the_signature() -> None:
    whole = signing.sign_itsdangerous("msg_1", NOW, b"a.b", KEY)
    moved = delivery(whole | {"x-signature": "b." + whole["x-signature"]}, b"a")
    with pytest.raises(BadSignature, match="missing or malformed"):
        signing.verify(moved, [KEY], "itsdangerous", NOW)


def test_a_signed_time_beyond_all_calendars_is_refused() -> None:
    for time in (2**64, 2**72 - 1):
        assert refused(
            delivery(signing.sign_itsdangerous("msg_1", time, b"{}", KEY)), "itsdangerous"
        )


def test_who_holds_the_secret_is_told_in_the_log_how_far_the_clock_is_off() -> None:
    with pytest.raises(BadSignature, match=r"^Signed 400 s off this clock, 300 s are allowed\."):
        signing.verify(
            delivery(signing.sign("msg_1", NOW - 400, b"{}", KEY)), [KEY], "standard", NOW
        )


def test_a_time_in_no_base64_is_named() -> None:
    tail = signing.sign_itsdangerous("msg_1", NOW, b"{}", KEY)["x-signature"].partition(".")[2]
    with pytest.raises(BadSignature, match="time in x-signature"):
        signing.verify(
            delivery({"webhook-id": "msg_1", "x-signature": f"A.{tail}"}),
            [KEY],
            "itsdangerous",
            NOW,
        )


def test_one_scheme_ignores_the_headers_of_the_other() -> None:
    assert refused(delivery(signing.sign("msg_1", NOW, b"{}", KEY)), "itsdangerous")
    assert refused(delivery(signing.sign_itsdangerous("msg_1", NOW, b"{}", KEY)), "standard")


@given(
    st.dictionaries(
        st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature", "x-signature"]),
        st.text()
        | st.sampled_from(
            ["msg_1", str(NOW), "v1,", "v1,,", VECTOR_SIGNATURE, "a." + "b" * 43, "\udcff"]
        ),
    ),
    st.binary(),
    st.sampled_from(["standard", "itsdangerous"]),
)
def test_nothing_but_bad_signature_comes_out(
    headers: dict[str, str], body: bytes, scheme: signing.Scheme
) -> None:
    assert refused(delivery(headers, body), scheme)


@given(keys)
def test_a_new_secret_decodes_to_what_it_was_made_of(key: bytes) -> None:
    assert signing.decode_secret(signing.new_secret(key)) == key


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "starts with whsec_"),
        (VECTOR_SECRET[6:], "starts with whsec_"),
        (VECTOR_SECRET[:-1], "standard base64"),
        ("whsec_" + "-_" * 16, "standard base64"),
        ("whsec_" + "é" * 32, "standard base64"),
        ("whsec_" + base64.b64encode(b"x" * 23).decode(), "24 to 64 bytes .* 23"),
        ("whsec_" + base64.b64encode(b"x" * 65).decode(), "24 to 64 bytes .* 65"),
    ],
)
def test_an_unusable_secret_is_refused_without_being_repeated(text: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault) as caught:
        signing.decode_secret(text)
    assert not text or text not in str(caught.value)


def test_a_new_secret_needs_enough_randomness() -> None:
    with pytest.raises(ValueError, match="24 to 64 bytes"):
        signing.new_secret(b"x" * 23)
