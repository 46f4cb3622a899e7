"""A hosting company: WHMCS with the plug-in, a bridge in a process of its own, Enom; and the
question whether they agree."""

import uuid
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from bridge.cli import main
from bridge.sim import Simulator
from bridge.sim.state import SERVICES
from contrib import plugins
from tests.support.audit import open_ends
from tests.support.billing import SECRET, until
from tests.support.bridge import add_domain, furnish, write_config
from tests.support.open_hooks import OpenHooks
from tests.support.process import Bridge
from tests.support.relay import Relay
from tests.support.whmcs import Whmcs

CALLBACK = "modules/servers/enombridge/callback.php?server=1"
FIELD = "Mailbox address"
STATES = {"Active": "active", "Suspended": "suspended"}
CONFIG: dict[str, Any] = {
    "bridge__wait_limit": 2,  # so that "in progress" needs no 20 seconds
    "account__settle": 1,
    "account__timeout": 6,
    "account__max_in_flight": 16,
    "worker__concurrency": 16,
    "source__platform": "whmcs",
}


def mailbox_state(enom: dict[str, Any], address: str) -> str:
    """active, suspended or absent, in what the simulator tells of itself."""
    box = enom["domains"][address.partition("@")[2]]["mailboxes"].get(address)
    return "absent" if box is None else str(box["status"])


class House(OpenHooks):
    """`callback` False: WHMCS cannot be reached from the bridge."""

    def __init__(
        self, folder: Path, database: str, *, callback: bool = True, **changes: Any
    ) -> None:
        self.sim = Simulator(1).start()
        furnish(self.sim, pak=False)
        plugins.pack("whmcs", folder / "plugin.zip")
        self.whmcs = Whmcs(folder, folder / "plugin.zip")
        self.relay = Relay(self.whmcs.url.rstrip("/"))
        self.database = database
        where = self.relay.url(CALLBACK) if callback else ""
        (folder / "bridge").mkdir()
        self.config = write_config(
            folder / "bridge", self.sim, database, where, **{**CONFIG, **changes}
        )
        self.bridge = Bridge(self.config)
        self.server = self._place()
        self.products = {how: self._product(how) for how in ("wait", "success")} | {
            "large": self._product("wait", "large")
        }
        self.client = self.whmcs.add_client(
            firstname="Jane", lastname="O'Example", email="jane@example.net"
        )
        self._domains = 0

    def _place(self, **id: int) -> int:
        """The server's row of WHMCS leads to the bridge that runs now."""
        where = {"hostname": "127.0.0.1", "port": self.bridge.port, "secure": False}
        return self.whmcs.add_server(name="Bridge", username="shop", password=SECRET, **where, **id)

    def _product(self, how: str, plan: str = "basic") -> int:
        settings = {
            "1": plan,
            "2": "field",
            "3": FIELD,
            "5": how,
            "6": "1",
            "7": "https://webmail.example.com",
        }
        settings |= {"8": "imap.example.com", "9": "smtp.example.com"}
        return self.whmcs.save_product(
            name=f"Mailbox {plan} ({how})", settings=settings, custom_fields=[FIELD]
        )

    def existing(self, how: str, count: int, domains: int) -> dict[str, int]:
        """Services by mailbox: active, due since ten days, at Enom since long, and taken over by
        the bridge."""
        for number in range(domains):
            domain = f"m{number}.test"
            self.sim.control("/domains", {"uid": "reseller", "domain": domain})
            pak = self.sim.control("/paks", {"domain": domain, "size": -(-count // domains)})
            for box in range(number, count, domains):
                made = {
                    "address": f"box{box}@{domain}",
                    "password": "Existing-Box.1",
                    "bundle": pak["bundle"],
                    "settled": True,
                }
                self.sim.control("/mailboxes", made)
        boxes = [f"box{number}@m{number % domains}.test" for number in range(count)]
        services = self.whmcs.existing(self.client, self.products[how], self.server, FIELD, boxes)
        listed = self.config.with_name("services.csv")
        listed.write_text(
            "service_id,address\n"
            + "".join(f"{service},{box}\n" for box, service in services.items())
        )
        self.enom_bridge("mailboxes", "import", "--csv", str(listed), "--source", "shop", "--apply")
        return services

    def enom_bridge(self, *arguments: str) -> str:
        """A command as an admin of the bridge gives it; what it prints."""
        done = CliRunner().invoke(main, ["--config", str(self.config), *arguments])
        assert done.exit_code == 0, done.output
        return done.output

    def pause(self) -> None:
        """Jobs wait until `resume`."""
        self.enom_bridge("pause", "account", "main")

    def resume(self) -> None:
        self.enom_bridge("resume", "account", "main")

    def restart(self) -> None:
        """A bridge that was stopped or killed comes back."""
        self.bridge.close()
        self.bridge = Bridge(self.config)
        self._place(id=self.server)

    def down(self) -> None:
        self.bridge.kill()

    def address(self) -> str:
        """A mailbox in a domain of its own, so that no job waits for another's."""
        self._domains += 1
        domain = f"d{self._domains}-{uuid.uuid4().hex[:6]}.test"
        add_domain(self.sim, domain)
        return f"jane@{domain}"

    def ordered(self, address: str = "", how: str = "wait") -> dict[str, Any]:
        """`service`, `invoice`, `address` of an order that is not paid yet."""
        address = address or self.address()
        order = self.whmcs.order(
            self.client,
            self.products[how],
            custom_fields={FIELD: address},
            domain="",
            server=self.server,
        )
        return {**order, "address": address}

    def active(self, how: str = "wait") -> dict[str, Any]:
        """An order that is paid, and whose mailbox is there."""
        order = self.ordered(how=how)
        self.done(self.whmcs.pay(order["invoice"])["CreateAccount"], order, "Active")
        return order

    def done(self, answer: str, order: dict[str, Any], status: str) -> None:
        """The module's answer is success, or on a busy machine that it is in progress; then the
        service has that status."""
        assert answer == "success" or "In progress" in answer, answer
        self.becomes(order, status)
        if answer != "success":
            until(lambda: order["service"] not in self.pending(), 60, pause=0.1)

    def slow(self, command: str, seconds: float = 3.5, **more: Any) -> None:
        self.sim.control("/faults", {"command": command, "fault": "slow", "delay": seconds, **more})

    def status(self, order: dict[str, Any]) -> str:
        return str(self.whmcs.service(order["service"])["status"])

    def becomes(self, order: dict[str, Any], status: str, seconds: float = 60.0) -> None:
        until(lambda: self.status(order) == status, seconds, pause=0.1)

    def at_enom(self, address: str) -> str:
        return mailbox_state(self.sim.control("/state"), address)

    def set_services(self, address: str, value: str) -> None:
        """What somebody above the reseller does to a mailbox."""
        services = dict.fromkeys(SERVICES, value)
        self.sim.control("/services", {"address": address, "services": services, "level": "higher"})

    def welcomed(self, order: dict[str, Any]) -> int:
        mails = self.whmcs.state()["emails"]
        return sum(mail["relid"] == order["service"] and mail["kind"] == "client" for mail in mails)

    @property
    def data(self) -> Path:
        return next(
            path
            for path in (self.whmcs.root / "storage").iterdir()
            if path.suffix in (".sqlite", ".sqlite3")
        )

    def quiet(self, seconds: float = 90.0) -> None:
        """No job is open at the bridge, and no callback on its way."""
        look = open_ends(self.database)
        until(lambda: not look()[1], seconds, pause=0.1)

    def differences(self) -> list[str]:
        """Every service of which billing and Enom do not say the same; and what PHP complained
        of."""
        found = [str(fault) for fault in self.whmcs.faults()]
        enom = self.sim.control("/state")
        for service in self.whmcs.state()["services"]:
            # An upgrade to another product empties the field.
            address, status = (
                service["customfields"].get(FIELD) or service["username"],
                service["status"],
            )
            there = mailbox_state(enom, address)
            if there != STATES.get(status, "absent"):
                found.append(f"service {service['id']}: WHMCS {status}, Enom {there}")
        return found

    def close(self) -> None:
        self.bridge.close()
        self.whmcs.close()
        self.relay.close()
        self.sim.stop()
