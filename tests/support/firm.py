"""A hosting company: FOSSBilling with the plug-in, a bridge in a process of its own, Enom; and the
question whether they agree."""

import json
import uuid
from datetime import UTC, datetime, timedelta
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
from tests.support.fossbilling import CALLBACK, Fossbilling
from tests.support.house import mailbox_state
from tests.support.open_hooks import OpenHooks
from tests.support.process import Bridge
from tests.support.relay import Relay

SUSPENSION = {
    "batch_suspend_reason": "Not paid",
    "batch_cancel_suspended": 1,
    "batch_cancel_suspended_after_days": 7,
    "batch_cancel_suspended_reason": "Not paid for long",
}
STATES = {"active": "active", "suspended": "suspended"}
CONFIG: dict[str, Any] = {
    "bridge__wait_limit": 2,  # so that "in progress" needs no 20 seconds
    "account__settle": 1,
    "account__timeout": 6,
    "account__max_in_flight": 16,
    "worker__concurrency": 16,
}


def day(days: int) -> str:
    """So many days from now, as FOSSBilling writes a time."""
    return (datetime.now(UTC) + timedelta(days=days)).strftime("%Y-%m-%d %H:%M:%S")


class Firm(OpenHooks):
    """`callback` False: FOSSBilling cannot be reached from the bridge."""

    def __init__(
        self, folder: Path, database: str, *, callback: bool = True, **changes: Any
    ) -> None:
        self.sim = Simulator(1).start()
        furnish(self.sim, pak=False)
        plugins.pack("fossbilling", folder / "plugin.zip")
        self.billing = Fossbilling(folder, folder / "plugin.zip")
        self.relay = Relay(self.billing.url)
        self.database = database
        where = self.relay.url(CALLBACK) if callback else ""
        (folder / "bridge").mkdir()
        self.config = write_config(
            folder / "bridge", self.sim, database, where, **{**CONFIG, **changes}
        )
        self.bridge = Bridge(self.config)
        self._place()
        self.billing.call("config", module="order", values=SUSPENSION)
        self.products = {how: self.product(progress=how) for how in ("wait", "success")}

    def _place(self) -> None:
        """The module's settings lead to the bridge that runs now."""
        where = {"host": "127.0.0.1", "port": str(self.bridge.port), "secure": "0"}
        given = {"id": 1, "name": "Bridge", "source": "shop", "secret": SECRET, **where}
        assert self.billing.api("admin", "server_save", **given) == (1, "")

    def product(self, **config: str) -> int:
        config = {"server": "1", "plan": "basic", "webmail": "https://webmail.example.com"} | config
        return int(self.billing.call("product", config=config)["id"])

    def enom_bridge(self, *arguments: str) -> None:
        """A command as an admin of the bridge gives it."""
        done = CliRunner().invoke(main, ["--config", str(self.config), *arguments])
        assert done.exit_code == 0, done.output

    def pause(self) -> None:
        """Jobs wait until `resume`."""
        self.enom_bridge("pause", "account", "main")

    def resume(self) -> None:
        self.enom_bridge("resume", "account", "main")

    def restart(self) -> None:
        """A bridge that was stopped or killed comes back."""
        self.bridge.close()
        self.bridge = Bridge(self.config)
        self._place()

    def down(self) -> None:
        self.bridge.kill()

    def back(self) -> None:
        """The bridge is there again, and the next cron run comes."""
        self.restart()
        self.later()
        self.billing.cron()
        self.quiet()

    def address(self) -> str:
        """A mailbox in a domain of its own, so that no job waits for another's."""
        domain = f"d-{uuid.uuid4().hex[:8]}.test"
        add_domain(self.sim, domain)
        return f"jane@{domain}"

    def ordered(self, how: str = "wait", paid: str = "", address: str = "") -> dict[str, Any]:
        """`id`, `invoice` and `address` of an order that is not paid yet."""
        address = address or self.address()
        found = self.billing.call(
            "checkout",
            "client",
            client=1,
            product=self.products[how],
            data={"mailbox": address},
            paid=paid,
        )
        assert found["said"] == "", found
        done = found["done"]
        return {"id": done["order"], "invoice": done["invoice"], "address": address}

    def active(self, how: str = "wait") -> dict[str, Any]:
        """An order that is paid, and whose mailbox is there."""
        order = self.ordered(how)
        self.billing.pay(order["invoice"])
        self.becomes(order, "active")
        until(lambda: order["id"] not in self.pending())
        return order

    def overdue(self, order: dict[str, Any], days: int = 10) -> int:
        """Since so many days; the number of the invoice that would renew it."""
        self.expires(order, -days)
        return self.billing.renewal(order["id"])

    def expires(self, order: dict[str, Any], days: int) -> None:
        self.billing.call("set", id=order["id"], values={"expires_at": day(days)})

    def slow(self, command: str, seconds: float = 3.5, **more: Any) -> None:
        self.sim.control("/faults", {"command": command, "fault": "slow", "delay": seconds, **more})

    def status(self, order: dict[str, Any]) -> str:
        return str(self.billing.order(order["id"]).get("status", "gone"))

    def becomes(self, order: dict[str, Any], status: str, seconds: float = 60.0) -> None:
        until(
            lambda: self.status(order) == status,
            seconds,
            pause=0.1,
            why=lambda: f"{self.status(order)} {self.billing.history(order['id'])}",
        )

    def at_enom(self, address: str) -> str:
        return mailbox_state(self.sim.control("/state"), address)

    def set_services(self, address: str, value: str) -> None:
        """What somebody above the reseller does to a mailbox."""
        services = dict.fromkeys(SERVICES, value)
        self.sim.control("/services", {"address": address, "services": services, "level": "higher"})

    def kept(self, order: int) -> dict[str, Any]:
        """What the module still holds as open of this order, by what it is about."""
        return self.open_hooks()[order]

    @property
    def data(self) -> Path:
        return self.billing.storage / "own.sqlite"

    def quiet(self, seconds: float = 90.0) -> None:
        """No job is open at the bridge, and no callback on its way."""
        look = open_ends(self.database)
        until(lambda: not look()[1], seconds, pause=0.1)

    def differences(self) -> list[str]:
        """Every order of which billing and Enom do not say the same; and what PHP complained of."""
        state = self.billing.state()
        found = [str(fault) for fault in state["faults"]]
        enom = self.sim.control("/state")
        for order in state["orders"]:
            address = json.loads(order["config"])["mailbox"]
            there = mailbox_state(enom, address)
            if there != STATES.get(order["status"], "absent"):
                found.append(f"order {order['id']}: FOSSBilling {order['status']}, Enom {there}")
        return found

    def close(self) -> None:
        self.bridge.close()
        self.billing.close()
        self.relay.close()
        self.sim.stop()
