"""Takes the pictures of the docs anew, by Chromium: the module's screens in the stand-in for
WHMCS, and the admin's pages."""

import logging
import subprocess
import tempfile
from pathlib import Path

import click
import structlog

from bridge.store import Database, upgrade
from tests.support.bridge import PASSWORD, add_domain
from tests.support.browser import DESK, NAMES, PHONE, Stand, Tab, chromium
from tests.support.company import NAMES as NAMES_OF_A_COMPANY
from tests.support.company import Company, product
from tests.support.customer import Portal, change_password
from tests.support.house import House
from tests.support.programs import found

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"


def take(browser: str, url: str, name: str, height: int) -> None:
    command = [
        browser,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--hide-scrollbars",
        "--force-device-scale-factor=1",
    ]
    picture = PICTURES / f"{name}.png"
    with tempfile.TemporaryDirectory() as profile:
        command += [
            f"--user-data-dir={profile}",
            f"--window-size=1000,{height}",
            f"--screenshot={picture}",
            url,
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if not picture.exists():
        raise click.ClickException(f"{url} was not taken: {done.stderr[-500:]}")
    click.echo(f"docs/pictures/{name}.png")


@click.command()
@click.option("--only", type=click.Choice(["whmcs", "admin"]), help="Only these.")
def main(only: str | None) -> None:
    browser = found(*NAMES)
    if browser is None:
        raise click.ClickException("Chromium is not installed: apt-get install chromium")
    PICTURES.mkdir(exist_ok=True)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    if only != "admin":
        with tempfile.TemporaryDirectory() as folder:
            portal = Portal(Path(folder), fresh(folder))
            try:
                shoot_customer(portal)
                shoot_company(portal)
                portal.house.whmcs.settings(Template="")
                shoot(browser, portal.house)
            finally:
                portal.close()
    if only != "whmcs":
        with tempfile.TemporaryDirectory() as folder:
            stand = Stand(Path(folder), fresh(folder))
            try:
                shoot_admin(stand)
            finally:
                stand.close()


def fresh(folder: str) -> str:
    """A database with the schema."""
    url = f"sqlite:///{folder}/bridge.sqlite3"
    database = Database(url)
    upgrade(database)
    database.close()
    return url


def shoot_customer(portal: Portal) -> None:
    """The customer's page in the theme Twenty-One, in English, German and Spanish."""
    house, service = portal.house, portal.order["service"]
    box = {"address": portal.order["address"], "password": PASSWORD, "quota_bytes": 1 << 30}
    house.sim.control("/mailboxes", {**box, "used_bytes": 640 << 20})
    house.whmcs.cron(daily=True)
    with chromium() as browser:
        shots = (("english", DESK, "client"), ("german", DESK, "client-german"),
                 ("spanish", PHONE, "client-spanish-phone"))  # fmt: skip
        for language, size, name in shots:
            tab = Tab(browser, portal, viewport=size)
            tab.go(f"{portal.of(service)}&language={language}")
            whole(tab, name)
        tab = Tab(browser, portal, viewport=PHONE)
        tab.go(f"{portal.of(service)}&language=german")
        house.pause()
        change_password(tab.page, "Another-Pass.02")
        tab.page.wait_for_selector(".eb-info")
        tab.page.screenshot(path=PICTURES / "whmcs-progress.png")
        click.echo("docs/pictures/whmcs-progress.png")
        house.resume()
        house.quiet()


def shoot_company(portal: Portal) -> None:
    """A domain with mailboxes: the customer's page in German and Spanish, and staff's."""
    house = portal.house
    company = Company(portal, product(house))
    company.adds(*NAMES_OF_A_COMPANY[:4])
    for number, name in enumerate(NAMES_OF_A_COMPANY[:4], 1):
        box = {"address": company.address(name), "password": PASSWORD, "quota_bytes": 1 << 30}
        house.sim.control("/mailboxes", {**box, "used_bytes": number * 240 << 20})
    house.whmcs.cron(daily=True)
    with chromium() as browser:
        for language, size, name in (
            ("german", DESK, "company"),
            ("spanish", PHONE, "company-phone"),
        ):
            tab = Tab(browser, portal, viewport=size)
            page = tab.go(f"{company.path}&language={language}")
            page.locator(f"section[aria-label='{company.address('bob')}'] summary").click()
            page.locator(".enombridge").screenshot(path=PICTURES / f"whmcs-{name}.png")
            click.echo(f"docs/pictures/whmcs-{name}.png")
        for name in ("info", "sales"):  # single mailboxes that staff may move there
            order = house.ordered(company.address(name))
            house.done(house.whmcs.pay(order["invoice"])["CreateAccount"], order, "Active")
        staff = Tab(browser, portal, viewport=DESK)
        staff.go(f"admin/clientsservices.php?as=admin&id={company.service}")
        whole(staff, "company-staff")


def whole(tab: Tab, name: str) -> None:
    tab.page.screenshot(path=PICTURES / f"whmcs-{name}.png", full_page=True)
    click.echo(f"docs/pictures/whmcs-{name}.png")


def shoot(browser: str, house: House) -> None:
    order, base = house.active(), house.whmcs.url
    house.whmcs.custom(order["service"], "check")
    take(
        browser,
        f"{base}admin/configproducts.php?as=admin&id={house.products['wait']}",
        "whmcs-product",
        1760,
    )
    tested = house.whmcs.submit(
        "admin/configservers.php", role="admin", id=house.server, test="1"
    ).headers["Location"]
    take(browser, base.rstrip("/") + tested + "&as=admin", "whmcs-server", 1000)
    house.pause()
    house.whmcs.command(order["service"], "SuspendAccount")
    take(
        browser,
        f"{base}admin/clientsservices.php?as=admin&id={order['service']}",
        "whmcs-admin",
        1350,
    )
    house.resume()
    house.quiet()


def shoot_admin(stand: Stand) -> None:
    busy(stand)
    with chromium() as browser:
        tab = Tab(browser, stand, viewport=DESK).sign_in()
        for name, path in (
            ("overview", "/admin/"),
            ("job", f"/admin/jobs/{stand.ids['held']}"),
            ("jobs", "/admin/jobs?address=amy@example.com"),
            ("mailbox", "/admin/mailboxes/amy@example.com"),
            ("approve", f"/admin/jobs/{stand.ids['held']}/approve"),
            ("callbacks", "/admin/callbacks"),
            ("drift", "/admin/drift"),
            ("inventory", "/admin/inventory"),
        ):
            tab.go(path)
            snap(tab, name)
        night = Tab(browser, stand, viewport=PHONE, color_scheme="dark").sign_in()
        snap(night, "phone")


def snap(tab: Tab, name: str) -> None:
    """What is seen at once: the rest is a matter of scrolling, and of size."""
    tab.page.screenshot(path=PICTURES / f"admin-{name}.png")
    click.echo(f"docs/pictures/admin-{name}.png")


def busy(stand: Stand) -> None:
    """A day with work in it, so that the figures have something to show."""
    scene = stand.scene
    add_domain(stand.sim, "example.net", expires="2027-04-02T00:00:00Z")
    scene.do("create", seconds=60, address="joe@example.net", service_id="12", password=PASSWORD)
    stand.sim.control(
        "/mailboxes", {"address": "bob@example.com", "password": PASSWORD, "settled": True}
    )
    for hour in range(20):
        for number in range(1 + hour % 4):
            scene.do("suspend" if hour % 2 else "unsuspend", seconds=60, service_id="7")
            if number == 2:
                address = f"n{hour}@example.com"
                scene.do(
                    "create", seconds=60, address=address, service_id=f"9{hour}", password=PASSWORD
                )
        scene.call_back(3400)
    scene.service.reconcile.account("main", "the bridge (nightly)")
    scene.hook("suspend", service_id="7")
    scene.engine.beat()


if __name__ == "__main__":
    main()
