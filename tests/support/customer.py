"""The customer's page of WHMCS, with a DNS that has something wrong with it, and a browser in
front of it."""

from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.support.house import House
from tests.support.names import NameServer

VERSIONS = {8: "8.13.1-release.1", 9: "9.0.5-release.1"}


class Portal:
    """A hosting company whose bridge looks into a DNS of ours, and one customer of it.

    `path` leads to the page of the customer's service.
    """

    def __init__(self, folder: Path, database: str, **changes: Any) -> None:
        self.names = NameServer()
        host, port = self.names.address
        self.house = House(
            folder,
            database,
            bridge__resolver=f"{host}:{port}",
            account__mail_hosts=["hostedemail.com"],
            source__events=["mailbox.nearly_full"],
            **changes,
        )
        self.theme("twenty-one", 9)
        self.url = self.house.whmcs.url
        self.order = self.house.active()
        self.domain = self.order["address"].partition("@")[2]
        self.names.put(self.domain, [f"10 mx.{self.domain}.cust.a.hostedemail.com."])
        self.names.records[self.domain, "NS"] = ["ns1.example.net."]
        self.path = self.of(self.order["service"])

    def of(self, service: int) -> str:
        return f"clientarea.php?as=client&action=productdetails&id={service}"

    def theme(self, name: str, version: int = 9) -> None:
        self.house.whmcs.settings(Version=VERSIONS[version], Template=name)

    def close(self) -> None:
        self.house.close()
        self.names.close()


def barriers(page: Page) -> list[str]:
    """All that axe finds in the part that is ours, however small."""
    found = Axe().run(page, context=".enombridge").response["violations"]
    return [f"{each['id']}: {each['nodes'][0]['html']}" for each in found]


def change_password(page: Page, password: str, again: str = "") -> None:
    page.locator("summary").first.click()
    page.locator("input[name='enombridge[password]']").first.fill(password)
    page.locator("input[name='enombridge[again]']").first.fill(again or password)
    page.locator("details button[type=submit]").first.click()
