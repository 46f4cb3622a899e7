"""Whose a domain is: every way in which another customer, or this one, can be there already."""

import pytest

from bridge.domain.customers import REMEMBERED, RESERVED, Presence, objection
from bridge.domain.model import Address

NOW = 1_800_000_000.0
ME, OTHER, THIRD = "15", "11", "12"


def code(*present: Presence, local: str = "ceo", lifted: tuple[str, ...] = ()) -> str | None:
    error = objection(ME, Address(local, "example.com"), present, NOW, lifted)
    return error and error.code


@pytest.mark.parametrize(
    ("present", "plain", "reserved"),
    [
        ([], None, "reserved_name"),
        ([Presence(OTHER, has=True)], "domain_of_another", "domain_of_another"),
        ([Presence(OTHER, creates=True)], "domain_of_another", "domain_of_another"),
        ([Presence(OTHER, has=True), Presence(ME, has=True)], None, None),
        ([Presence(OTHER, creates=True), Presence(ME, has=True)], None, None),
        ([Presence(ME, has=True)], None, None),
        ([Presence(ME, creates=True)], None, "reserved_name"),
        (
            [Presence(ME, creates=True), Presence(OTHER, has=True)],
            "domain_of_another",
            "domain_of_another",
        ),
        ([Presence(OTHER, gone_at=NOW - REMEMBERED + 1)], "domain_of_another", "domain_of_another"),
        ([Presence(OTHER, gone_at=NOW - REMEMBERED)], None, "reserved_name"),
        ([Presence(ME, gone_at=NOW)], None, "reserved_name"),
        ([Presence(ME, gone_at=NOW), Presence(OTHER, gone_at=NOW - 1)], None, "reserved_name"),
        (
            [Presence(ME, gone_at=NOW - 1), Presence(OTHER, gone_at=NOW)],
            "domain_of_another",
            "domain_of_another",
        ),
        ([Presence(ME, gone_at=NOW), Presence(OTHER, gone_at=NOW)], None, "reserved_name"),
        (
            [Presence(ME, gone_at=NOW), Presence(OTHER, has=True, gone_at=NOW - 9)],
            "domain_of_another",
            "domain_of_another",
        ),
        ([Presence(OTHER)], None, "reserved_name"),
    ],
)
def test_who_is_there_decides(
    present: list[Presence], plain: str | None, reserved: str | None
) -> None:
    for order in (present, present[::-1]):
        assert code(*order) == plain
        assert {code(*order, local=local) for local in RESERVED} == {reserved}


def test_what_a_person_let_pass_passes_and_nothing_else() -> None:
    theirs = Presence(OTHER, has=True)
    assert code(theirs, lifted=("domain_of_another",)) is None
    assert (
        code(theirs, local="root", lifted=("domain_of_another",)) is None
    )  # the same question was asked of a person
    assert code(local="root", lifted=("reserved_name",)) is None
    assert (
        code(theirs, local="root", lifted=("reserved_name",)) == "domain_of_another"
    )  # that somebody else came is new
    assert code(theirs, lifted=("unsafe",)) == "domain_of_another"


def test_the_words_name_customers_and_no_address() -> None:
    many = [Presence(str(number), has=True) for number in range(21, 27)]
    error = objection(ME, Address("ceo", "example.com"), many, NOW)
    assert error is not None and error.detail == (
        "example.com has mailboxes of customers 21, 22, 23 and 3 more. This hook is for "
        "customer 15, who has no mailbox there."
    )
    gone = objection(ME, Address("root", "example.com"), [Presence(OTHER, gone_at=NOW)], NOW)
    assert gone is not None and gone.detail == (
        "The last mailboxes of example.com, deleted 2027-01-15T08:00:00Z, belonged to customer "
        "11. This hook is for "
        "customer 15, who has no mailbox there. root is also "
        "a name that proves control of a domain."
    )
