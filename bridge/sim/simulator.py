"""The simulated Enom in one object: two APIs over one state, a control port, and the threads
that serve them."""

import json
import random
import re
import threading
import time
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl

from . import domain_commands, hosted_domains, hosted_users, mailbox_commands, pak_commands
from .control import Control, ControlError
from .exchange import Answer, History, Request
from .faults import HTML, Fault, Faults, instead, shaped
from .hosted_email import HostedEmail
from .interface import Interface
from .orders import deliver_due
from .server import Incoming, Server
from .settings import Settings
from .state import Clock, State

HOSTED_PATH = re.compile(r"/(?:(?P<cluster>[ab])/)?api/(?P<method>.+)")
"""/api is cluster A, as is /a/api; /b/api is the other one."""
COMMANDS = {
    command.name.lower(): command
    for command in (*mailbox_commands.COMMANDS, *pak_commands.COMMANDS, *domain_commands.COMMANDS)
}


class Simulator:
    """Serves on a loopback address only, because it keeps and shows passwords in clear.

    Ports of 0 take any free one.
    """

    def __init__(
        self,
        seed: int = 1,
        host: str = "127.0.0.1",
        port: int = 0,
        control_port: int = 0,
        clock: Clock = time.time,
    ) -> None:
        self.state, self._settings, self._faults, self.history = (
            State(clock),
            Settings(),
            Faults(seed),
            History(),
        )
        self.random = random.Random(f"{seed} answers")  # noqa: S311  repeatable on purpose
        self._interface = Interface(self.state, self._settings, COMMANDS, self.random)
        self._hosted = HostedEmail(
            self.state,
            self._settings,
            {**hosted_domains.METHODS, **hosted_users.METHODS},
            self.random,
        )
        self._control = Control(self.state, self._settings, self._faults, self.history)
        self._stopped = threading.Event()
        self._servers = (
            Server(host, port, self.answer, self._stopped),
            Server(host, control_port, self._controlled, self._stopped),
        )

    def start(self) -> "Simulator":
        for server in self._servers:
            server.start()
        return self

    def stop(self) -> None:
        """Ends every connection, even one in mid-answer, and every thread.

        A stopped simulator is not started again.
        """
        self._stopped.set()
        for server in self._servers:
            server.stop()

    def __enter__(self) -> "Simulator":
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def alive(self) -> bool:
        """Whether both of its servers still take connections."""
        return all(server.alive for server in self._servers)

    @property
    def url(self) -> str:
        return self._servers[0].url

    @property
    def endpoint(self) -> str:
        return f"{self.url}/interface.asp"

    @property
    def live_endpoint(self) -> str:
        return f"{self.url}/live/interface.asp"

    @property
    def hosted_email(self) -> str:
        return f"{self.url}/api"

    @property
    def other_cluster(self) -> str:
        return f"{self.url}/b/api"

    @property
    def control_url(self) -> str:
        return self._servers[1].url

    def control(self, path: str, body: Any = None, method: str = "") -> dict[str, Any]:
        """One call of the control port, in process: GET without a body, POST with one. Raises
        ControlError."""
        method = method or ("GET" if body is None and path != "/reset" else "POST")
        return self._control.call(path, {} if body is None else body, method)

    def _controlled(self, incoming: Incoming) -> Answer:
        target = f"{incoming.path}?{incoming.query}"
        try:
            body = json.loads(incoming.body or b"{}")
            status, answer = 200, self._control.call(target, body, incoming.method)
        except json.JSONDecodeError as error:
            status, answer = 400, {"error": f"the body is not JSON: {error}"}
        except ControlError as error:
            status, answer = 400, {"error": str(error)}
        return Answer(status, "application/json", json.dumps(answer, default=str).encode())

    def answer(self, incoming: Incoming) -> Answer:
        request = _read(incoming)
        if request is None:
            return Answer(404, "text/html", HTML)
        api = self._hosted if request.api == "hosted" else self._interface
        with self.state.lock:
            fault = self._faults.draw(
                request.api, request.command, api.reads(request.command), request.domain
            )
            entry = self.history.begin(request, self.state.now(), fault.fault if fault else None)
        self._wait(
            self._settings.latency + (fault.delay if fault and fault.fault == "late" else 0.0)
        )
        with self.state.lock:
            for account in self.state.accounts.values():
                deliver_due(self.state, account)
            before = self.state.changes
            answer = instead(fault) if fault else None
            if answer is None:
                answer = api.answer(
                    request, self._view(request, fault), fault.fault if fault else ""
                )
            entry["effect"] = self.state.changes != before
            entry["ended"] = self.state.now()
        if fault is None:
            return answer
        self._wait(fault.delay if fault.fault == "slow" else 0.0)
        return shaped(fault, answer)

    def _view(self, request: Request, fault: Fault | None) -> Any:
        """What reads of this one request show of a domain."""
        settings, state = self._settings, self.state
        # Drawn once for each request, so that all reads of one request show the same age.
        stale = self.random.random() < settings.stale_share
        if fault and fault.fault == "stale":
            return state.before_latest
        if stale and settings.stale_seconds:
            return lambda domain: state.as_of(domain, state.now() - settings.stale_seconds)
        if request.api == "hosted":
            return lambda domain: state.hosted_view(domain, settings.hosted_lag)
        return lambda domain: domain

    def _wait(self, seconds: float) -> None:
        if seconds:
            self._stopped.wait(seconds)


def _read(incoming: Incoming) -> Request | None:
    """The request of either public API, or None if the path is of neither."""
    path = incoming.path.lower()
    if path in ("/interface.asp", "/live/interface.asp"):
        pairs = parse_qsl(incoming.query, keep_blank_values=True)
        if incoming.content_type.startswith("application/x-www-form-urlencoded"):
            pairs += parse_qsl(incoming.body.decode("utf-8", "replace"), keep_blank_values=True)
        values: dict[str, str] = {}
        for name, value in pairs:
            values.setdefault(name.lower(), value)  # the first of duplicates wins [I]
        environment = "live" if path.startswith("/live") else "test"
        return Request("interface", environment, values.get("command", ""), values, incoming.client)
    found = HOSTED_PATH.match(incoming.path)
    if found is None or incoming.method != "POST":
        return None
    try:
        body = json.loads(incoming.body)
    except ValueError:
        body = None
    malformed = not isinstance(body, dict)
    values = {} if malformed else body
    return Request(
        "hosted", "", found["method"], values, incoming.client, malformed, found["cluster"] or "a"
    )
