"""The hosted-email API's bytes."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.backends.hosted_email import wire
from bridge.backends.hosted_email.backend import whole
from bridge.domain.errors import BridgeError, MalformedReply
from bridge.domain.model import Forwarding

USER = {
    "success": True,
    "attributes": {
        "service_imap4": "Suspended",
        "service_pop3": "disabled",
        "quota": "5",
        "password": "planted",
    },
    "metadata": {"quota": {"bytes_max": 10, "bytes_used": "3"}, "status": "active"},
}


def decode(document: object, **more) -> wire.Result:
    return wire.decode(json.dumps(document).encode(), **more)


def test_credentials_go_in_the_body():
    password = "p\N{LATIN SMALL LETTER E WITH ACUTE}"
    assert json.loads(wire.encode("admin", password, {"user": "a@example.com"})) == {
        "credentials": {
            "user": "admin",
            "password": "p\N{LATIN SMALL LETTER E WITH ACUTE}",
            "client": "enom-bridge",
        },
        "user": "a@example.com",
    }


def test_a_user_is_read():
    result = decode(USER)
    assert result.user == wire.User({"imap": "suspended", "pop": "disabled"}, 10, 3)
    assert "planted" not in repr(result)


@pytest.mark.parametrize("metadata", [None, {}, []])
def test_a_user_without_metadata_is_absent(metadata):
    assert decode({**USER, "metadata": metadata}).user is None


@pytest.mark.parametrize("status", ["deleted", "Deleted"])
def test_a_user_that_is_kept_after_its_deletion_is_absent(status):
    assert decode({**USER, "metadata": {**USER["metadata"], "status": status}}).user is None
    assert decode({**USER, "metadata": {**USER["metadata"], "status": "active"}}).user


@pytest.mark.parametrize(
    ("shown", "read"),
    [
        (1700000000, 1.7e9),
        ("1700000000", 1.7e9),
        *((other, None) for other in ("2023-11-14", None, [], 1700000000000, "", -1)),
    ],
)
def test_a_time_of_creation_in_another_form_is_none(shown, read):
    user = decode({**USER, "metadata": {**USER["metadata"], "createtime": shown}}).user
    assert user.made_at == read


@pytest.mark.parametrize(
    ("shown", "read"),
    [
        ({}, ()),
        ({"aliases": []}, ()),
        ({"aliases": None}, ()),
        ({"aliases": ["Info", "b@Example.com"]}, ("Info", "b@Example.com")),
        *(({"aliases": other}, None) for other in ({"a": 1}, [1], "info", 7)),
    ],
)
def test_aliases_in_another_form_are_not_shown(shown, read):
    user = decode({**USER, "attributes": {**USER["attributes"], **shown}}).user
    assert user.aliases == read


OUT = ["b@example.org", "A@example.org"]


@pytest.mark.parametrize(
    ("shown", "read"),
    [
        ({}, Forwarding()),
        ({"delivery_forward": False, "forward_recipients": OUT}, Forwarding()),
        ({"delivery_forward": True, "forward_recipients": OUT}, Forwarding.of(OUT, True)),
        (
            {"delivery_forward": "1", "forward_recipients": OUT, "delivery_local": "0"},
            Forwarding.of(OUT, False),
        ),
        ({"delivery_forward": 1, "forward_recipients": [], "delivery_local": 0}, Forwarding()),
        ({"delivery_forward": "maybe", "forward_recipients": OUT}, None),
        ({"delivery_forward": True, "forward_recipients": {"a": 1}}, None),
        ({"delivery_local": []}, None),
    ],
)
def test_a_forwarding_is_read_with_its_switches_or_not_at_all(shown, read):
    user = decode({**USER, "attributes": {**USER["attributes"], **shown}}).user
    assert user.forwarding == read


def test_aliases_are_whole_addresses_of_the_mailboxs_domain():
    names = ("Info", "b@example.com", "c@bücher.example")
    assert whole(names, "xn--bcher-kva.example") == (
        "b@example.com",
        "c@xn--bcher-kva.example",
        "info@xn--bcher-kva.example",
    )


def test_a_quota_is_also_found_among_the_attributes():
    assert decode({**USER, "metadata": {"status": "active"}}).user.quota == 5


def test_a_no_is_read_without_what_was_sent():
    result = decode(
        {"success": False, "error": "wrong: s&cret", "error_number": "1"}, secrets=["s&cret"]
    )
    assert (result.success, result.number, result.text, result.user) == (
        False,
        1,
        "wrong: ***",
        None,
    )


YES, NO = (True, 1, "true", "1"), (False, 0, "false", "0")


@pytest.mark.parametrize("success", [*YES, *NO])
def test_each_documented_way_to_say_yes_or_no_is_read(success):
    said = decode({**USER, "success": success, "users": [{"user": "jane"}], "total_count": 1})
    reported = (said.success, said.user is not None, len(said.listed), said.total)
    assert reported == ((True, True, 1, 1) if success in YES else (False, False, 0, None))


@pytest.mark.parametrize("success", [None, 2, -1, "", "True", "yes", "XX", [], {}])
def test_what_is_neither_yes_nor_no_is_garbled(success):
    with pytest.raises(
        MalformedReply, match=r"^The hosted-email answer does not say whether it succeeded\.$"
    ):
        decode({**USER, "success": success})


def test_texts_that_are_none_are_empty_and_a_number_is_bounded():
    result = decode({"success": False, "error": 5, "token": 5, "error_number": "1" * 30})
    assert (result.text, result.token, result.number) == ("", "", int("1" * 18))
    assert decode({"success": False, "error_number": ""}).number is None


def test_what_is_garbled_is_named():
    for document, fault in (
        ([], "undocumented format"),
        ({"success": True, "users": 5}, "undocumented format"),
        ({"success": True, "users": [{}]}, "without its name"),
        ({**USER, "attributes": {"service_imap4": "x"}}, "not documented"),
        ({"success": False, "error_number": {}}, "no number where one is expected"),
    ):
        with pytest.raises(MalformedReply, match=rf"^The hosted-email answer .*{fault}"):
            decode(document)
    with pytest.raises(MalformedReply, match="is not JSON"):
        wire.decode(b"{")


def test_a_token_is_not_shown():
    result = decode({"success": True, "token": "planted-token"})
    assert result.token == "planted-token"
    assert "planted" not in repr(result)


def test_a_list_is_read():
    rows = [
        {"user": "John@example.com", "status": "Suspended", "type": "mailbox"},
        {"user": "jane", "id": "7"},
    ]
    result = decode({"success": True, "users": rows, "count": 2, "total_count": "3"})
    assert (result.listed, result.total) == (
        (wire.ListLine("john", "suspended", "mailbox"), wire.ListLine("jane", "", "", "7")),
        3,
    )


@pytest.mark.parametrize("users", ["john", {"user": "john"}, [7], [{}], [{"user": "@example.com"}]])
def test_a_list_of_another_shape_is_garbled(users):
    with pytest.raises(MalformedReply):
        decode({"success": True, "users": users, "total_count": 1})


@pytest.mark.parametrize(
    "body", [b'\xef\xbb\xbf{"success": true}', b'{"success": 1, "server": "\xae"}']
)
def test_any_way_to_write_letters_is_read(body):
    assert wire.decode(body).success


@pytest.mark.parametrize(
    "document",
    [
        [],
        {},
        {"success": "perhaps"},
        {"success": []},
        {**USER, "attributes": [1]},
        {**USER, "metadata": "x"},
        {**USER, "metadata": {"quota": 5}},
        {**USER, "metadata": {"quota": {"bytes_max": "many"}}},
        {**USER, "metadata": {"quota": {"bytes_max": -1}}},
        {**USER, "attributes": {"service_imap4": "off"}},
        {**USER, "attributes": {"service_imap4": ["enabled"]}},
        {"success": False, "error_number": True},
        {"success": False, "error_number": 1.5},
    ],
)
def test_another_shape_is_garbled(document):
    with pytest.raises(MalformedReply):
        decode(document)


@pytest.mark.parametrize(
    "body", [b"", b"<html/>", b"[" * 200_000, b'{"success": ' + b"9" * 5000 + b"}", b"\xff"]
)
def test_anything_else_is_garbled(body):
    with pytest.raises(MalformedReply) as caught:
        wire.decode(body)
    assert caught.value.__context__ is None


@given(st.binary())
def test_whatever_comes_only_our_errors_leave(body):
    with pytest.raises(BridgeError):
        wire.decode(body)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["quota", "bytes_max", "service_imap4", "user"]), inner)
    ),
    max_leaves=10,
)


@given(
    st.dictionaries(
        st.sampled_from(
            [*"success error error_number attributes metadata token users total_count".split()]
        ),
        VALUES,
    ),
    st.sampled_from([True, False, 1, "1"]),
)
def test_whatever_shape_comes_only_our_errors_leave(document, success):
    try:
        result = decode({**document, "success": success})
    except BridgeError as error:
        assert isinstance(error, MalformedReply)
    else:
        assert isinstance(result.success, bool)


@pytest.mark.parametrize(
    "change",
    [
        lambda body: body + b"\x00",
        lambda body: body + b"\x00\r\n",
        lambda body: b"\xef\xbb\xbf" + body,
        lambda body: body.replace(b"planted", b"a\x1fb\nc"),
        lambda body: body.replace(b"planted", b"a\xc3(b"),
        lambda body: body.replace(b"planted", b"caf\xe9 \xc3\xbc"),
    ],
)
def test_one_odd_character_keeps_nobody_from_being_read(change):
    assert wire.decode(change(json.dumps(USER).encode())) == decode(USER)


def test_what_is_no_json_is_told_with_its_place_and_nothing_of_its_text():
    body = json.dumps(USER, indent=1).encode().replace(b"planted", b'pl"anted')
    with pytest.raises(
        MalformedReply, match=r"^The hosted-email answer is not JSON at line 7, column 19\.$"
    ) as caught:
        wire.decode(body)
    assert caught.value.__context__ is None


def test_a_name_that_cannot_be_read_is_nobodys():
    with pytest.raises(MalformedReply, match="under a name that cannot be read"):
        wire.decode(b'{"success": true, "users": [{"user": "jo\x1fhn@example.com"}]}')
