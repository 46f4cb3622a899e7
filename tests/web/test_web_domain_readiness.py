"""The query `domain.readiness`: signed, of the source's own domains, from a DNS server of the
test's own, which may hang, fail and lie."""

import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from bridge.maildns import domain_mail
from bridge.maildns.expected import ExpectedDns
from bridge.maildns.resolver import LONGEST, MOST_QUESTIONS, MOST_TEXTS, Resolver
from tests.support.names import NameServer
from tests.support.scene import PASSWORD, Open, Scene

SPF = "v=spf1 include:_spf.hostedemail.com ~all"
MX = "10 mx.example.com.cust.a.hostedemail.com."
KEY = '"v=DKIM1; p=MIGfMA0G"'
WANTED = ExpectedDns(("hostedemail.com",), ("_spf.hostedemail.com",))
D = "example.com"


@pytest.fixture
def names() -> Iterator[NameServer]:
    server = NameServer()
    yield server
    server.close()


@pytest.fixture
def works(names: NameServer) -> NameServer:
    """Everything is right."""
    names.put(D, [MX], SPF, "site-verification=abc123")
    names.records[D, "NS"] = ["ns1.example.net."]
    names.records["_dmarc.example.com", "TXT"] = ['"v=DMARC1; p=reject"']
    names.records["key1._domainkey.example.com", "CNAME"] = [
        "key1.example.com.dkim.hostedemail.link."
    ]
    names.records["key1.example.com.dkim.hostedemail.link", "TXT"] = [KEY]
    names.records["_imaps._tcp.example.com", "SRV"] = ["0 1 993 mail.hostedemail.com."]
    names.records["_submissions._tcp.example.com", "SRV"] = ["0 1 465 mail.hostedemail.com."]
    return names


@pytest.fixture
def house(open_scene: Open, names: NameServer) -> Scene:
    host, port = names.address
    scene = open_scene(bridge__resolver=f"{host}:{port}", account__mail_hosts=["hostedemail.com"])
    assert scene.do("create", password=PASSWORD)["status"] == "succeeded"
    return scene


def ask(scene: Scene, domain: str = D) -> dict[str, Any]:
    answer = scene.ask("domain.readiness", domain=domain)
    assert answer.status_code == 200, answer.text
    data: dict[str, Any] = (answer.json or {})["data"]
    return data


def states(found: dict[str, Any]) -> dict[str, str]:
    return {f"{each['purpose']} {each['type']}": each["state"] for each in found["records"]}


def test_a_domain_that_works_is_told_with_what_was_found_and_kept(
    house: Scene, works: NameServer
) -> None:
    found = ask(house)
    assert (found["domain"], found["receives"], found["sends"]) == (D, "ready", "ready")
    assert set(states(found).values()) == {"ok"}
    dkim = next(each for each in found["records"] if each["purpose"] == "dkim")
    assert (dkim["type"], dkim["found"]) == ("CNAME", ["key1.example.com.dkim.hostedemail.link"])
    assert found["name_servers"] == ["ns1.example.net"]
    assert "abc123" not in str(found), "no business of ours"
    asked = len(works.asked)
    house.clock.now += 3590
    assert ask(house) == found and ask(house, "Example.COM") == found
    assert len(works.asked) == asked
    house.clock.now += 20
    assert ask(house)["checked_at"] != found["checked_at"]


def test_the_same_look_tells_whether_the_domain_receives_mail(
    house: Scene, works: NameServer
) -> None:
    ask(house)
    asked = len(works.asked)
    seen = house.ask("mailbox.status", service_id="7", address="john.doe@example.com")
    assert (seen.json or {})["data"]["receives_mail"]["status"] == "ready"
    assert len(works.asked) == asked


def test_what_was_only_asked_for_receiving_is_not_taken_for_all(
    house: Scene, works: NameServer
) -> None:
    house.ask("mailbox.status", service_id="7", address="john.doe@example.com")
    assert len(works.asked) == 2
    assert ask(house)["sends"] == "ready"
    assert len(works.asked) > 10


def test_a_fault_is_looked_at_again_after_ten_minutes(house: Scene, works: NameServer) -> None:
    works.records["_dmarc.example.com", "TXT"] = []
    works.records[D, "MX"] = []
    found = ask(house)
    assert (found["receives"], found["sends"]) == ("not_ready", "ready")
    assert states(found) == {
        "mx MX": "missing",
        "spf TXT": "ok",
        "dkim CNAME": "ok",
        "dmarc TXT": "advised",
        "autodiscovery SRV": "ok",
    }
    works.records[D, "MX"] = [MX]
    house.clock.now += 590
    assert ask(house) == found
    house.clock.now += 20
    assert ask(house)["receives"] == "ready"


def test_what_belongs_to_another_or_to_nobody_is_not_asked_for(
    open_scene: Open, names: NameServer
) -> None:
    host, port = names.address
    house = open_scene(
        bridge__resolver=f"{host}:{port}",
        account__mail_hosts=["hostedemail.com"],
        source__domains=[D, "example.test"],
    )
    house.do("create", password=PASSWORD)
    body = house.body("domain.readiness", domain=D)
    unsigned = house.sign(body) | {"webhook-signature": "v1,AAAA"}
    assert house.post("/query/shop", body, unsigned).status_code == 401
    assert house.ask("domain.readiness", domain="example.net").status_code == 403
    assert house.ask("domain.readiness", domain="example.test").status_code == 404
    for wrong in (
        "",
        "localhost",
        "a b.example.com",
        "example.com\r\nx",
        "a" * 64 + ".example.com",
    ):
        assert house.ask("domain.readiness", domain=wrong).status_code == 422
    house.do("terminate")
    assert house.ask("domain.readiness", domain=D).status_code == 404, "no mailbox is left"
    assert names.asked == []


def test_an_account_that_has_nothing_checked_says_so(scene: Scene) -> None:
    scene.do("create", password=PASSWORD)
    answer = scene.ask("domain.readiness", domain=D)
    assert (answer.status_code, (answer.json or {})["code"]) == (422, "unsupported")


def test_a_server_that_never_answers_costs_a_bounded_time_once(
    house: Scene, names: NameServer
) -> None:
    names.silent = True
    begun = time.monotonic()
    found = ask(house)
    assert (found["receives"], found["sends"]) == ("unknown", "unknown")
    assert ask(house) == found
    assert time.monotonic() - begun < 30, "hangs"
    assert {name for name, _ in names.asked} == {D}


def test_one_name_that_never_answers_leaves_the_rest_known(house: Scene, works: NameServer) -> None:
    works.silent_about = {"_dmarc.example.com"}
    found = ask(house)
    assert (found["receives"], found["sends"]) == ("ready", "ready")
    assert states(found)["dmarc TXT"] == "unknown"


def test_a_server_that_fails_is_no_verdict(house: Scene, names: NameServer) -> None:
    names.failing = True
    found = ask(house)
    assert {found["receives"], found["sends"], *states(found).values()} == {"unknown"}
    reason = "DNS did not answer: no name server gave a usable answer."
    assert found["records"][0]["reason"] == reason


def everything(names: NameServer) -> domain_mail.DomainMail:
    replies = Resolver(names.address).replies(partial(domain_mail.questions, D, WANTED))
    assert len(replies) <= MOST_QUESTIONS
    return domain_mail.judged(D, WANTED, replies)


def of(purpose: str, mail: domain_mail.DomainMail) -> str:
    return next(str(each.state) for each in mail.records if each.purpose == purpose)


def test_aliases_in_a_circle_are_a_problem_and_no_hang(works: NameServer) -> None:
    works.records["key1._domainkey.example.com", "CNAME"] = ["loop.example.com."]
    works.records["loop.example.com", "CNAME"] = ["key1._domainkey.example.com."]
    mail = everything(works)
    assert (of("dkim", mail), mail.sends) == ("unknown", "ready")
    (dkim,) = (each for each in mail.records if each.purpose == "dkim")
    assert dkim.reason == "DNS did not answer: no name server gave a usable answer."


def test_an_alias_to_nothing_is_found_and_no_key_is_claimed(works: NameServer) -> None:
    del works.records["key1.example.com.dkim.hostedemail.link", "TXT"]
    (dkim,) = (each for each in everything(works).records if each.purpose == "dkim")
    assert (dkim.state, dkim.value, dkim.set_by) == ("wrong", None, "provider")
    assert dkim.found == ("key1.example.com.dkim.hostedemail.link",)


def test_texts_without_end_and_in_odd_bytes_are_cut_and_plain(works: NameServer) -> None:
    long = " ".join(f'"{"ip4:192.0.2.1 " * 17}"' for _ in range(8))
    works.records[D, "TXT"] = [f'"v=spf1 \\027[2J\\255 " {long}'] + [
        f'"v=spf1 {n}"' for n in range(9)
    ]
    works.records["_dmarc.example.com", "TXT"] = ['"v=DMARC1; p=none; \\007\\010"']
    replies = Resolver(works.address).replies(partial(domain_mail.questions, D, WANTED))
    for reply in replies.values():
        assert len(reply.values) <= MOST_TEXTS
        assert all(len(text) <= LONGEST and text.isprintable() for text in reply.values)
    mail = domain_mail.judged(D, WANTED, replies)
    assert (of("spf", mail), of("dmarc", mail)) == ("wrong", "ok")


def test_questions_without_end_end(names: NameServer) -> None:
    asked = Resolver(names.address).replies(
        lambda known: [(f"n{len(known)}.example.com", "TXT")] if len(known) < 200 else []
    )
    assert len(names.asked) == MOST_QUESTIONS < len(asked)
