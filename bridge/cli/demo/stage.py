"""Everything that the demo needs, on loopback and in a temporary folder; nothing of it is left
afterwards."""

import secrets
import shutil
import tempfile
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bridge import config, wiring
from bridge.cli.demo.billing import Billing, Check, Verify
from bridge.cli.send import Sender
from bridge.cli.sim import HOSTED_PASSWORD, HOSTED_USER, TOKEN, UID, furnish
from bridge.infra import logs
from bridge.infra.http_client import HttpClient
from bridge.sim import Simulator
from bridge.web import create_app
from bridge.web.server import Server
from hooks.signing import decode_secret, new_secret

SOURCE, DOMAIN, QUOTA_GB = "whmcs-main", "example.com", 10
ALONE, DOMAIN_ALONE = "whmcs-email", "example.net"  # of the account that has hosted email alone
STRANGER = f"office@{DOMAIN}"  # there before the bridge was, and nobody's that it knows

CONFIGURATION = """\
[bridge]
listen = "127.0.0.1:0"
metrics_listen = ""
keys = ["{key}"]

[accounts.main]
uid = "{uid}"
token = "{token}"
endpoint = "{sim.endpoint}"
suspend_with = "hosted-email"
# A real account is given more, because Enom's reads may lag.
settle = 1

[accounts.main.hosted_email]
endpoint = "{sim.hosted_email}"
user = "{user}"
password = "{password}"

[accounts.email]
backend = "hosted-email"
settle = 1

[accounts.email.hosted_email]
endpoint = "{sim.hosted_email}"
user = "{user}"
password = "{password}"

[plans.basic]
quota_gb = {quota}

[sources.{source}]
platform = "whmcs"
account = "main"
secrets = ["{secret}"]
callback = "{callback}"
callback_loopback = true

[sources.{alone}]
platform = "whmcs"
account = "email"
secrets = ["{other}"]
callback = "{callback}"
callback_loopback = true
"""


@dataclass(frozen=True)
class Stage:
    folder: Path
    sim: Simulator
    billing: Billing
    service: wiring.Service
    sender: Sender
    keys: Mapping[str, bytes] = field(repr=False)
    """source -> what its hooks are signed with."""
    passwords: dict[str, str] = field(default_factory=dict, repr=False)
    """address -> the password that Enom must have by now."""

    def history(self) -> list[dict[str, Any]]:
        """Every request that the simulator has got."""
        return list(self.sim.control("/history")["history"])

    def mailbox(self, address: str) -> dict[str, Any] | None:
        """What is true at the simulator, past both of its APIs."""
        domain = self.sim.control("/state")["domains"][address.partition("@")[2]]
        found: dict[str, Any] | None = domain["mailboxes"].get(address)
        return found

    def provider(self, source: str) -> str:
        """What this source's mailboxes are at, in words."""
        account = self.service.settings.sources[source].account
        return self.service.accounts[account].backend.provider


@contextmanager
def stage(check: Check, keep: bool) -> Iterator[Stage]:
    secret, other = (new_secret(secrets.token_bytes(32)) for _ in range(2))
    stranger = secrets.token_urlsafe(12)
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="enom-bridge-demo-"))
        if not keep:
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
        logs.configure(
            "text", stack.enter_context(open(folder / "bridge.log", "w", encoding="utf-8"))
        )
        stack.callback(logs.configure, "text")
        sim = stack.enter_context(Simulator())
        furnish(sim, UID, TOKEN, (DOMAIN,))
        sim.control("/domains", {"uid": UID, "domain": DOMAIN_ALONE})
        sim.control("/mailboxes", {"address": STRANGER, "password": stranger})
        billing = stack.enter_context(Billing(either(check(secret), check(other))))
        service = wiring.build(config.load(written(folder, sim, billing.url, secret, other), {}))
        stack.callback(service.close)
        wiring.prepare(service)
        server = Server(create_app(service), service.settings.bridge.listen, None)
        server.start()
        stack.callback(server.stop)
        engine = service.new_engine()
        engine.start()
        stack.callback(engine.stop)
        outgoing = HttpClient()
        stack.callback(outgoing.close)
        sender = Sender(
            SOURCE, decode_secret(secret), "standard", [f"http://127.0.0.1:{server.port}"], outgoing
        )
        keys = {SOURCE: decode_secret(secret), ALONE: decode_secret(other)}
        yield Stage(folder, sim, billing, service, sender, keys, {STRANGER: stranger})


def either(first: Verify, second: Verify) -> Verify:
    """Takes what either of two sources has signed."""

    def check(body: bytes, headers: Mapping[str, str]) -> Any:
        try:
            return first(body, headers)
        except Exception:  # of either package; what the second one raises is told
            return second(body, headers)

    return check


def written(folder: Path, sim: Simulator, callback: str, secret: str, other: str) -> Path:
    path = folder / "bridge.toml"
    text = CONFIGURATION.format(
        key=urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        uid=UID,
        token=TOKEN,
        sim=sim,
        user=HOSTED_USER,
        password=HOSTED_PASSWORD,
        quota=QUOTA_GB,
        source=SOURCE,
        alone=ALONE,
        secret=secret,
        other=other,
        callback=callback,
    )
    path.touch(0o600)
    path.write_text(text, "utf-8")
    return path
