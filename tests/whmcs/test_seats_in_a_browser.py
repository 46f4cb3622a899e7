"""A domain with five mailboxes, from order to end, in a browser: two languages, on a desk and on a
phone."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.support.billing import until
from tests.support.browser import Tab
from tests.support.company import NAMES, PASSWORD, SEATS, Company, product
from tests.support.customer import Portal, barriers

pytestmark = pytest.mark.usefixtures("php")

PHONE, DESK = {"width": 375, "height": 812}, {"width": 1280, "height": 900}
ACTIONS = {"add", "password", "webmail", "remove", "remove_sure", "aliases", "forwarding"}
WORDS: dict[str, dict[str, str]] = {
    "german": {
        "used": "Belegte Postfächer: {} von", "ready": "ist bereit", "sure": "wirklich entfernen",
        "removed": "ist entfernt", "set": "ist gesetzt", "state": "Gesperrt", "there": "gibt es bereits",
    },
    "spanish": {
        "used": "Buzones en uso: {} de", "ready": "ya está disponible", "sure": "desea eliminar",
        "removed": "Se ha eliminado", "set": "ya está activa", "state": "Suspendido", "there": "ya existe",
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def portal(
    tmp_path_factory: pytest.TempPathFactory, new_database: Callable[[str], str]
) -> Iterator[Portal]:
    made = Portal(tmp_path_factory.mktemp("life"), new_database("sqlite"))
    yield made
    made.close()


def add(page: Page, name: str) -> None:
    page.locator("details[data-add] summary").click()
    page.fill("#eb-local", name)
    page.fill("#eb-password", PASSWORD)
    page.fill("#eb-again", PASSWORD)
    page.click("details[data-add] button[type=submit]")


def card(page: Page, address: str) -> Any:
    return page.locator(f"section[aria-label='{address}']")


@pytest.mark.parametrize(
    ("language", "size", "script"),
    [("german", DESK, True), ("spanish", PHONE, True), ("german", PHONE, False)],
    ids=["german-desk", "spanish-phone", "german-phone-without-javascript"],
)
def test_the_whole_life_of_a_domain_with_five_mailboxes(
    portal: Portal, browser: Browser, language: str, size: dict[str, int], script: bool
) -> None:
    words, house = WORDS[language], portal.house
    company = Company(portal, product(house))
    tab = Tab(browser, portal, viewport=size, java_script_enabled=script)

    def sound() -> None:
        if script:
            assert barriers(page) == []
        assert not script or tab.overflow() <= 0

    page = tab.go(f"{company.path}&language={language}")
    assert words["used"].format(0) in page.locator(".enombridge").inner_text()
    sound()
    for name in NAMES:
        add(page, name)
        assert words["ready"] in page.locator(".eb-message").first.inner_text()
    sound()
    assert words["used"].format(5) in page.locator(".enombridge").inner_text()
    assert page.locator("details[data-add]").count() == 0
    assert set(company.there()) == {company.address(name) for name in NAMES}

    bob = card(page, company.address("bob"))
    bob.locator("summary").click()
    sound()
    bob.locator("input[name='enombridge[password]']").fill("Another-Pass.2")
    bob.locator("input[name='enombridge[again]']").fill("Another-Pass.2")
    bob.locator("form:has(input[value=password]) button").click()
    assert words["set"] in page.locator(".eb-message").first.inner_text()

    ann = card(page, company.address("ann"))
    ann.locator("summary").click()
    ann.locator("textarea").first.fill("sales")
    ann.locator("form:has(input[value=aliases]) button").click()
    ann.locator("summary").click()
    assert ann.locator("textarea").first.input_value() == company.address("sales")
    ann.locator("textarea").last.fill("ann@example.net")
    ann.locator("form:has(input[value=forwarding]) button").click()
    ann.locator("summary").click()
    assert ann.locator("textarea").last.input_value() == "ann@example.net"
    assert ann.locator("input[type=checkbox]").is_checked()
    sound()

    cay = card(page, company.address("cay"))
    cay.locator("summary").click()
    cay.locator("form:has(input[value=remove]) button").click()
    assert words["sure"] in page.locator(".eb-message").first.inner_text()
    sound()
    page.check("#eb-sure")
    page.locator(".eb-ask button").click()
    assert words["removed"] in page.locator(".eb-message").first.inner_text()
    assert company.address("cay") not in company.there()

    invoice = company.whmcs.overdue(company.service)
    company.whmcs.cron(daily=True)
    company.becomes("Suspended")
    page.goto(company.path)
    assert page.locator(".eb-facts").first.inner_text().count(words["state"]) == 1
    assert page.locator("form").count() == 0, "nothing to do while it is suspended"
    sound()
    company.whmcs.pay(invoice)
    company.becomes("Active")
    until(lambda: set(company.there().values()) == {"active"}, 60)
    assert company.whmcs.upgrade(company.service, options={SEATS: 6}) == "success"
    page.goto(company.path)
    add(page, "ann")
    assert words["there"] in page.locator(".eb-message").first.inner_text()
    assert f"{words['used'].format(4)} 6" in page.locator(".enombridge").inner_text()
    company.whmcs.command(company.service, "TerminateAccount")
    company.becomes("Terminated")
    assert company.there() == {}
    assert tab.faults == []
    tab.context.close()


def test_what_is_under_way_ends_on_the_page_by_itself(portal: Portal, browser: Browser) -> None:
    company = Company(portal, product(portal.house))
    tab = Tab(browser, portal, viewport=PHONE)
    page = tab.go(f"{company.path}&language=german")
    portal.house.pause()
    try:
        add(page, "ann")
        page.wait_for_selector("text=wird gerade eingerichtet")
        assert barriers(page) == []
    finally:
        portal.house.resume()
    page.wait_for_selector("text=ist bereit", timeout=60_000)
    assert card(page, company.address("ann")).count() == 1
    tab.context.close()


def test_who_is_typing_is_told_the_end_and_not_disturbed(portal: Portal, browser: Browser) -> None:
    company = Company(portal, product(portal.house))
    tab = Tab(browser, portal)
    page = tab.go(f"{company.path}&language=german")
    portal.house.pause()
    try:
        add(page, "ann")
        page.wait_for_selector("text=wird gerade eingerichtet")
        page.locator("details[data-add] summary").click()
        page.fill("#eb-local", "bo")
    finally:
        portal.house.resume()
    page.wait_for_selector("text=ist bereit", timeout=60_000)
    page.wait_for_timeout(6000)  # longer than between two looks
    assert page.input_value("#eb-local") == "bo"
    assert page.locator("text=ist bereit").count() == 1, "its end is told once, and stays"
    page.evaluate("document.activeElement.blur()")
    card(page, company.address("ann")).wait_for(timeout=30_000)
    assert page.locator("text=ist bereit").count() == 1
    tab.context.close()


def remote(company: Company) -> Any:
    """All that the remote has of the company's domain."""
    return company.house.sim.control("/state")["domains"][company.domain]


def test_another_customers_company_is_closed_to_every_form(
    portal: Portal, browser: Browser
) -> None:
    """With WHMCS in the way and without: the forms of one customer's page, sent by another."""
    company = Company(portal, product(portal.house))
    company.adds("ann", "bob")
    whmcs = portal.house.whmcs
    other = whmcs.add_client(firstname="Eve", lastname="Sample", email="eve@example.net")
    tab = Tab(browser, portal)
    page = tab.go(f"{company.path}&client={portal.house.client}")
    bob = card(page, company.address("bob"))
    bob.locator("summary").click()
    bob.locator("form:has(input[value=remove]) button").click()
    page.wait_for_selector("#eb-sure")
    forms: list[dict[str, str]] = page.eval_on_selector_all(
        "form", "all => all.map(form => Object.fromEntries(new FormData(form)))"
    )
    assert {form["enombridge[do]"] for form in forms} == ACTIONS
    before, reached = remote(company), 0
    own = Company(portal, product(portal.house), client=other)
    for looks in ("on", ""):
        whmcs.settings(checks_owner=looks)
        tab.context.clear_cookies()
        page.goto(f"{own.path}&client={other}")
        mine = dict(page.eval_on_selector_all(
            "form input[type=hidden]", "all => all.map(one => [one.name, one.value])"
        ))  # fmt: skip
        for form in forms:
            filled = {**form, "enombridge[password]": PASSWORD, "enombridge[again]": PASSWORD,
                      "enombridge[local]": "eve", "enombridge[sure]": "on"}  # fmt: skip
            for path in (company.path, own.path):
                for more in ({}, {"token": mine["token"]},
                             {name: mine[name] for name in ("token", "enombridge[proof]")}):  # fmt: skip
                    if path == own.path and filled["enombridge[do]"] == "add":
                        continue  # in a domain of its own it may
                    page.request.post(f"{portal.url}{path}", form={**filled, **more})
                    reached += "token" in more if path == own.path else not looks
    whmcs.settings(checks_owner="on")
    portal.house.quiet()
    assert remote(company) == before
    refusals = [line for line in whmcs.state()["activity"] if f"client {other} asked for" in line]
    assert len(refusals) == reached > 0, "what WHMCS let through is written down, each one"
    tab.context.close()
