"""A product that sells the mailboxes of a domain: what the customer does, what WHMCS does, and
that all agree."""

from collections.abc import Callable, Iterator

import pytest

from tests.support.billing import until
from tests.support.company import NAMES, SEATS, SIZE, Company, product
from tests.support.customer import Portal

pytestmark = pytest.mark.usefixtures("php")


@pytest.fixture(scope="module")
def portal(
    tmp_path_factory: pytest.TempPathFactory, new_database: Callable[[str], str]
) -> Iterator[Portal]:
    made = Portal(tmp_path_factory.mktemp("seats"), new_database("sqlite"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def sold(portal: Portal) -> int:
    return product(portal.house)


@pytest.fixture
def company(portal: Portal, sold: int) -> Iterator[Company]:
    made = Company(portal, sold)
    assert made.answer == "success"
    yield made
    portal.house.sim.control("/faults", {}, "DELETE")
    portal.house.quiet()
    assert made.differences() == []
    assert portal.house.whmcs.faults() == []


def test_it_begins_empty_and_the_customer_fills_it(company: Company) -> None:
    assert (company.status, company.there()) == ("Active", {})
    assert "Mailboxes in use: 0 of 5" in company.page()
    said = company.sends("add", local="Ann", password="Company-Pass.1", again="Company-Pass.1")
    assert said == [f"{company.address('ann')} is ready."]
    company.adds(*NAMES[1:])
    assert set(company.there()) == {company.address(name) for name in NAMES}
    page = company.page()
    assert "Mailboxes in use: 5 of 5" in page
    assert "data-add" not in page, "no room, no form"
    said = company.sends("add", local="fay", password="Company-Pass.1", again="Company-Pass.1")
    assert said == [
        f"{company.address('fay')} was not set up. All mailboxes that you ordered are in use. "
        "Remove one, or order more."
    ]


def test_what_cannot_be_is_refused_before_it_is_sent(company: Company) -> None:
    good = {"password": "Company-Pass.1", "again": "Company-Pass.1"}
    for local in ("", "-ann", "a..b", "ann@other.example", "jörg", "a" * 65):
        assert company.sends("add", local=local, **good)[0].startswith("This name cannot be used.")
    said = company.sends("add", local="ann", password="one", again="two")
    assert said == ["The two passwords are not the same. Nothing was changed."]
    company.adds("ann")
    assert company.sends("add", local="ann", **good) == [
        f"{company.address('ann')} exists already."
    ]
    assert company.sends("remove_sure", "ann", sure="on")[0].startswith("Nothing was removed.")
    assert company.there() == {company.address("ann"): "active"}


def test_a_mailbox_is_removed_once_it_is_asked_twice(company: Company) -> None:
    company.adds("ann", "bob")
    assert "really want to remove" in company.sends("remove", "ann")[0]
    assert 'id="eb-sure"' in company.page()
    assert company.sends("remove_sure", "ann")[0].startswith("Nothing was removed.")
    assert company.sends("remove_sure", "bob", sure="on")[0].startswith("Nothing was removed.")
    assert company.removes("ann") == [f"{company.address('ann')} is removed."]
    assert set(company.there()) == {company.address("bob")}
    assert "Mailboxes in use: 1 of 5" in company.page()


def test_suspended_given_back_and_ended_as_one(company: Company) -> None:
    company.adds(*NAMES[:3])
    invoice = company.whmcs.overdue(company.service)
    company.house.slow("change_user", 2)
    company.whmcs.cron(daily=True)
    company.becomes("Suspended")
    assert set(company.there().values()) == {"suspended"}
    assert len(company.rows()) <= 1, "one row for a service"
    company.whmcs.pay(invoice)
    company.becomes("Active")
    until(lambda: set(company.there().values()) == {"active"}, 60)
    answer = company.whmcs.command(company.service, "TerminateAccount")
    assert answer == "success" or "In progress" in answer
    company.becomes("Terminated")
    assert company.there() == {}


def test_more_fewer_and_larger(company: Company) -> None:
    company.adds(*NAMES[:4])
    assert company.whmcs.upgrade(company.service, options={SEATS: 7}) == "success"
    assert "Mailboxes in use: 4 of 7" in company.page()
    answer = company.whmcs.upgrade(company.service, options={SEATS: 2})
    assert "4 mailboxes, and 2 are ordered now" in answer
    assert all(company.address(name) in answer for name in NAMES[:4])
    for name in NAMES[2:4]:
        company.removes(name)
    assert company.whmcs.upgrade(company.service, options={SEATS: 2}) == "success"
    answer = company.whmcs.upgrade(company.service, options={SIZE: "large"})
    assert answer == "success" or "in progress" in answer
    company.house.quiet()
    quotas = [box["quota_bytes"] for box in boxes(company).values()]
    assert quotas == [25 << 30] * 2
    full = {"address": company.address("ann"), "password": "x", "used_bytes": 2 << 30}
    company.house.sim.control("/mailboxes", {**full, "quota_bytes": 25 << 30})
    company.whmcs.cron(daily=True)
    answer = company.whmcs.upgrade(company.service, options={SIZE: "basic"})
    assert "smaller than what these mailboxes hold" in answer
    assert company.address("ann") in answer
    assert company.address("bob") not in answer
    service = company.whmcs.service(company.service)
    assert (service["diskusage"], service["disklimit"]) == (2048, 51200)


def boxes(company: Company) -> dict[str, dict[str, int]]:
    found = company.house.sim.control("/state")["domains"][company.domain]["mailboxes"]
    return dict(found)


def test_staff_sees_one_account_and_one_service(company: Company) -> None:
    company.adds("ann", "bob")
    found = company.whmcs.sync(company.house.server)
    (mine,) = [one for one in found["matched"] if one["service"] == company.service]
    assert mine["account"]["uniqueIdentifier"] == company.domain
    assert not [one for one in found["unknown"] if company.domain in one["uniqueIdentifier"]]
    assert company.service not in found["missing"]
    company.whmcs.cron(daily=True)
    metrics = {row["metric"]: row["value"] for row in company.whmcs.state()["metrics"]
               if row["serviceid"] == company.service}  # fmt: skip
    assert metrics["mailboxes"] == 2
    page = company.whmcs.get("admin/clientsservices.php", role="admin", id=company.service).text
    assert f"2 of 5 mailboxes of {company.domain}" in page
    assert f"{company.address('ann')} (active)" in page


def test_a_bridge_that_is_away_is_said_so_and_nothing_is_lost(company: Company) -> None:
    company.adds("ann")
    company.house.down()
    page = company.page()
    assert "cannot be reached right now" in page
    invoice = company.whmcs.overdue(company.service)
    assert company.whmcs.cron(daily=True)["not_suspended"] == 1
    assert len(company.rows()) == 1
    company.house.restart()
    company.house.later()
    company.whmcs.cron()
    company.becomes("Suspended")
    until(lambda: set(company.there().values()) == {"suspended"}, 60)
    company.whmcs.pay(invoice)
    company.becomes("Active")


def test_a_late_end_is_told_once(company: Company) -> None:
    company.adds("ann")
    company.house.pause()
    try:
        said = company.sends("password", "ann", password="Another-Pass.2", again="Another-Pass.2")
        assert said == [f"The new password of {company.address('ann')} is being set."] * 2
    finally:
        company.house.resume()
    company.house.quiet()
    told = [company.said(company.page()) for _ in range(2)]
    assert told == [[f"The new password of {company.address('ann')} is set."], []]


def test_further_addresses_and_forwarding(company: Company) -> None:
    company.adds("ann", "bob")
    said = company.sends("aliases", "ann", aliases="Sales\ninfo")
    assert said == [f"The further addresses of {company.address('ann')} are set."]
    assert ">info@" in company.page()
    said = company.sends("forwarding", "ann", forward="ann+mail@example.net", copy="on")
    assert said == [f"The forwarding of {company.address('ann')} is set."]
    assert "ann+mail@example.net</textarea>" in company.page()
    said = company.sends("aliases", "bob", aliases="sales")
    assert "already in use by another mailbox" in said[0]
    said = company.sends("aliases", "bob", aliases="sales@example.org")
    assert "must be in" in said[0]
    assert company.sends("forwarding", "ann", forward="")[0].endswith("is set.")
    assert "ann+mail@example.net" not in company.page()
