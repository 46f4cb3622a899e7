"""A simulator with one account, one domain and one pak, and a plain client that shares no code
with the bridge."""

import json
import socket
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree

import pytest

from bridge.sim import Simulator

ADMIN = {"user": "admin@company.test", "password": "company-secret"}
PASSWORD = "Horse-1-Battery"


@dataclass
class Clock:
    now: float = 1_900_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Remote:
    """What the tests ask the simulator, over the wire."""

    sim: Simulator
    clock: Clock
    bundle: int = 0
    password: str = PASSWORD
    credentials: dict[str, Any] = field(default_factory=lambda: dict(ADMIN))

    def raw(
        self, command: str, *, live: bool = False, get: bool = False, **parameters: Any
    ) -> bytes:
        form = {
            "command": command,
            "uid": "reseller",
            "pw": "TOKEN",
            "sld": "example",
            "tld": "com",
            **parameters,
        }
        data = urllib.parse.urlencode(form)
        url = self.sim.live_endpoint if live else self.sim.endpoint
        target = (f"{url}?{data}", None) if get else (url, data.encode())
        with urllib.request.urlopen(*target, timeout=10) as answer:
            assert answer.status == 200
            return answer.read()

    def ask(self, command: str, **parameters: Any) -> ElementTree.Element:
        return ElementTree.fromstring(self.raw(command, responsetype="XML", **parameters))

    def create(self, *names: str, **more: Any) -> ElementTree.Element:
        values = {"bundleid": self.bundle, **more}
        for n, name in enumerate(names, 1):
            values = {f"username{n}": name, f"password{n}": PASSWORD, **values}
        return self.ask("SetUpPOP3User", **values)

    def codes(self, command: str, **parameters: Any) -> list[str]:
        return [each.text or "" for each in self.ask(command, **parameters).iter("ResponseNumber")]

    def names(self, **parameters: Any) -> list[str]:
        return [each.text or "" for each in self.ask("GetPOP3", **parameters).iter("username")]

    def oma(self, method: str, **fields: Any) -> dict[str, Any]:
        body = json.dumps({"credentials": self.credentials, **fields}).encode()
        request = urllib.request.Request(
            f"{self.sim.hosted_email}/{method}", body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def domain(self) -> dict[str, Any]:
        return self.sim.control("/state")["domains"]["example.com"]

    def mailbox(self, address: str = "jane@example.com") -> dict[str, Any] | None:
        return self.domain()["mailboxes"].get(address)

    def balance(self) -> float:
        return self.sim.control("/state")["accounts"]["reseller"]["balance"]

    def wire(self, command: str, limit: int = 1 << 20) -> bytes:
        """All that a raw socket gets until the simulator closes it."""
        form = f"command={command}&uid=reseller&pw=TOKEN&sld=example&tld=com&responsetype=XML&bundleid={self.bundle}"
        form += f"&username1=jane&password1={PASSWORD}"
        head = "POST /interface.asp HTTP/1.1\r\nHost: sim\r\nConnection: close\r\n"
        head += (
            "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: "
            f"{len(form)}\r\n\r\n"
        )
        got = bytearray()
        with self.connect() as connection:
            connection.sendall((head + form).encode())
            while len(got) < limit and (chunk := connection.recv(65536)):
                got += chunk
        return bytes(got)

    def connect(self) -> socket.socket:
        parts = urllib.parse.urlsplit(self.sim.url)
        return socket.create_connection((parts.hostname, parts.port), timeout=10)


@pytest.fixture
def remote() -> Iterator[Remote]:
    clock = Clock()
    with Simulator(seed=1, clock=clock) as sim:
        hosted = {"hosted_user": ADMIN["user"], "hosted_password": ADMIN["password"]}
        sim.control(
            "/accounts", {"uid": "reseller", "token": "TOKEN", "environment": "test", **hosted}
        )
        sim.control("/domains", {"uid": "reseller", "domain": "example.com"})
        pak = sim.control(
            "/paks", {"domain": "example.com", "size": 3, "expires": "2031-05-03T14:09:59Z"}
        )
        yield Remote(sim, clock, pak["bundle"])
