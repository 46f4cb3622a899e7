"""A configured bridge beside a simulator, in this process."""

from pathlib import Path
from typing import Any

from bridge import config, wiring
from bridge.sim import Simulator
from bridge.web import create_app
from bridge.web.server import Server
from tests.support.billing import SECRET, Billing

KEY = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
TOKEN = "PLANTEDTOKEN4ENOM1234567890ABCDEFGHIJKL"
HOSTED_PASSWORD = "Planted-Hosted-9"
PASSWORD = "Planted-Secret.7"


def write_config(
    folder: Path, sim: Simulator, database: str = "", callback: str = "", **changes: Any
) -> Path:
    """A bridge.toml for `sim`.

    Changes: section__key=value, for example account__purchase="paks".
    """
    sections: dict[str, dict[str, Any]] = {
        "bridge": {
            "listen": "127.0.0.1:0",
            "metrics_listen": "",
            "keys": [KEY],
            "database": database or "sqlite:///bridge.sqlite3",
        },
        "worker": {"concurrency": 4},
        "safety": {
            "max_terminations_per_hour": 0,
            "max_purchases_per_day": 0,
            "max_creations_per_day": 0,
            "max_suspended_share": 0,
        },
        "admin": {},
        "accounts.main": {
            "uid": "reseller",
            "token": TOKEN,
            "endpoint": sim.endpoint,
            "suspend_with": "hosted-email",
            "settle": 2,
            "timeout": 5,
            "mail_hosts": [],  # no DNS of the outside in tests
        },
        "accounts.main.hosted_email": {
            "endpoint": sim.hosted_email,
            "user": "admin@reseller.example",
            "password": HOSTED_PASSWORD,
        },
        "plans.basic": {"quota_gb": 1},
        "plans.large": {"quota_gb": 25},
        "sources.shop": {
            "platform": "standard",
            "account": "main",
            "secrets": [SECRET],
            "callback": callback,
            "callback_loopback": True,
        },
    }
    names = {
        "account": "accounts.main",
        "hosted": "accounts.main.hosted_email",
        "source": "sources.shop",
        "api": "sources.shop.api",
        "map": "sources.shop.map",
        "when": "sources.shop.when",
        "suspend": "accounts.main.commands.suspend",
        "unsuspend": "accounts.main.commands.unsuspend",
    }
    for name, value in changes.items():
        section, _, key = name.partition("__")
        if value is None:
            del sections[names.get(section, section)]
        else:
            sections.setdefault(names.get(section, section), {})[key] = value
    if sections["accounts.main"].get("backend") == "hosted-email":
        for key in ("uid", "token", "endpoint", "purchase"):
            sections["accounts.main"].pop(key, None)
    lines = [
        f"[{name}]\n" + "".join(f"{key} = {toml(value)}\n" for key, value in keys.items())
        for name, keys in sections.items()
    ]
    path = folder / "bridge.toml"
    path.write_text("\n".join(lines))
    path.chmod(0o600)
    return path


def toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name} = {toml(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(toml(item) for item in value) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)


def furnish(sim: Simulator, domain: str = "example.com", pak: bool = True) -> None:
    """An account with credentials and a domain, with a pak of ten."""
    sim.control("/accounts", {
        "uid": "reseller",
        "token": TOKEN,
        "environment": "test",
        "balance": 5000.0,
        "allow": ["127.0.0.1"],
        "hosted_user": "admin@reseller.example",
        "hosted_password": HOSTED_PASSWORD,
    })  # fmt: skip
    add_domain(sim, domain, pak)


def add_domain(
    sim: Simulator, domain: str, pak: bool = True, expires: str = "2030-01-01T00:00:00Z"
) -> int:
    """The number of its pak, or 0."""
    sim.control("/domains", {"uid": "reseller", "domain": domain})
    if not pak:
        return 0
    return int(
        sim.control("/paks", {"domain": domain, "size": 10, "expires": expires, "kind": "pak"})[
            "bundle"
        ]
    )


class Running:
    """A bridge that serves and works, until `close`."""

    def __init__(self, path: Path, tuning: wiring.Tuning | None = None, work: bool = True) -> None:
        self.settings = config.load(path, {})
        self.service = wiring.build(self.settings, tuning)
        wiring.prepare(self.service)
        wiring.correct_future_times(self.service)
        self.app = create_app(self.service)
        self.server = Server(self.app, config.HostPort("127.0.0.1", 0), None)
        self.server.start()
        self.engine = self.service.new_engine()
        self.working = work
        if work:
            self.engine.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"

    @property
    def hooks(self) -> str:
        return f"{self.url}/hooks/shop"

    @property
    def query(self) -> str:
        return f"{self.url}/query/shop"

    def work(self) -> None:
        self.engine = self.service.new_engine()
        self.engine.start()
        self.working = True

    def close(self) -> None:
        self.server.stop()
        if self.working:
            self.engine.stop()
        self.service.close()


__all__ = ["Billing", "Running", "Simulator", "add_domain", "furnish", "write_config"]
