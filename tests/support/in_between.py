"""What the bridge sends to hosted email, with a person at the control panel in between."""

import json
from collections.abc import Callable
from typing import Any

from bridge.backends.hosted_email import HostedEmail
from bridge.backends.hosted_email.client import Client
from bridge.infra.http_client import Reply
from tests.support.scene import Scene

Act = Callable[[dict[str, Any]], dict[str, Any] | None]
"""Given what is sent; what it gives is answered in the remote's place."""


def client_of(scene: Scene) -> Client:
    backend = scene.service.accounts["main"].backend
    assert isinstance(backend, HostedEmail)
    return backend.client


class InBetween:
    """Acts around the calls of one method, and passes everything on."""

    def __init__(
        self, scene: Scene, method: str, *, before: Act | None = None, after: Act | None = None
    ) -> None:
        client: Any = client_of(scene)  # a stand-in takes the place of its way out
        self._passed_on, client._outgoing = client._outgoing, self
        self._method, self._before, self._after = method, before, after

    def post(self, url: str, body: bytes, headers: Any, **more: Any) -> Reply:
        if not url.endswith(f"/{self._method}"):
            return self._pass(url, body, headers, **more)
        sent = json.loads(body)
        if self._before and (answer := self._before(sent)) is not None:
            return Reply(200, {}, json.dumps(answer).encode())
        try:
            return self._pass(url, body, headers, **more)
        finally:
            if self._after:
                self._after(sent)

    def _pass(self, url: str, body: bytes, headers: Any, **more: Any) -> Reply:
        reply: Reply = self._passed_on.post(url, body, headers, **more)
        return reply


def on_call(number: int, do: Callable[[], object]) -> Act:
    """Does it at the call of this number, counted from 1, and answers nothing."""
    calls = iter(range(1, 1000))

    def act(sent: dict[str, Any]) -> None:
        if next(calls) == number:
            do()

    return act
