"""Sealed texts and keyed digests: one key per purpose, and rotation without loss."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.sealing import Purpose, Sealer, Unsealable

OLD, NEW = bytes(range(32)), bytes(range(32, 64))
old, new, both = Sealer([OLD]), Sealer([NEW]), Sealer([OLD, NEW])


def test_what_was_sealed_opens_for_the_same_purpose_only() -> None:
    token = both.seal(Purpose.PASSWORD, "pässword")

    assert "pässword" not in token
    assert both.open(Purpose.PASSWORD, token) == "pässword"
    with pytest.raises(Unsealable):
        both.open(Purpose.CONTENT, token)


def test_every_key_opens_and_the_last_one_seals() -> None:
    assert both.open(Purpose.PASSWORD, old.seal(Purpose.PASSWORD, "text")) == "text"
    assert new.open(Purpose.PASSWORD, both.seal(Purpose.PASSWORD, "text")) == "text"
    with pytest.raises(Unsealable):
        old.open(Purpose.PASSWORD, both.seal(Purpose.PASSWORD, "text"))


@given(st.text())
def test_no_text_opens_or_raises_anything_else(token: str) -> None:
    with pytest.raises(Unsealable):
        both.open(Purpose.PASSWORD, token)


def test_a_digest_is_made_with_the_newest_key_and_matched_with_every_key() -> None:
    digest = old.digest(Purpose.REQUEST, b"content")

    assert both.digest(Purpose.REQUEST, b"content") == new.digest(Purpose.REQUEST, b"content") != digest
    assert both.matches(Purpose.REQUEST, b"content", digest)
    assert both.matches(Purpose.REQUEST, b"content", both.digest(Purpose.REQUEST, b"content"))
    assert not new.matches(Purpose.REQUEST, b"content", digest)


@pytest.mark.parametrize(
    ("purpose", "content", "digest"),
    [
        (Purpose.CONTENT, b"content", both.digest(Purpose.REQUEST, b"content")),
        (Purpose.REQUEST, b"other", both.digest(Purpose.REQUEST, b"content")),
        (Purpose.REQUEST, b"content", ""),
        (Purpose.REQUEST, b"content", "ä\ud800"),
    ],
)
def test_a_digest_of_something_else_does_not_match(purpose: Purpose, content: bytes, digest: str) -> None:
    assert not both.matches(purpose, content, digest)


def test_no_two_purposes_and_uses_share_a_key() -> None:
    keys = [key for purpose in Purpose for use in ("sign", "seal", "digest") for key in both.keys(purpose, use)]

    assert len(set(keys)) == len(keys)
    assert {OLD, NEW}.isdisjoint(keys)


def test_keys_for_signing_come_oldest_first() -> None:
    assert both.keys(Purpose.LINK) == old.keys(Purpose.LINK) + new.keys(Purpose.LINK)


def test_there_is_no_sealing_without_a_key() -> None:
    with pytest.raises(ValueError, match="keys"):
        Sealer([])
