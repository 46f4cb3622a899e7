"""The customer's page in a browser: in the themes of WHMCS, in three languages, on a phone, with
and without JavaScript; and what is another customer's."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.support.billing import until
from tests.support.bridge import PASSWORD
from tests.support.browser import Tab
from tests.support.customer import Portal, barriers, change_password
from tests.support.programs import missing

pytestmark = pytest.mark.usefixtures("php")

PHONE, DESK = {"width": 375, "height": 812}, {"width": 1280, "height": 900}
THEMES = (("six", 8), ("twenty-one", 8), ("six", 9), ("twenty-one", 9), ("nexus", 9), ("bare", 9))
SHEETS = (
    "/usr/share/javascript/bootstrap/css/bootstrap.min.css",
    "/usr/share/javascript/bootstrap4/css/bootstrap.min.css",
)
READY = {"english": "Ready", "german": "Bereit", "spanish": "Activo"}
NEW = "Another-Pass.02"


@pytest.fixture(scope="module")
def portal(
    tmp_path_factory: pytest.TempPathFactory, new_database: Callable[[str], str]
) -> Iterator[Portal]:
    if not all(Path(sheet).is_file() for sheet in SHEETS):
        missing("php")
    made = Portal(tmp_path_factory.mktemp("portal"), new_database("sqlite"))
    yield made
    made.close()


@pytest.fixture
def open_page(browser: Browser, portal: Portal) -> Iterator[Callable[..., Tab]]:
    opened: list[Tab] = []

    def make(**options: Any) -> Tab:
        opened.append(Tab(browser, portal, **options))
        return opened[-1]

    yield make
    for tab in opened:
        tab.context.close()
    assert [fault for tab in opened for fault in tab.faults] == []
    portal.theme("twenty-one")
    portal.house.whmcs.settings(checks_owner="on")
    portal.house.sim.control("/faults", {}, "DELETE")
    portal.house.quiet()
    assert portal.house.differences() == []


@pytest.mark.parametrize("theme", THEMES, ids=[f"{name}-{version}" for name, version in THEMES])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_a_page_that_everybody_can_use(
    portal: Portal, open_page: Callable[..., Tab], theme: tuple[str, int], size: dict[str, int]
) -> None:
    portal.theme(*theme)
    tab = open_page(viewport=size)
    for language, ready in READY.items():
        page = tab.go(f"{portal.path}&language={language}")
        assert page.locator(".eb-facts").first.inner_text().count(ready) == 1
        assert page.locator(".eb-tile").count() == 5
        page.locator("summary").first.click()
        assert tab.overflow() <= 0
        heights = page.locator(".enombridge .btn").evaluate_all(
            "all => all.map(b => b.offsetHeight)"
        )
        assert min(heights) >= 24  # WCAG 2.2, target size
    assert barriers(page) == []


def test_dns_says_what_to_set_and_who_sets_it(
    portal: Portal, open_page: Callable[..., Tab]
) -> None:
    page = open_page().go(f"{portal.path}&language=german")
    ours = page.locator(".enombridge").inner_text()
    assert f"{portal.domain} empfängt E-Mails." in ours
    assert "können abgelehnt werden" in ours
    assert "ns1.example.net" in ours
    spf = page.locator(".eb-tile").nth(1)
    assert "Fehlt" in spf.inner_text()
    assert spf.locator("code.eb-copy").inner_text() == "v=spf1 include:_spf.hostedemail.com ~all"
    assert "mail.hostedemail.com" not in page.locator("h4").first.inner_text()
    assert "imap.example.com, Port 993, SSL/TLS" in ours


def test_a_password_without_javascript(portal: Portal, open_page: Callable[..., Tab]) -> None:
    tab = open_page(java_script_enabled=False)
    page = tab.go(f"{portal.path}&language=spanish")
    change_password(page, NEW, "Different-Pass.03")
    assert "no coinciden" in page.locator(".eb-message").inner_text()
    change_password(page, NEW)
    assert "ya está activa" in page.locator(".eb-message").inner_text()
    page.reload()
    assert page.locator(".eb-message").count() == 0, "a reload sends nothing and says nothing"
    assert portal.house.whmcs.service(portal.order["service"])["password"] == NEW


def test_what_is_under_way_says_so_and_ends_by_itself(
    portal: Portal, open_page: Callable[..., Tab]
) -> None:
    page = open_page(viewport=PHONE).go(f"{portal.path}&language=german")
    portal.house.pause()
    try:
        change_password(page, "Later-Pass.04")
        page.wait_for_selector("text=wird gerade gesetzt. Bis dahin")
        assert barriers(page) == []
    finally:
        portal.house.resume()
    page.wait_for_selector("text=ist gesetzt.", timeout=60_000)
    assert page.locator(".eb-info").count() == 0
    assert portal.house.whmcs.service(portal.order["service"])["password"] == "Later-Pass.04"


def test_webmail_is_one_click_away(portal: Portal, open_page: Callable[..., Tab]) -> None:
    page = open_page().go(portal.path)
    target = page.locator("a.btn-primary").get_attribute("href")
    answer = portal.house.whmcs.get(str(target))
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("http")


WORDS = {
    "english": ("further addresses of {} are set", "forwarding of {} is set", "are being set"),
    "german": ("Adressen von {} sind gesetzt", "Weiterleitung von {} ist gesetzt", "werden gerade"),
    "spanish": (
        "cambiado las otras direcciones de {}",
        "cambiado el reenvío de {}",
        "Se están cambiando",
    ),
}


def at_enom(portal: Portal, address: str) -> dict[str, Any]:
    domain = portal.house.sim.control("/state")["domains"][address.partition("@")[2]]
    return dict(domain["mailboxes"][address]["attributes"])


def send(page: Page, do: str, text: str) -> str:
    page.locator("summary").first.click()
    page.locator(f"form:has(input[value={do}]) textarea").fill(text)
    page.locator(f"form:has(input[value={do}]) button").click()
    return page.locator(".eb-message").first.inner_text()


@pytest.mark.parametrize("language", WORDS)
def test_further_addresses_and_forwarding_of_a_single_mailbox(
    portal: Portal, open_page: Callable[..., Tab], language: str
) -> None:
    aliases_set, forwarding_set, going = WORDS[language]
    house, order = portal.house, portal.house.active()
    address = order["address"]
    sales = f"sales@{address.partition('@')[2]}"
    script = language != "german"
    tab = open_page(viewport=PHONE, java_script_enabled=script)
    page = tab.go(f"{portal.of(order['service'])}&language={language}")
    assert aliases_set.format(address) in send(page, "aliases", "sales")
    assert at_enom(portal, address)["aliases"] == [sales]
    assert page.locator("textarea").first.input_value() == sales
    assert forwarding_set.format(address) in send(page, "forwarding", "jane@example.net")
    assert at_enom(portal, address)["forward_recipients"] == ["jane@example.net"]
    assert page.locator("textarea").last.input_value() == "jane@example.net"
    if script:
        page.locator("summary").first.click()
        assert barriers(page) == []
        assert tab.overflow() <= 0
        page.locator("summary").first.click()
    house.pause()
    try:
        assert going in send(page, "aliases", "")
    finally:
        house.resume()
    house.quiet()
    if not script:  # else the page looks by itself
        page.goto(portal.of(order["service"]))
    page.wait_for_selector(f"text={aliases_set.format(address)}", timeout=60_000)
    assert page.locator("textarea").first.input_value() == ""
    assert at_enom(portal, address)["aliases"] == []
    assert house.status(order) == "Active"


@pytest.mark.parametrize("whmcs_looks", ["on", ""])
def test_what_is_another_customers_is_refused(
    portal: Portal, open_page: Callable[..., Tab], whmcs_looks: str
) -> None:
    """Every way in, tried with another's ids: once with WHMCS in the way, once with the module
    alone."""
    whmcs = portal.house.whmcs
    other = whmcs.add_client(firstname="Eve", lastname="Sample", email="eve@example.net")
    whmcs.settings(checks_owner=whmcs_looks)
    before = whmcs.service(portal.order["service"])["password"]
    refusals = refused(portal)
    tab = open_page()
    page = tab.go(f"{portal.path}&client={portal.house.client}")
    forms: list[dict[str, str]] = page.eval_on_selector_all(
        ".enombridge form", "all => all.map(form => Object.fromEntries(new FormData(form)))"
    )
    assert {form["enombridge[do]"] for form in forms} == {"password", "aliases", "forwarding"}
    tab.context.clear_cookies()
    page.goto(f"{portal.path}&client={other}")
    assert portal.order["address"] not in page.content()
    token = page.evaluate("document.querySelector('input[name=token]')?.value ?? ''")
    stolen = {"enombridge[password]": "Stolen-Pass.9", "enombridge[again]": "Stolen-Pass.9",
              "enombridge[aliases]": "stolen", "enombridge[forward]": "eve@example.net"}  # fmt: skip
    for form in forms:
        for changes in ({}, {"token": token}, {"enombridge[proof]": "x"}):
            sent = {**form, **stolen, **changes}
            answer = page.request.post(f"{portal.url}{portal.path}", form=sent)
            assert portal.order["address"] not in answer.text()
    native = {
        "modulechangepassword": "true",
        "newpw": "Stolen-Pass.9",
        "confirmpw": "Stolen-Pass.9",
    }
    page.request.post(f"{portal.url}{portal.path}", form=native)
    for way in (f"{portal.path}&dosinglesignon=1",
                f"clientarea.php?action=customaction&id={portal.order['service']}&number=0",
                f"{portal.path}&modop=custom&a=sendAnyway", f"{portal.path}&modop=custom&a=check"):  # fmt: skip
        answer = page.request.get(f"{portal.url}{way}", max_redirects=0)
        assert "session" not in answer.headers.get("location", "")
        assert answer.status in (302, 404)
    assert whmcs.service(portal.order["service"])["password"] == before
    assert "stolen" not in str(portal.house.sim.control("/state")["domains"][portal.domain])
    assert "eve@example.net" not in str(portal.house.sim.control("/state")["domains"])
    # The page, each form, WHMCS's own form and the page that follows, and two ways into webmail.
    reached = 0 if whmcs_looks else 1 + 3 * len(forms) + 2 + 2
    assert refused(portal) - refusals == reached, "what WHMCS let through is written down, each one"
    tab.faults.clear()  # the browser reports the 404


def refused(portal: Portal) -> int:
    return sum(
        "Refused on the customer's page" in line for line in portal.house.whmcs.state()["activity"]
    )


def test_a_mailbox_that_is_nearly_full_is_one_mail_and_a_bar(
    portal: Portal, open_page: Callable[..., Tab]
) -> None:
    house = portal.house
    order = house.active()
    box = {"address": order["address"], "password": PASSWORD}
    house.sim.control("/mailboxes", {**box, "used_bytes": 1020 << 20, "quota_bytes": 1 << 30})
    for _ in range(2):
        house.whmcs.cron(daily=True)

    def mails() -> list[dict[str, Any]]:
        sent = house.whmcs.state()["emails"]
        return [mail for mail in sent if order["address"] in mail["subject"]]

    until(lambda: len(mails()) == 1, 60, pause=0.2)
    assert "nearly full" in mails()[0]["subject"]
    assert f"productdetails&amp;id={order['service']}" in mails()[0]["message"]
    page = open_page(viewport=PHONE).go(portal.of(order["service"]))
    assert page.locator("meter").get_attribute("value") == "99"
    assert "Nearly full" in page.locator(".eb-facts").first.inner_text()
    assert barriers(page) == []
    house.whmcs.cron(daily=True)
    assert len(mails()) == 1
