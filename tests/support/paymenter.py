"""A Paymenter that is none: tests/paymenter/standin with the extension unpacked into it; and a
hosting company with it, a bridge and Enom, that can be asked whether they agree.

Each event runs where it would at a hoster: what people do in a web request, jobs in a worker,
results in a process of the scheduler. Nothing is mocked between the extension and the bridge.
"""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import uuid
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any

import requests
from click.testing import CliRunner

from bridge.cli import main
from bridge.sim import Simulator
from contrib import plugins
from tests.support.audit import open_ends
from tests.support.billing import SECRET, until, until_free
from tests.support.bridge import add_domain, furnish, write_config
from tests.support.house import mailbox_state
from tests.support.open_hooks import OpenHooks
from tests.support.postgres import free_port
from tests.support.process import Bridge
from tests.support.relay import Relay

TREE = Path(__file__).parents[1] / "paymenter" / "standin"
PATH = "extensions/servers/enom-bridge"
STATES = {"active": "active", "suspended": "suspended"}
CONFIG: dict[str, Any] = {
    "bridge__wait_limit": 2,  # so that "in progress" needs no 20 seconds
    "account__settle": 1,
    "account__timeout": 6,
    "account__max_in_flight": 16,
    "worker__concurrency": 16,
    "source__platform": "paymenter",
}


class Refused(Exception):
    """The stand-in could not do what was asked: a test's own mistake, never an answer of the
    extension."""


class Paymenter:
    """An installation, its web server running until `close`. `web` and `cli` call a verb of
    standin/Verbs.php: in a request, where the user `by` is signed in, or in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "paymenter"
        shutil.copytree(TREE, self.root)
        plugins.pack("paymenter", folder / "plugin.zip")
        with zipfile.ZipFile(folder / "plugin.zip") as archive:
            archive.extractall(self.root / "extensions" / "Servers")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        (self.root / "storage").mkdir()
        (self.root / "storage" / "url").write_text(self.url)
        self.log = folder / "paymenter.log"
        self._server: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """A shell holds it: when these tests end, also by kill -9, its pipe closes and the group
        goes with all workers."""
        php = f"php -d display_errors=0 -S 127.0.0.1:{self.port} -t . router.php"
        with self.log.open("ab") as log:
            self._server = subprocess.Popen(
                ["/bin/sh", "-c", f"{php} </dev/null & read x; kill -KILL 0"],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd=self.root,
                env={**os.environ, "PHP_CLI_SERVER_WORKERS": "4"},
                start_new_session=True,
            )
        until(self._answers, 60, why=self.log.read_text)

    def _answers(self) -> bool:
        try:
            return self._post(f"{self.url}/standin/ping", "[]").ok
        except (requests.ConnectionError, requests.Timeout):
            return False

    def stop(self) -> None:
        """At once, as when the machine goes down."""
        if self._server is not None:
            os.killpg(self._server.pid, signal.SIGKILL)
            self._server.wait(60)
            assert self._server.stdin is not None
            self._server.stdin.close()
            self._server = None
            until_free(self.port)

    def web(self, verb: str, by: int = 0, **values: Any) -> dict[str, Any]:
        url = f"{self.url}/standin/{verb}?as={by}"
        answer = self._post(url, json.dumps(values))
        if answer.status_code != 200:
            log = self.log.read_text()[-3000:]
            raise Refused(f"{verb}: {answer.status_code} {answer.text[:500]}\n{log}")
        found: dict[str, Any] = answer.json()
        return found

    def process(self, verb: str, **values: Any) -> subprocess.Popen[str]:
        return subprocess.Popen(
            ["php", "-d", "display_errors=stderr", "standin.php", verb, json.dumps(values or {})],
            cwd=self.root,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def cli(self, verb: str, **values: Any) -> dict[str, Any]:
        running = self.process(verb, **values)
        said, wrong = running.communicate(timeout=600)
        if running.returncode:
            raise Refused(f"{verb}: {running.returncode} {wrong[-3000:]}")
        found: dict[str, Any] = json.loads(said)
        return found

    def submit(self, path: str, by: int = 0, **form: str) -> int:
        """A form of the extension; the status of the answer."""
        return self._post(f"{self.url}/{path}?as={by}", form).status_code

    def _post(self, url: str, data: Any) -> requests.Response:
        with requests.Session() as web:  # one session is not for several threads
            web.trust_env = False
            return web.post(url, data=data, allow_redirects=False, timeout=600)

    @property
    def data(self) -> Path:
        return self.root / "storage" / "database.sqlite"

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.data, timeout=60)) as database, database:
            return database.execute(sql, values).fetchall()


class Company(OpenHooks):
    """`callback` False: Paymenter cannot be reached from the bridge."""

    table = "ext_enombridge"

    def __init__(self, folder: Path, database: str, *, callback: bool = True) -> None:
        self.sim = Simulator(1).start()
        furnish(self.sim, pak=False)
        self.shop = Paymenter(folder)
        self.relay = Relay(f"{self.shop.url}")
        self.database = database
        where = self.relay.url(f"{PATH}/callback?server=1") if callback else ""
        (folder / "bridge").mkdir()
        self.config = write_config(folder / "bridge", self.sim, database, where, **CONFIG)
        self.bridge = Bridge(self.config)
        self.place()
        add = self.shop.cli
        self.products = {
            plan: int(add("product", name=plan, server=1, settings={"plan": plan})["id"])
            for plan in ("basic", "large")
        }
        self.customer = int(add("user", first="Jane", last="O'Example")["id"])
        add("schedule")
        self.staff = int(add("user", first="Stan", last="Staff", staff=True)["id"])

    def place(self, id: int = 0) -> None:
        """The server's settings lead to the bridge that runs now."""
        url = f"http://127.0.0.1:{self.bridge.port}"
        settings = {"bridge_url": url, "source": "shop", "secret": SECRET}
        settings["webmail"] = "https://webmail.example.com"
        self.shop.cli("server", settings=settings, id=id)

    def enom_bridge(self, *arguments: str) -> str:
        done = CliRunner().invoke(main, ["--config", str(self.config), *arguments])
        assert done.exit_code == 0, done.output
        return done.output

    def restart(self) -> None:
        """A bridge that was stopped or killed comes back."""
        self.bridge.close()
        self.bridge = Bridge(self.config)
        self.place(1)

    def down(self) -> None:
        self.bridge.kill()

    def slow(self, command: str, seconds: float = 3.5) -> None:
        self.sim.control("/faults", {"command": command, "fault": "slow", "delay": seconds})

    def ordered(self, **more: Any) -> dict[str, Any]:
        """`service`, `invoice`, `address` of an order that is not paid yet."""
        domain = f"d{uuid.uuid4().hex[:8]}.test"
        add_domain(self.sim, domain)
        address = f"jane@{domain}"
        values = {"user": self.customer, "product": self.products["basic"], "mailbox": address}
        return {**self.shop.web("order", **{**values, **more}), "address": address}

    def active(self) -> dict[str, Any]:
        order = self.ordered()
        self.pay(order["invoice"])
        self.becomes(order, "active")
        self.quiet()
        until(lambda: order["service"] not in self.pending(), 60, pause=0.1)
        return order

    def pay(self, invoice: int) -> list[str]:
        """What the jobs of it failed with."""
        self.shop.web("pay", by=self.customer, invoice=invoice)
        return self.work()

    def lose_jobs(self) -> None:
        """As when a worker that has taken them is killed before the extension runs."""
        assert self.shop.rows("DELETE FROM jobs RETURNING id")

    def work(self) -> list[str]:
        """A worker empties the queue: what its jobs failed with."""
        return [str(said) for said in self.shop.cli("work")["said"]]

    def cron(self) -> list[str]:
        """The daily run, and what its jobs failed with."""
        self.shop.cli("cron")
        return self.work()

    def overdue(self, order: dict[str, Any], days: int = 5) -> int:
        """The unpaid invoice; cron suspends from 3 days on and terminates from 15 days on."""
        return int(self.shop.cli("overdue", service=order["service"], days=days)["invoice"])

    def trigger(self, order: dict[str, Any], function: str) -> str:
        """What staff reads; empty: done."""
        values = {"service": order["service"], "function": function}
        return str(self.shop.web("trigger", by=self.staff, **values)["error"])

    def status(self, order: dict[str, Any]) -> str:
        found = self.shop.rows("SELECT status FROM services WHERE id = ?", order["service"])
        return str(found[0][0]) if found else "gone"

    def becomes(self, order: dict[str, Any], status: str, seconds: float = 60.0) -> None:
        until(lambda: self.status(order) == status, seconds, pause=0.1, why=self.told)

    def at_enom(self, order: dict[str, Any]) -> str:
        return mailbox_state(self.sim.control("/state"), order["address"])

    def mails(self, order: dict[str, Any]) -> list[str]:
        """Templates of the mails about this service."""
        sql = "SELECT template FROM emails WHERE service = ? ORDER BY id"
        return [str(row[0]) for row in self.shop.rows(sql, order["service"])]

    def alerts(self, text: str) -> list[str]:
        """Mails to staff with this text."""
        sql = "SELECT data FROM emails WHERE template LIKE 'system:%' ORDER BY id"
        return [str(row[0]) for row in self.shop.rows(sql) if text in row[0]]

    def told(self) -> str:
        """All that staff was told."""
        return "\n".join(str(row[0]) for row in self.shop.rows("SELECT text FROM log"))

    def audited(self, order: dict[str, Any]) -> str:
        """What the service's audit log says."""
        sql = "SELECT new FROM audits WHERE service = ?"
        return "\n".join(str(row[0]) for row in self.shop.rows(sql, order["service"]))

    @property
    def data(self) -> Path:
        return self.shop.data

    def later(self) -> None:
        """As if an hour had gone by: then the scheduler runs."""
        super().later()
        self.shop.cli("schedule")

    def quiet(self, seconds: float = 90.0) -> None:
        """No job is open at the bridge, and no callback on its way."""
        look = open_ends(self.database)
        until(lambda: not look()[1], seconds, pause=0.1)

    def back(self) -> None:
        """The bridge is there again, and the scheduler runs."""
        self.restart()
        self.later()
        self.quiet()

    def differences(self) -> list[str]:
        """Every service of which Paymenter and Enom do not say the same; and what went wrong that
        nobody thought of."""
        found = [
            line for line in self.told().splitlines() if "unexpected" in line or "Error" in line
        ]
        enom = self.sim.control("/state")
        sql = (
            "SELECT s.id, s.status, p.value FROM services s JOIN properties p ON p.model_id = s.id"
            " AND p.key = 'mailbox' ORDER BY s.id"
        )
        for service, status, address in self.shop.rows(sql):
            there = mailbox_state(enom, address)
            if there != STATES.get(status, "absent"):
                found.append(f"service {service}: Paymenter {status}, Enom {there}")
        return found

    def close(self) -> None:
        self.bridge.close()
        self.shop.stop()
        self.relay.close()
        self.sim.stop()
