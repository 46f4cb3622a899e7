"""The words of the middle."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from bridge.domain.errors import CODES, BridgeError, RefusalUnproven, Refused
from bridge.domain.model import MONEY, Address, Change, ChangeKind, Record, to_rfc3339


def test_an_address_reads_back_as_it_was_written() -> None:
    assert str(Address.parse("john.doe@xn--bcher-kva.example")) == "john.doe@xn--bcher-kva.example"


def test_times_are_told_in_utc_and_whole_seconds() -> None:
    assert to_rfc3339(0.9) == "1970-01-01T00:00:00Z"
    assert (
        to_rfc3339(datetime(2027, 1, 1, 2, tzinfo=timezone(timedelta(hours=2))))
        == "2027-01-01T00:00:00Z"
    )
    assert to_rfc3339(datetime(2027, 1, 1, tzinfo=UTC)) == "2027-01-01T00:00:00Z"


def test_a_mailbox_belongs_to_one_source_and_one_service() -> None:
    record = Record("shop", "7")
    assert record.owned_by("shop", "7")
    assert not record.owned_by("shop", "8")
    assert not record.owned_by("other", "7")
    assert not Record().owned_by("shop", "7")


def test_only_purchases_spend_money() -> None:
    assert (
        {kind for kind in ChangeKind if Change(kind).spends}
        == MONEY
        == {ChangeKind.BUY, ChangeKind.RENEW}
    )


def test_an_error_knows_its_code_and_its_sentence() -> None:
    assert Refused().detail == CODES["refused"]
    with pytest.raises(KeyError):
        BridgeError(code="no_such_code")


def test_a_doubted_no_keeps_the_no() -> None:
    no = Refused("full", code="pak_full", remote={"number": "315271"})
    doubt = RefusalUnproven(no)
    assert (doubt.refusal, doubt.code, doubt.remote) == (no, "pak_full", {"number": "315271"})
