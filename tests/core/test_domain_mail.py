"""Whether a domain's mail works: every state of every record, as a resolver of the test's own has
it, with what is said and what is to be set."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow.validate import OneOf

from bridge.maildns import domain_mail
from bridge.maildns.domain_mail import DomainMail
from bridge.maildns.expected import ExpectedDns
from bridge.maildns.records import Purpose, Record, RecordState, SetBy, zone_line
from bridge.maildns.replies import NextQuestions, Question, Replies, Reply, of_plain, plain
from bridge.maildns.spf import MOST_LOOKUPS
from bridge.reporting.answers import DnsRecord, DomainReadinessAnswer, dump

WANTED = ExpectedDns(("hostedemail.com",), ("_spf.hostedemail.com", "_spf.emfwd.name-services.com"))
D = "example.com"
OURS = "10 mx.example.com.cust.a.hostedemail.com"
SPF = "v=spf1 include:_spf.hostedemail.com ~all"
KEY = "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQ"
TARGET = "key1.example.com.dkim.hostedemail.link"
SILENT = Reply(problem="no answer within 5 seconds")
GONE = Reply(exists=False)

WORKS: Mapping[Question, Reply] = {
    (D, "MX"): Reply((OURS,)),
    (D, "TXT"): Reply((SPF,)),
    (D, "NS"): Reply(("ns1.example.net", "ns2.example.net")),
    ("_dmarc.example.com", "TXT"): Reply(("v=DMARC1; p=reject",)),
    ("key1._domainkey.example.com", "TXT"): Reply((KEY,), alias=TARGET),
    ("_imaps._tcp.example.com", "SRV"): Reply(("0 1 993 mail.hostedemail.com",)),
    ("_submissions._tcp.example.com", "SRV"): Reply(("0 1 465 mail.hostedemail.com",)),
}


@dataclass
class Told:
    """A resolver that knows what it was told; the rest does not exist."""

    known: Mapping[Question, Reply]
    asked: list[Question] = field(default_factory=list)

    def replies(self, ask: NextQuestions) -> Replies:
        replies: dict[Question, Reply] = {}
        while ahead := [question for question in ask(replies) if question not in replies]:
            for question in ahead:
                self.asked.append(question)
                replies[question] = self.known.get(question, GONE)
        return replies


def mail(
    changes: Mapping[Question, Reply] | None = None,
    wanted: ExpectedDns = WANTED,
    domain: str = D,
    known: Mapping[Question, Reply] = WORKS,
) -> DomainMail:
    told = Told({**known, **(changes or {})})
    replies = told.replies(partial(domain_mail.questions, domain, wanted))
    return domain_mail.judged(domain, wanted, replies)


def of(purpose: str, result: DomainMail) -> list[Record]:
    return [record for record in result.records if record.purpose == purpose]


def test_a_domain_that_has_everything_is_ready_both_ways_and_nothing_is_to_be_set() -> None:
    result = mail()
    assert (result.receives, result.sends) == ("ready", "ready")
    assert {record.state for record in result.records} == {RecordState.OK}
    assert [record.value for record in result.records] == [None] * 6
    assert {record.purpose for record in result.records} == set(Purpose)
    assert result.name_servers == ["ns1.example.net", "ns2.example.net"]


TXT = (D, "TXT")
DMARC = ("_dmarc.example.com", "TXT")
IMAPS = ("_imaps._tcp.example.com", "SRV")
SUBMISSIONS = ("_submissions._tcp.example.com", "SRV")
DKIM = ("key1._domainkey.example.com", "TXT")
NO_KEY = {DKIM: GONE}


def spf(*texts: str) -> Mapping[Question, Reply]:
    return {TXT: Reply(texts)}


# What DNS has; whose record; its state; a word of the reason; what to set; by whom.
STATES: Sequence[tuple[Mapping[Question, Reply], str, str, str, str | None, str | None]] = [
    ({(D, "MX"): Reply()}, "mx", "missing", "no MX", OURS, "dns"),
    ({(D, "MX"): Reply(("10 mx.example.net",))}, "mx", "wrong", "mx.example.net", OURS, "dns"),
    ({(D, "MX"): Reply(("0 ",))}, "mx", "wrong", "another server: none", OURS, "dns"),
    ({(D, "MX"): Reply(("5 mx.example.net", OURS))}, "mx", "wrong", "Remove that MX", OURS, "dns"),
    ({(D, "MX"): Reply((OURS, "20 mx.example.net"))}, "mx", "ok", "provider's", None, None),
    ({(D, "MX"): SILENT}, "mx", "unknown", "no answer within", None, None),
    (spf(), "spf", "missing", "no SPF", SPF, "dns"),
    (spf("v=spf1 -all"), "spf", "wrong", "does not include",
     "v=spf1 include:_spf.hostedemail.com -all", "dns"),
    (spf("v=spf1 -all include:_spf.hostedemail.com"), "spf", "wrong", "does not include",
     "v=spf1 include:_spf.hostedemail.com -all", "dns"),
    (spf("v=spf1 ~all redirect=_spf.hostedemail.com"), "spf", "wrong", "does not include",
     "v=spf1 include:_spf.hostedemail.com ~all redirect=_spf.hostedemail.com", "dns"),
    (spf("v=spf1 -include:_spf.hostedemail.com ~all"), "spf", "wrong", "does not include",
     "v=spf1 include:_spf.hostedemail.com -include:_spf.hostedemail.com ~all", "dns"),
    (spf("v=spf1 include:_spf.emfwd.name-services.com MX ~all"), "spf", "ok", "includes", None,
     None),
    (spf(SPF, "v=spf1 mx -all"), "spf", "wrong", "2 SPF records",
     "v=spf1 include:_spf.hostedemail.com mx ~all", "dns"),
    (spf("v=spf1 " + " ".join(f"a:h{n}.example.net" for n in range(10)) + SPF[6:]), "spf", "wrong",
     "11 DNS lookups",
     "v=spf1 " + " ".join(f"a:h{n}.example.net" for n in range(10)) + SPF[6:], "dns"),
    ({TXT: SILENT}, "spf", "unknown", "no answer", None, None),
    (spf("v=spf1 include:%{d}.example.net ~all"), "spf", "unknown", "depends on the message", None,
     None),
    (spf("v=spf1 include:slow.example.net ~all")
     | {("slow.example.net", "TXT"): SILENT}, "spf", "unknown", "no answer", None, None),
    (NO_KEY, "dkim", "missing", "No DKIM key", None, "provider"),
    (NO_KEY | {(TARGET, "TXT"): Reply((KEY,))}, "dkim", "missing", "does not point to it", TARGET,
     "dns"),
    ({DKIM: Reply(alias="old.example.net", exists=False), (TARGET, "TXT"): Reply((KEY,))}, "dkim",
     "wrong", "does not point to it", TARGET, "dns"),
    ({DKIM: Reply(alias=TARGET, exists=False)}, "dkim", "wrong", "is no DKIM key", None,
     "provider"),
    ({DKIM: Reply(("v=DKIM1; p=",))}, "dkim", "wrong", "is no DKIM key", None, "provider"),
    ({DKIM: Reply(("v=DKIM2; p=abc",))}, "dkim", "wrong", "is no DKIM key", None, "provider"),
    ({DKIM: Reply((KEY,))}, "dkim", "ok", "published", None, None),
    ({DKIM: SILENT}, "dkim", "unknown", "no answer", None, None),
    (NO_KEY | {(TARGET, "TXT"): SILENT}, "dkim", "unknown", "no answer", None, None),
    ({DMARC: GONE}, "dmarc", "advised", "no DMARC", "v=DMARC1; p=none", "dns"),
    ({DMARC: Reply(("v=DMARC1; p=none", "v=DMARC1; p=reject"))}, "dmarc", "wrong", "2 DMARC",
     "v=DMARC1; p=none", "dns"),
    ({DMARC: Reply(("v=DMARC1; rua=mailto:a@example.com",))}, "dmarc", "wrong", "no policy",
     "v=DMARC1; p=none", "dns"),
    ({DMARC: SILENT}, "dmarc", "unknown", "no answer", None, None),
    ({IMAPS: GONE}, "autodiscovery", "advised", "by hand", "0 1 993 mail.hostedemail.com", "dns"),
    ({IMAPS: Reply(("0 1 993 imap.example.net",))}, "autodiscovery", "wrong", "imap.example.net",
     "0 1 993 mail.hostedemail.com", "dns"),
    ({IMAPS: Reply(("0 0 0 ",))}, "autodiscovery", "wrong", "no server",
     "0 1 993 mail.hostedemail.com", "dns"),
    ({IMAPS: SILENT}, "autodiscovery", "unknown", "no answer", None, None),
    ({SUBMISSIONS: GONE}, "autodiscovery", "advised", "by hand", "0 1 465 mail.hostedemail.com",
     "dns"),
    ({("autodiscover.example.com", "CNAME"): Reply(("autodiscover.example.net",))},
     "autodiscovery", "advised", "Outlook asks autodiscover.example.net", None, "dns"),
]  # fmt: skip


@pytest.mark.parametrize(("dns", "purpose", "state", "reason", "value", "set_by"), STATES)
def test_each_state_of_each_record(
    dns: Mapping[Question, Reply],
    purpose: str,
    state: str,
    reason: str,
    value: str | None,
    set_by: str | None,
) -> None:
    fitting = [record for record in of(purpose, mail(dns)) if record.state == state]
    assert len(fitting) == 1
    (record,) = fitting
    assert reason in record.reason
    assert (record.value, record.set_by) == (value, set_by)


@pytest.mark.parametrize(
    ("dns", "receives", "sends"),
    [
        ({}, "ready", "ready"),
        ({TXT: Reply()}, "ready", "ready"),  # DKIM alone will do
        (NO_KEY, "ready", "ready"),  # and so will SPF
        (NO_KEY | {TXT: Reply()}, "ready", "not_ready"),
        (NO_KEY | {TXT: SILENT}, "ready", "unknown"),
        ({DKIM: SILENT, TXT: Reply()}, "ready", "unknown"),
        ({DMARC: GONE}, "ready", "ready"),
        ({(D, "MX"): Reply()}, "not_ready", "ready"),
        ({(D, "MX"): SILENT}, "unknown", "ready"),
        ({(D, "MX"): SILENT, TXT: SILENT}, "unknown", "unknown"),
        ({(D, "MX"): GONE}, "not_ready", "not_ready"),
    ],
)
def test_both_ways(dns: Mapping[Question, Reply], receives: str, sends: str) -> None:
    result = mail(dns)
    assert (result.receives, result.sends) == (receives, sends)


def test_of_a_domain_that_is_not_there_nothing_more_is_asked() -> None:
    told = Told({})
    domain_mail.judged(D, WANTED, told.replies(partial(domain_mail.questions, D, WANTED)))
    assert told.asked == [(D, "MX")]
    result = mail(known={})
    assert [record.value for record in result.records] == [OURS, SPF]
    assert all("does not exist" in record.reason for record in result.records)


def test_of_a_domain_whose_servers_do_not_answer_nothing_more_is_asked() -> None:
    told = Told({(D, "MX"): SILENT, TXT: SILENT})
    told.replies(partial(domain_mail.questions, D, WANTED))
    assert told.asked == [(D, "MX"), TXT]


def test_spf_is_followed_through_what_it_includes_and_no_further_than_a_receiver_goes() -> None:
    chain = {
        TXT: Reply(("v=spf1 include:a.example.net ~all",)),
        ("a.example.net", "TXT"): Reply(("v=spf1 redirect=b.example.net",)),
        ("b.example.net", "TXT"): Reply((SPF,)),
    }
    assert of("spf", mail(chain))[0].state == "ok"
    endless: dict[Question, Reply] = {TXT: Reply(("v=spf1 include:n0.example.net ~all",))}
    for n in range(50):
        endless[f"n{n}.example.net", "TXT"] = Reply((f"v=spf1 include:n{n + 1}.example.net",))
    told = Told({**WORKS, **endless})
    replies = told.replies(partial(domain_mail.questions, D, WANTED))
    assert of("spf", domain_mail.judged(D, WANTED, replies))[0].state == "wrong"
    assert len([name for name, _ in told.asked if name.endswith(".example.net")]) == MOST_LOOKUPS


def test_spf_that_includes_itself_is_followed_once() -> None:
    told = Told({**WORKS, TXT: Reply(("v=spf1 include:example.com ~all",))})
    replies = told.replies(partial(domain_mail.questions, D, WANTED))
    assert of("spf", domain_mail.judged(D, WANTED, replies))[0].state == "wrong"
    assert told.asked.count(TXT) == 1


def test_a_subdomain_takes_the_policy_and_the_name_servers_of_the_domain_above() -> None:
    known = {
        ("shop.example.com", "MX"): Reply(("10 mx.shop.example.com.cust.a.hostedemail.com",)),
        ("shop.example.com", "TXT"): Reply((SPF,)),
        DMARC: Reply(("v=DMARC1; p=quarantine",)),
        (D, "NS"): Reply(("ns1.example.net",)),
    }
    result = mail(domain="shop.example.com", known=known)
    assert "_dmarc.example.com: quarantine" in of("dmarc", result)[0].reason
    assert result.name_servers == ["ns1.example.net"]


def test_a_name_of_the_resellers_own_is_right_where_it_leads_to_the_platform() -> None:
    own = {IMAPS: Reply(("0 1 993 imap.reseller.example",))}
    alias = {("imap.reseller.example", "CNAME"): Reply(("mail.hostedemail.com",))}
    assert {record.state for record in of("autodiscovery", mail(own | alias))} == {"ok"}


def test_on_other_hosts_nothing_is_said_of_names_that_are_not_known_there() -> None:
    elsewhere = ExpectedDns(("mail.example.net",), ("_spf.example.net",))
    result = mail({(D, "MX"): Reply(("10 mail.example.net",))}, elsewhere)
    assert {record.purpose for record in result.records} == {"mx", "spf", "dmarc"}
    assert of("spf", result)[0].value == "v=spf1 include:_spf.example.net " + SPF[7:]


def test_where_spf_is_not_looked_at_nobody_claims_that_mail_is_refused() -> None:
    plain_hosts = ExpectedDns(("hostedemail.com",))
    assert mail(NO_KEY, plain_hosts).sends == "unknown"
    assert mail({}, plain_hosts).sends == "ready"


def test_what_is_said_is_what_the_contract_describes() -> None:
    schema = DomainReadinessAnswer
    for dns, *_ in STATES:
        described = mail(dns).describe() | {"checked_at": "2026-11-23T06:18:52Z"}
        shown = dump(schema, described)
        assert shown == described and schema().validate(shown) == {}
    fields = DnsRecord().fields
    for name, values in (("purpose", Purpose), ("state", RecordState), ("set_by", SetBy)):
        (rule,) = (each for each in fields[name].validators if isinstance(each, OneOf))
        assert set(rule.choices) == set(values)


def test_a_record_can_be_copied_into_a_zone() -> None:
    result = mail({DMARC: GONE, (D, "MX"): Reply(), IMAPS: GONE})
    lines = [line for record in result.records if (line := zone_line(record.describe()))]
    assert lines == [
        f"example.com. MX {OURS}.",
        '_dmarc.example.com. TXT "v=DMARC1; p=none"',
        "_imaps._tcp.example.com. SRV 0 1 993 mail.hostedemail.com.",
    ]


def test_replies_survive_being_kept() -> None:
    assert of_plain(plain(WORKS)) == WORKS


texts = st.lists(
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=80), max_size=4
)


@given(texts, texts, texts, st.sampled_from(["v=spf1 ", "v=DMARC1;", "v=DKIM1; p=", ""]))
def test_whatever_a_stranger_publishes_something_is_said(
    apex: list[str], policy: list[str], key: list[str], begin: str
) -> None:
    said = {
        TXT: Reply(tuple(begin + text for text in apex)),
        DMARC: Reply(tuple(begin + text for text in policy)),
        DKIM: Reply(tuple(begin + text for text in key)),
    }
    result = mail(said)
    assert result.receives == "ready"
    assert dump(DomainReadinessAnswer, result.describe())
