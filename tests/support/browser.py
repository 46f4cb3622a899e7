"""The system's Chromium in front of a bridge that has every state in it; what a page did wrong
is kept."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from bridge.config import HostPort
from bridge.sim import Simulator
from bridge.web.server import Server
from tests.support.admin import FULL, Visitor, fill
from tests.support.bench import Clock
from tests.support.bridge import furnish
from tests.support.names import NameServer
from tests.support.programs import needed
from tests.support.scene import Scene

NAMES = ("chromium", "chromium-browser", "google-chrome")
LONG_SPF = "".join(f" ip4:192.0.2.{n}/32" for n in range(9))
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}


@contextmanager
def chromium() -> Iterator[Browser]:
    program = needed(*NAMES)
    with sync_playwright() as driver:
        # As root, as in a container, Chromium has no sandbox of its own.
        flags = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = driver.chromium.launch(
            executable_path=program,
            args=[*flags, "--disable-gpu", "--disable-dev-shm-usage"],
        )
        try:
            yield browser
        finally:
            browser.close()


class Stand:
    """A bridge with every state in it, on a port of this machine."""

    def __init__(self, folder: Path, database: str) -> None:
        clock = Clock()
        self.sim = Simulator(seed=7, clock=clock).start()
        furnish(self.sim)
        self.names = names_in_trouble()
        host, port = self.names.address
        dns = {"bridge__resolver": f"{host}:{port}", "account__mail_hosts": ["hostedemail.com"]}
        self.scene = Scene(folder, self.sim, clock, database, **FULL | dns)
        self.ids = fill(self.scene)
        self.server = Server(self.scene.app, HostPort("127.0.0.1", 0), None)
        self.server.start()
        self.url = f"http://127.0.0.1:{self.server.port}"

    def link(self, acts: bool = True, who: str = "jane (link)") -> str:
        return f"{self.url}/admin/sign-in#{Visitor(self.scene).code(acts, who=who)}"

    def close(self) -> None:
        self.server.stop()
        self.scene.close()
        self.sim.stop()
        self.names.close()


def names_in_trouble() -> NameServer:
    """What strangers publish: a long record, a long name, and nothing where something should be."""
    names = NameServer()
    names.put("example.com", [f"10 {'m' * 60}.{'x' * 60}.example.net."], f"v=spf1{LONG_SPF} ~all")
    names.records["example.com", "NS"] = ["ns1.example.net.", f"{'n' * 60}.example.net."]
    names.records["key1.example.com.dkim.hostedemail.link", "TXT"] = ['"v=DKIM1; p=MIGf"']
    names.failing_about = {"_dmarc.example.com"}
    return names


class Served(Protocol):
    """What a browser looks at: pages at an address."""

    url: str


class Tab:
    """One browser of its own.

    `faults`: what it complained of; a page that a policy forbids something tells it there.
    """

    def __init__(self, browser: Browser, stand: Served, **options: Any) -> None:
        self.stand, self.faults = stand, list[str]()
        self.context = browser.new_context(base_url=stand.url, **{"viewport": DESK, **options})
        self.context.set_default_timeout(30_000)
        self.page: Page = self.context.new_page()
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.faults.append(message.text)

    def sign_in(self, acts: bool = True) -> "Tab":
        assert isinstance(self.stand, Stand)
        self.page.goto(self.stand.link(acts))
        if not self.page.input_value("#code"):  # without JavaScript it is pasted
            self.page.fill("#code", self.page.url.partition("#")[2])
        self.page.click("#code-form button")
        self.page.wait_for_url("**/admin/")
        return self

    def go(self, path: str) -> Page:
        self.page.goto(path)
        return self.page

    def barriers(self, *rules: str) -> list[str]:
        """What axe finds serious or worse, with the first place of each; with some of its rules
        only, or with all."""
        options: dict[str, Any] = (
            {"runOnly": {"type": "rule", "values": list(rules)}} if rules else {}
        )
        options["resultTypes"] = ["violations"]
        if self.page.evaluate(
            "'axe' in window"
        ):  # this page was asked before: it is half a megabyte to read
            found = self.page.evaluate("options => axe.run(document, options)", options)[
                "violations"
            ]
        else:
            found = Axe().run(self.page, options=options).response["violations"]
        bad = [each for each in found if each["impact"] in ("serious", "critical")]
        return [
            (
                f"{each['id']}: {each['nodes'][0]['html']} "
                f"({each['nodes'][0].get('failureSummary', '')})"
            )
            for each in bad
        ]

    @contextmanager
    def dark(self) -> Iterator[None]:
        """The page as somebody sees it who prefers dark colours."""
        self.page.emulate_media(color_scheme="dark")
        yield
        self.page.emulate_media(color_scheme="light")

    def overflow(self) -> int:
        """Pixels that the page is wider than the window."""
        return int(
            self.page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
        )


Open = Callable[..., Tab]
__all__ = ["DESK", "NAMES", "PHONE", "Open", "Stand", "Tab", "chromium"]
