"""Sealed texts and keyed digests: one key per purpose, and rotation without loss."""

import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.digests import key_id
from bridge.domain.ports import Forgotten
from bridge.infra.crypto import Purpose, Sealer, Unsealable

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


def test_resealing_leaves_what_is_under_the_newest_key_and_gives_the_rest_under_it() -> None:
    again = both.reseal(Purpose.PASSWORD, old.seal(Purpose.PASSWORD, "text"))

    assert again is not None and new.open(Purpose.PASSWORD, again) == "text"
    assert both.reseal(Purpose.PASSWORD, again) is None
    with pytest.raises(Unsealable):
        new.reseal(Purpose.PASSWORD, old.seal(Purpose.PASSWORD, "text"))


@given(st.text())
def test_no_text_opens_or_raises_anything_else(token: str) -> None:
    with pytest.raises(Unsealable):
        both.open(Purpose.PASSWORD, token)


def test_a_digest_is_made_with_the_newest_key_and_matched_with_every_key() -> None:
    digest = old.digest(Purpose.REQUEST, b"content")

    assert (
        both.digest(Purpose.REQUEST, b"content")
        == new.digest(Purpose.REQUEST, b"content")
        != digest
    )
    assert both.matches(Purpose.REQUEST, b"content", digest)
    assert both.matches(Purpose.REQUEST, b"content", both.digest(Purpose.REQUEST, b"content"))
    assert not new.matches(Purpose.REQUEST, b"content", digest)


def test_a_digest_names_its_key_so_that_one_that_is_gone_is_not_taken_for_another_content() -> None:
    digest = old.digest(Purpose.CONTENT, b"content")

    assert len(digest) <= 64, "the columns that hold it"
    assert [sealer.digests(Purpose.CONTENT, b"content").same(digest) for sealer in (old, both)] == [
        True,
        True,
    ]
    assert not both.digests(Purpose.CONTENT, b"other").same(digest)
    for content in (b"content", b"other"):
        with pytest.raises(Forgotten):
            new.digests(Purpose.CONTENT, content).same(digest)
    assert key_id(digest) == old.key_ids[0] == both.key_ids[0] != both.key_ids[1] == new.key_ids[0]


def test_a_digest_of_version_0_1_names_no_key_and_still_matches() -> None:
    bare = hmac.new(old.keys(Purpose.CONTENT, "digest")[0], b"content", "sha256").hexdigest()

    assert key_id(bare) is None and not new.digests(Purpose.CONTENT, b"content").same(bare)
    assert both.digests(Purpose.CONTENT, b"content").same(bare)
    assert both.matches(Purpose.CONTENT, b"content", bare)
    assert not new.matches(Purpose.CONTENT, b"content", bare)


@pytest.mark.parametrize(
    ("purpose", "content", "digest"),
    [
        (Purpose.CONTENT, b"content", both.digest(Purpose.REQUEST, b"content")),
        (Purpose.REQUEST, b"other", both.digest(Purpose.REQUEST, b"content")),
        (Purpose.REQUEST, b"content", ""),
        (Purpose.REQUEST, b"content", "ä\ud800"),
    ],
)
def test_a_digest_of_something_else_does_not_match(
    purpose: Purpose, content: bytes, digest: str
) -> None:
    assert not both.matches(purpose, content, digest)


def test_no_two_purposes_and_uses_share_a_key() -> None:
    keys = [
        key
        for purpose in Purpose
        for use in ("sign", "seal", "digest")
        for key in both.keys(purpose, use)
    ]

    assert len(set(keys)) == len(keys)
    assert {OLD, NEW}.isdisjoint(keys)


def test_keys_for_signing_come_oldest_first() -> None:
    assert both.keys(Purpose.LINK) == old.keys(Purpose.LINK) + new.keys(Purpose.LINK)


def test_there_is_no_sealing_without_a_key() -> None:
    with pytest.raises(ValueError, match="keys"):
        Sealer([])
