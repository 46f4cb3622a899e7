"""Billing's list: what people and programs write is read, and what cannot be is told at once,
line by line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.reconcile.service_list import Claim, ServiceList, Unreadable, read
from hooks import PLATFORMS

STANDARD = PLATFORMS["standard"]
TWO = (Claim("1042", "ann@example.com"), Claim("1043", "bob@example.com"))


def faults(content: str | bytes, platform: str = "standard") -> list[tuple[int, str]]:
    with pytest.raises(Unreadable) as caught:
        read(content.encode() if isinstance(content, str) else content, PLATFORMS[platform])
    return list(caught.value.faults)


@pytest.mark.parametrize(
    "content",
    [
        "service_id,address\n1042,ann@example.com\n1043,bob@example.com\n",
        "service_id,address\r\n1042,ann@example.com\r\n1043,bob@example.com",
        "service_id;address\r\n1042;ann@example.com\r\n1043;bob@example.com\r\n",
        "service_id\taddress\n1042\tann@example.com\n1043\tbob@example.com\n",
        "\ufeffservice_id,address\n1042,ann@example.com\n1043,bob@example.com\n",
        '"service_id","address"\n"1042","ann@example.com"\n"1043","bob@example.com"\n',
        "Address, Service ID\n Ann@Example.com , 1042\n\n,,\nbob@example.com,1043,,\n",
        "\n\nservice_id,address,plan\n1042,ann@example.com,\n1043,bob@example.com\n",
    ],
)
def test_whatever_a_program_writes_is_read(content: str) -> None:
    assert read(content.encode(), STANDARD) == ServiceList(TWO)


def test_a_plan_is_read_and_other_columns_are_named() -> None:
    roster = read(
        b"service_id,domainstatus,address,plan\n1,Active,ann@example.com,large\n", STANDARD
    )
    assert roster == ServiceList((Claim("1", "ann@example.com", "large"),), ("domainstatus",))


def test_a_customer_is_read_and_an_empty_cell_is_none() -> None:
    roster = read(
        b"service_id,address,customer_id\n1,ann@example.com, 15 \n2,bob@example.com,\n", STANDARD
    )
    assert roster == ServiceList(
        (Claim("1", "ann@example.com", customer_id="15"), Claim("2", "bob@example.com"))
    )


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        ("", 1, "The file is empty. The first line must name the columns: service_id,address or"),
        ("\n\n", 1, "The file is empty."),
        ("id,address\n1,a@example.com\n", 1, "The column service_id is missing."),
        ("1042,ann@example.com\n", 1, "The column address is missing."),
        ("service_id,address,address\n", 1, "The column address appears twice."),
        ("service_id,address\n", 1, "There are no lines below the header."),
        ("service_id,address\n1,a@example.com,x\n", 2, "3 fields, but the header names 2."),
        ('service_id,address\n1,"a@example.com\n', 2, "Not valid CSV"),
        ('"service_id,address\n', 1, "Not valid CSV"),
        ('service_id,"address"x\n1,a@example.com\n', 1, "Not valid CSV"),
        ("service_id,address\n1,\n", 2, "address: "),
        ("service_id,address\n,a@example.com\n", 2, "service_id: "),
        ("service_id,address\n1,ann\n", 2, "Send one like john@example.com."),
        (
            f"service_id,address,customer_id\n1,a@example.com,{'x' * 65}\n",
            2,
            "customer_id: Wrong length",
        ),
        (
            "service_id,address,customer_id,customer_id\n",
            1,
            "The column customer_id appears twice.",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_line_and_what_to_do(
    content: str, line: int, words: str
) -> None:
    result = faults(content)
    assert any(number == line and words in sentence for number, sentence in result), result


def test_every_fault_is_told_at_once() -> None:
    content = (
        "service_id,address\n1,ann\n2,bob@example.com\n2,cid@example.com\n3,Bob@example.com\n,x\n"
    )
    assert [number for number, _ in faults(content)] == [2, 4, 5, 6, 6]


def test_an_id_and_an_address_that_stand_there_twice_are_named_with_both_lines() -> None:
    result = faults("service_id,address\n1,ann@example.com\n2,ANN@example.com\n1,bob@example.com\n")
    assert [(number, sentence.partition(":")[0]) for number, sentence in result] == [
        (3, "address ann@example.com is already on line 2"),
        (4, "service_id 1 is already on line 2"),
    ]


def test_ids_are_held_to_the_rule_of_the_platform() -> None:
    content = "service_id,address\nbox-7,ann@example.com\na77,bob@example.com\n"
    assert read(content.encode(), STANDARD).claims[0].service_id == "box-7"
    ((line, sentence),) = faults(content, "whmcs")
    assert (line, "Send the number of the service" in sentence) == (2, True)


@pytest.mark.parametrize(
    "content",
    ["service_id,address\n1,j\xf6rg@example.com".encode("latin-1"), "a,b".encode("utf-16")],
)
def test_another_encoding_is_told_with_the_remedy(content: bytes) -> None:
    assert faults(content) == [(1, 'The file is not in UTF-8. Save it as "CSV UTF-8".')]


def test_no_fault_repeats_what_may_be_a_password() -> None:
    result = faults(
        (
            "service_id,address\nann@example.com,Planted-Secret.7\nPlanted "
            "Secret,ann\n1,a@b.com,Planted-Secret.7\n"
        ),
        "whmcs",
    )
    assert len(result) == 5
    assert "Planted" not in repr(result)


@given(st.binary(), st.booleans())
def test_whatever_comes_it_is_read_or_told(content: bytes, headed: bool) -> None:
    try:
        read(b"service_id,address\n" + content if headed else content, STANDARD)
    except Unreadable as error:
        assert all(number >= 1 and sentence for number, sentence in error.faults)


def test_a_service_with_seats_has_several_mailboxes() -> None:
    content = (
        b"service_id,address,seats\n7,ann@example.com,5\n7,bob@example.net,5\n8,cat@example.com,\n"
    )
    assert read(content, STANDARD).claims == (
        Claim("7", "ann@example.com", seats=5),
        Claim("7", "bob@example.net", seats=5),
        Claim("8", "cat@example.com"),
    )


@pytest.mark.parametrize("second", ["", "4"])
def test_a_service_with_several_mailboxes_says_its_seats_on_each_line(second: str) -> None:
    content = f"service_id,address,seats\n7,ann@example.com,5\n7,bob@example.net,{second}\n"
    ((line, sentence),) = faults(content)
    assert line == 3 and "the same number in the column seats" in sentence


@pytest.mark.parametrize("seats", ["0", "100001", "-1", "1.5", "many", "٣"])
def test_seats_are_a_whole_number_in_bounds(seats: str) -> None:
    ((line, sentence),) = faults(f"service_id,address,seats\n7,ann@example.com,{seats}\n")
    assert line == 2 and sentence.startswith("seats: Not a whole number from 1 to")
