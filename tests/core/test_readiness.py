"""What DNS has to say for mail to arrive, and what is to be set where it does not."""

import pytest

from bridge.maildns.expected import ExpectedDns
from bridge.maildns.rules import Found, judge

ENOM = ExpectedDns(("hostedemail.com", "registeredsite.com"), ("_spf.hostedemail.com",))
MX = (10, "mx.example.com.cust.a.hostedemail.com")
SPF = "v=spf1 include:_spf.hostedemail.com ~all"
SET_MX = "example.com. MX 10 mx.example.com.cust.a.hostedemail.com."
SET_SPF = 'example.com. TXT "v=spf1 include:_spf.hostedemail.com ~all"'


@pytest.mark.parametrize(
    ("mx", "spf"),
    [
        ([MX], [SPF]),
        ([(0, "mx.example.com.cust.b.hostedemail.com")], [SPF]),
        ([(5, "inbound30.registeredsite.com")], [SPF]),
        ([MX, (20, "backup.example.net")], [SPF]),
        ([MX], ["v=spf1 ip4:192.0.2.1 +include:_spf.hostedemail.com -all"]),
        ([MX], ["v=spf1 redirect=_spf.hostedemail.com"]),
        ([MX], ["V=SPF1 Include:_SPF.hostedemail.com ~all"]),
    ],
)
def test_a_domain_whose_mail_goes_to_enom_is_ready(
    mx: list[tuple[int, str]], spf: list[str]
) -> None:
    assert judge("example.com", Found(mx, spf), ENOM).status == "ready"


@pytest.mark.parametrize(
    ("mx", "spf", "reason", "records"),
    [
        ([], [SPF], "no MX record", [SET_MX]),
        ([(10, "mx.example.net")], [SPF], "goes to another server: mx.example.net", [SET_MX]),
        ([(10, "mail.nothostedemail.com")], [SPF], "goes to another server", [SET_MX]),
        ([(0, "")], [SPF], "another server: none", [SET_MX]),
        ([(5, "mx.example.net"), MX], [SPF], "goes to mx.example.net, which", [SET_MX]),
        ([(10, "mx.example.net"), MX], [SPF], "the same or a higher priority", [SET_MX]),
        ([MX], [], "no SPF record", [SET_SPF]),
        (
            [MX], ["v=spf1 mx -all"], "does not include the provider's mail servers",
            ['example.com. TXT "v=spf1 include:_spf.hostedemail.com mx -all"'],
        ),
        (
            [MX], [SPF, "v=spf1 mx -all"], "2 SPF records",
            ['example.com. TXT "v=spf1 include:_spf.hostedemail.com mx ~all"'],
        ),
        ([], [], "no SPF record", [SET_MX, SET_SPF]),
    ],
)  # fmt: skip
def test_what_stands_in_the_way_is_told_with_the_record_to_set(
    mx: list[tuple[int, str]], spf: list[str], reason: str, records: list[str]
) -> None:
    result = judge("example.com", Found(mx, spf), ENOM)
    assert (result.status, list(result.records)) == ("not_ready", records)
    assert reason in result.reason


def test_a_domain_that_does_not_exist_and_one_that_nobody_could_ask_are_told_apart() -> None:
    assert judge("example.com", Found(exists=False), ENOM).status == "not_ready"
    assert (
        judge("example.com", Found(problem="no answer within 2 seconds"), ENOM).status == "unknown"
    )


def test_spf_is_looked_at_only_where_it_is_asked_for_and_other_hosts_name_themselves() -> None:
    plain = ExpectedDns(("mail.example.net",))
    assert judge("example.com", Found([(1, "mail.example.net")]), plain).status == "ready"
    assert judge("example.com", Found(), plain).records == ["example.com. MX 10 mail.example.net."]


def test_what_was_found_survives_being_kept() -> None:
    found = Found((MX,), (SPF,), "", True)
    assert Found.of(found.plain()) == found
