"""What Enom's numbers become: every row of the tables, and the rule that only the certain is
refused."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.backends.enom import codes, wire
from bridge.backends.hosted_email import codes as hosted_codes
from bridge.backends.hosted_email import wire as hosted_wire
from bridge.domain.errors import (
    CODES,
    AccountFault,
    MalformedReply,
    NoFunds,
    OutcomeUnknown,
    RefusalUnproven,
    Refused,
    Unavailable,
)

IP_TEXT = "User not permitted from this IP address - 192.0.2.1"


def envelope(*numbers: str, errors: tuple[str, ...] = ("said",), **changes) -> wire.Envelope:
    pairs = tuple((number, f"text of {number}") for number in numbers)
    return wire.Envelope(
        **{
            "command": "DELETEPOP3",
            "err_count": 1,
            "errors": errors,
            "codes": pairs,
            "done": True,
            **changes,
        }
    )


def fault(*numbers: str, **changes):
    return codes.fault(envelope(*numbers, **changes), "DeletePOP3")


@pytest.mark.parametrize(
    ("numbers", "error", "code"),
    [
        (["304155"], AccountFault, "credentials"),
        (["400155"], AccountFault, "credentials"),
        (["713254"], AccountFault, "ip_not_allowed"),
        (["304155", "713254"], AccountFault, "ip_not_allowed"),
        (["524181"], NoFunds, "insufficient_funds"),
        (["514181"], NoFunds, "insufficient_funds"),
        (["719181"], NoFunds, "insufficient_funds"),
        (["507181"], OutcomeUnknown, "unclear"),
        (["618000"], Unavailable, "unavailable"),
        (["618000", "304286"], OutcomeUnknown, "unclear"),
        (["607299"], OutcomeUnknown, "unclear"),
        (["620397"], OutcomeUnknown, "unclear"),
        (["310299"], OutcomeUnknown, "unclear"),
        (["099999"], OutcomeUnknown, "unclear"),
        (["100000"], OutcomeUnknown, "unclear"),
        (["304156"], Refused, "password_rejected"),
        (["301156"], Refused, "password_rejected"),
        (["304286"], Refused, "refused"),
        (["304150"], Refused, "refused"),
        (["301151"], Refused, "domain_not_in_account"),
        (["304153"], Refused, "domain_not_in_account"),
        (["316153"], Refused, "domain_not_in_account"),
        (["316154"], Refused, "domain_not_in_account"),
        (["703380"], Refused, "domain_not_in_account"),
        (["302286"], RefusalUnproven, "not_ours"),
        (["315271"], RefusalUnproven, "pak_full"),
        (["317271"], RefusalUnproven, "purchase_needed"),
        (["316286"], RefusalUnproven, "not_found"),
        (["304286", "316286"], RefusalUnproven, "not_found"),
        (["313999"], RefusalUnproven, "refused"),
        (["720000"], OutcomeUnknown, "unclear"),
        ([], RefusalUnproven, "refused"),
        (["nonsense"], RefusalUnproven, "refused"),
        ([""], RefusalUnproven, "refused"),
    ],
)
def test_numbers_decide(numbers, error, code):
    found = fault(*numbers)
    assert (type(found), found.code) == (error, code)
    assert found.remote == {
        "number": ", ".join(numbers),
        "text": "; ".join(["said", *(f"text of {n}" for n in numbers)]),
    }


@pytest.mark.parametrize(
    ("errors", "code"),
    [
        ((IP_TEXT,), "ip_not_allowed"),
        (("Invalid client IP",), "ip_not_allowed"),
        ((IP_TEXT, "Bad User name or Password"), "ip_not_allowed"),
        (("Bad User name or Password",), "credentials"),
    ],
)
def test_the_documented_texts_decide_too(errors, code):
    assert fault(errors=errors).code == code
    assert fault("304155", errors=errors).code == (
        code if code == "ip_not_allowed" else "credentials"
    )


@pytest.mark.parametrize("text", ["Invalid Item specified", "something else", ""])
def test_other_texts_decide_nothing(text):
    assert type(fault(errors=(text,))) is RefusalUnproven


@pytest.mark.parametrize(
    "fields",
    [
        {"success": "True"},
        {"success": "1"},
        {"accountscreated": "1"},
        {"orderid": "5"},
        {"bundleid": "5"},
    ],
)
@pytest.mark.parametrize("number", ["304156", "713254", "524181", "618000", "302286"])
def test_an_answer_that_says_both_is_unclear(fields, number):
    assert type(fault(number, fields=fields)) is OutcomeUnknown


def test_an_answer_without_an_error_is_a_yes():
    assert fault(err_count=0, errors=()) is None


def test_an_answer_that_was_cut_off_is_no_yes():
    assert type(fault(err_count=0, done=False)) is OutcomeUnknown
    assert type(fault(err_count=None)) is MalformedReply
    assert type(fault(err_count=0, command="GETPOP3")) is MalformedReply


@pytest.mark.parametrize(
    "fields",
    [
        {"accountscreated": "0"},
        {"accountsmodified": "0"},
        {"accountsdeleted": "0"},
        {"bundlecount": "0"},
        {"success": "False"},
    ],
)
def test_a_yes_that_did_nothing_is_doubted(fields):
    assert isinstance(codes.hollow(envelope(err_count=0, fields=fields)), RefusalUnproven)
    assert codes.hollow(envelope(err_count=0, fields=dict.fromkeys(fields, "1"))) is None


@given(st.lists(st.from_regex(r"[0-9]{6}", fullmatch=True), max_size=3))
def test_refusals_are_certain_for_every_number(numbers):
    found = fault(*numbers)
    assert found.code in CODES
    if type(found) is Refused:
        certain = re.compile(r"3(01|03|04|05|06)\d{3}|316153|316154|703380")
        assert all(certain.fullmatch(number) for number in numbers)
    if type(found) is Unavailable:
        assert all(number.startswith("618") for number in numbers)


def test_every_code_of_the_tables_is_one_of_ours():
    tables = (
        codes.REFUSALS,
        codes.CALLER_CODES,
        codes.STATE_CODES,
        hosted_codes.REFUSALS,
        hosted_codes.STATE,
    )
    assert {code for table in tables for code in table.values()} <= set(CODES)
    assert all(type(fault(number)) is Refused for number in codes.REFUSALS)
    assert all(type(fault(number)) is RefusalUnproven for number in codes.STATE_CODES)


HOSTED = {
    **dict.fromkeys((0, 28, 29, 30), (OutcomeUnknown, "unclear")),
    **dict.fromkeys((20, 22, 25), (Unavailable, "unavailable")),
    **dict.fromkeys((1, 11, 32, 33, 35, 39, 42, 43, 44), (AccountFault, "credentials")),
    21: (AccountFault, "ip_not_allowed"),
    2: (RefusalUnproven, "not_found"),
    **dict.fromkeys((7, 8, 23), (RefusalUnproven, "not_ours")),
    **dict.fromkeys((3, 4, 45), (Refused, "conflict")),
    9: (Refused, "domain_not_in_account"),
    15: (Refused, "pak_full"),
    **dict.fromkeys((34, 36, 40, 48), (Refused, "password_rejected")),
    41: (RefusalUnproven, "refused"),
    99: (RefusalUnproven, "refused"),
}


@pytest.mark.parametrize("number", range(50))
def test_each_number_of_hosted_email_decides(number):
    found = hosted_codes.fault(hosted_wire.Result(False, number, "said"))
    assert (type(found), found.code) == HOSTED.get(
        number, (Refused, "refused") if number < 48 else (RefusalUnproven, "refused")
    )
    assert found.remote == {"number": str(number), "text": "said"}


def test_a_password_in_a_form_that_it_does_not_take_is_told_as_that():
    faulty = hosted_wire.decode(
        b'{"success": false, "error": "bad", "error_number": 6, "hints": {"password": "too long"}}'
    )
    found = hosted_codes.fault(faulty)
    assert (type(found), found.code, found.remote["text"]) == (
        Refused,
        "password_rejected",
        "bad (password: too long)",
    )


def test_a_no_without_a_number_is_doubted():
    assert type(hosted_codes.fault(hosted_wire.Result(False))) is RefusalUnproven
    assert hosted_codes.fault(hosted_wire.Result(True, 5)) is None


@pytest.mark.parametrize("number", [22, 25])
def test_a_few_minutes_are_waited(number):
    assert hosted_codes.fault(hosted_wire.Result(False, number)).retry_after == 90
