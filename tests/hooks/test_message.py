"""Strict JSON: one body, one meaning."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from platform_contract import PLANTED, json_values, verified

from hooks.errors import BadSignature, Invalid, Malformed
from hooks.message import DEEPEST, read_message
from hooks.types import Message


def nested(depth: int) -> bytes:
    """A body of `depth` objects and lists inside each other."""
    return b'{"data":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"


def test_type_timestamp_and_data_are_handed_on() -> None:
    body = {"type": "mailbox.create", "timestamp": 7, "data": {"a": [None, 1.5]}, "else": 1}
    assert read_message(verified(body)) == Message("mailbox.create", 7, {"a": [None, 1.5]})


@pytest.mark.parametrize("type", [None, 7, ["x"], "", "a b", "a\n", "x" * 65, "\ud800"])
def test_a_type_that_is_not_a_plain_name_is_empty(type: object) -> None:
    assert read_message(verified({"type": type})) == Message("", None, None)


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"{} {}", "not JSON"),
        (b"{'a': 1}", "not JSON"),
        (b'{"a": "line\nbreak"}', "not JSON"),
        (b'\xef\xbb\xbf{"a": 1}', "BOM"),
        (b'{"a": "\xff"}', "not UTF-8"),
        ('{"a": 1}'.encode("utf-16"), "not UTF-8"),
        (b'{"a": "\xed\xa0\x80"}', "not UTF-8"),
        (b"[]", "not an object"),
        (b'"x"', "not an object"),
        (b"null", "not an object"),
        (b'{"a": 1, "a": 1}', "same key twice"),
        (b'{"data": [{"a": {"b": 1, "\\u0062": 2}}]}', "same key twice"),
        (b'{"a": NaN}', "NaN"),
        (b'{"a": -Infinity}', "Infinity"),
        (b'{"a": 1e999}', "too large"),
        (b'{"a": ' + b"9" * 101 + b"}", "digits"),
        (b'{"a": -' + b"9" * 60_000 + b"}", "digits"),
        (nested(DEEPEST + 1), "inside each other"),
        (b"[" * 60_000, "inside each other"),
        (nested(30_000), "inside each other"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_can_be_read_in_two_ways_or_not_at_all_is_refused(body: bytes, fault: str) -> None:
    with pytest.raises(Malformed, match=fault):
        read_message(verified(body))


def test_the_deepest_allowed_body_is_read() -> None:
    assert read_message(verified(nested(DEEPEST))).data is not None


def test_a_number_of_a_hundred_digits_is_read() -> None:
    assert read_message(verified(b'{"data": ' + b"9" * 100 + b"}")).data == int("9" * 100)


def test_an_error_says_what_is_wrong_also_without_words_of_its_own() -> None:
    assert BadSignature().detail == (BadSignature.__doc__ or "").splitlines()[0]
    assert str(Invalid({"a": ["x", "y"], "b": ["z"]})) == "a: x y; b: z"


def test_a_refusal_does_not_carry_the_body() -> None:
    for body in (
        f'{{"password": "{PLANTED}"',
        f'{{"password": "{PLANTED}", "password": 1}}',
        f'{{"p": "{PLANTED}\xff"}}',
    ):
        with pytest.raises(Malformed) as caught:
            read_message(verified(body.encode("latin-1")))
        assert caught.value.__context__ is None
        assert PLANTED not in caught.value.detail


@given(
    st.binary()
    | st.text().map(lambda text: text.encode("utf-8", "surrogatepass"))
    | json_values.map(json.dumps).map(str.encode)
)
def test_nothing_but_malformed_comes_out(body: bytes) -> None:
    try:
        assert isinstance(read_message(verified(body)), Message)
    except Malformed as error:
        assert error.detail
