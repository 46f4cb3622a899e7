"""Calls to interface.asp: one command out, one believed answer in."""

from collections.abc import Mapping

from bridge.backends.calls import exchange, watched
from bridge.backends.enom import codes, wire
from bridge.backends.enom.settings import EnomAccount
from bridge.backends.text import secrets_in
from bridge.domain.ports import Clock
from bridge.infra.events import Events
from bridge.infra.http_client import HttpClient


class Client:
    """Calls of interface.asp under one account. Raises our errors only; uid and token are in none
    of them."""

    def __init__(
        self, account: EnomAccount, outgoing: HttpClient, clock: Clock, events: Events
    ) -> None:
        self._account, self._outgoing, self._clock, self._events = account, outgoing, clock, events

    def read(self, command: str, parameters: Mapping[str, str]) -> wire.Envelope:
        """Sends a command that changes nothing. Raises BridgeError for any answer but a yes."""
        with watched(self._events, self._account.name, "interface", command):
            return self._send(command, parameters)

    def write(self, command: str, parameters: Mapping[str, str]) -> wire.Envelope:
        """Likewise for a command that changes something; RefusalUnproven when the yes says that
        nothing was done."""
        with watched(self._events, self._account.name, "interface", command):
            envelope = self._send(command, parameters)
            if error := codes.hollow(envelope):
                raise error
            return envelope

    def _send(self, command: str, parameters: Mapping[str, str]) -> wire.Envelope:
        account = self._account
        body = wire.encode(account.uid, account.token, command, parameters)
        kind = "application/x-www-form-urlencoded"
        reply = exchange(self._outgoing, self._clock, account.endpoint, body, kind, account.timeout)
        secrets = [account.token, *secrets_in(parameters)]
        envelope = wire.decode(reply.body, reply.headers.get("content-type", ""), secrets)
        if error := codes.fault(envelope, command):
            raise error
        return envelope
