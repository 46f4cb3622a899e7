"""`receives_mail` of a signed query: from a DNS server of the test's own, bounded, kept, and
asked for nobody else."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from bridge.maildns.resolver import Resolver
from tests.support.admin import Visitor
from tests.support.names import NameServer
from tests.support.scene import PASSWORD, Open, Scene

SPF = "v=spf1 include:_spf.hostedemail.com ~all"
MX = "10 mx.example.com.cust.a.hostedemail.com."


@pytest.fixture
def names() -> Iterator[NameServer]:
    server = NameServer()
    yield server
    server.close()


@pytest.fixture
def house(open_scene: Open, names: NameServer) -> Scene:
    host, port = names.address
    scene = open_scene(bridge__resolver=f"{host}:{port}", account__mail_hosts=["hostedemail.com"])
    assert scene.do("create", password=PASSWORD)["status"] == "succeeded"
    assert names.asked == [], "no job asks DNS"
    return scene


def mail(scene: Scene) -> dict[str, Any]:
    answer = scene.ask("mailbox.status", service_id="7", address="john.doe@example.com")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = (answer.json or {})["data"]["receives_mail"]
    return found


def test_a_domain_that_is_ready_is_told_and_kept_for_an_hour(
    house: Scene, names: NameServer
) -> None:
    names.put("example.com", [MX], "other=1", SPF)
    first = mail(house)
    assert (first["status"], first["records"]) == ("ready", [])
    assert names.asked == [("example.com", "MX"), ("example.com", "TXT")]
    house.clock.now += 3590
    assert mail(house) == first
    assert len(names.asked) == 2
    house.clock.now += 20
    assert mail(house)["checked_at"] != first["checked_at"]


def test_one_that_is_not_is_told_with_the_record_and_asked_again_after_ten_minutes(
    house: Scene, names: NameServer
) -> None:
    names.put("example.com", ["10 mx.example.net."], SPF)
    result = mail(house)
    assert result["status"] == "not_ready" and "mx.example.net" in result["reason"]
    assert result["records"] == ["example.com. MX 10 mx.example.com.cust.a.hostedemail.com."]
    names.put("example.com", [MX], SPF)
    house.clock.now += 590
    assert mail(house) == result
    house.clock.now += 20
    assert mail(house)["status"] == "ready"


def test_a_domain_that_does_not_exist(house: Scene, names: NameServer) -> None:
    assert mail(house)["status"] == "not_ready"
    assert names.asked == [("example.com", "MX")]


def test_a_server_that_never_answers_costs_a_bounded_time_once(
    house: Scene, names: NameServer
) -> None:
    names.silent = True
    begun = time.monotonic()
    assert (mail(house)["status"], mail(house)["status"]) == ("unknown", "unknown")
    assert time.monotonic() - begun < 30, "hangs"
    assert {name for name, _ in names.asked} == {"example.com"}


def test_a_server_that_fails_is_no_verdict(house: Scene, names: NameServer) -> None:
    names.failing = True
    assert mail(house)["status"] == "unknown"


def test_an_unsigned_query_and_one_about_anothers_mailbox_ask_nothing(
    house: Scene, names: NameServer
) -> None:
    body = house.body("mailbox.status", service_id="7", address="john.doe@example.com")
    assert (
        house.post(
            "/query/shop", body, house.sign(body) | {"webhook-signature": "v1,AAAA"}
        ).status_code
        == 401
    )
    assert (
        house.ask("mailbox.status", service_id="8", address="john.doe@example.com").status_code
        == 404
    )
    assert (
        house.ask("mailbox.status", service_id="7", address="john.doe@example.net").status_code
        == 404
    )
    assert names.asked == []


def test_an_account_that_has_nothing_checked_asks_nothing(scene: Scene) -> None:
    scene.do("create", password=PASSWORD)
    assert mail(scene) is None


def test_many_records_and_odd_bytes_are_no_trouble(names: NameServer) -> None:
    names.put(
        "example.com",
        [f"{n} mx{n}.example.net." for n in range(20)],
        *(f"x={n}" for n in range(10)),
        SPF,
        "v=spf10 no",
    )
    names.records["example.com", "TXT"].append('"\\255\\000v=spf1"')
    found = Resolver(names.address).mail_of("example.com")
    assert len(found.mx) == 20 and found.spf == (SPF,)
    assert json.dumps(found.plain())


def test_the_resolver_says_why_it_knows_nothing() -> None:
    found = Resolver(("127.0.0.1", 9), seconds=0.3).mail_of("example.com")
    assert found.problem
    assert Resolver(("127.0.0.1", 9), seconds=0.3).mail_of("a" * 70 + ".example.com").problem


def test_the_page_of_a_mailbox_tells_it_with_the_record_to_set(
    house: Scene, names: NameServer
) -> None:
    visitor = Visitor(house)
    visitor.sign_in()
    assert "Receives mail not ready" in visitor.get("/admin/mailboxes/john.doe@example.com").words
    names.put("example.com", ["10 mx.example.net."], SPF)
    names.records["example.com", "NS"] = ["ns1.example.net."]
    house.clock.now += 700
    words = visitor.get("/admin/mailboxes/john.doe@example.com").words
    assert "Its mail goes to another server" in words and "Its DNS is at ns1.example.net" in words
    assert "example.com MX 10 mx.example.com.cust.a.hostedemail.com" in words
    assert "Sends mail ready" in words and "_dmarc.example.com TXT v=DMARC1; p=none" in words


def test_what_a_stranger_writes_into_dns_is_text_on_the_page(
    house: Scene, names: NameServer
) -> None:
    visitor = Visitor(house)
    visitor.sign_in()
    names.put("example.com", [MX], "v=spf1 <script>alert(1)</script> ~all")
    page = visitor.get("/admin/mailboxes/john.doe@example.com")
    assert "v=spf1 <script>alert(1)</script> ~all" in page.words
    assert "<script>alert" not in page.text
