"""Calls to interface.asp: one command out, one believed answer in."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from bridge.backends.enom import codes, wire
from bridge.backends.enom.settings import EnomAccount
from bridge.domain.errors import BridgeError, Unavailable, Unclear
from bridge.domain.ports import Clock
from bridge.infra.events import Facts, Watch
from bridge.infra.http_client import Lost, NotSent, Outgoing, Reply, retry_after

COMMANDS = frozenset(
    {
        # interface.asp
        "CheckLogin", "DeletePOP3", "GetPOP3", "ModifyPOP3", "PurchasePOPBundle", "PurchaseServices", "RenewPOPBundle",
        "SetUpPOP3User",
        # hosted email
        "authenticate", "change_user", "delete_user", "generate_token", "get_user", "logout_user", "search_users",
    }
)  # fmt: skip
"""What the bridge itself can send. Only these are told by name, so that no configuration makes endless series of metrics."""


def exchange(outgoing: Outgoing, clock: Clock, url: str, body: bytes, content_type: str, timeout: float) -> Reply:
    """Posts, and gives the answer if it is HTTP 200: both of Enom's systems use it for yes and no alike [O].

    Raises Unavailable when nothing was sent, Unclear for all else: an effect cannot be ruled out.
    """
    fault: NotSent | Lost
    try:
        reply = outgoing.post(url, body, {"Content-Type": content_type}, timeout=timeout)
    except (NotSent, Lost) as error:
        fault = error
    else:
        if reply.status != 200:
            raise Unclear(f"Enom answered with HTTP {reply.status}.", retry_after=retry_after(reply.headers, clock()))
        return reply
    raise (Unavailable if isinstance(fault, NotSent) else Unclear)(f"No answer from Enom: {fault}.")


@contextmanager
def watched(watch: Watch, account: str, api: str, command: str) -> Iterator[Facts]:
    """Tells of one call: its outcome is `ok`, or the code of what came instead. A command of the admin's own is `other`."""
    name = command if command in COMMANDS else "other"
    with watch.over("call", account=account, api=api, command=name, outcome="broken") as facts:
        try:
            yield facts
        except BridgeError as error:
            facts["outcome"] = error.code
            raise
        if facts["outcome"] == "broken":
            facts["outcome"] = "ok"


class Client:
    """interface.asp under one account."""

    def __init__(self, account: EnomAccount, outgoing: Outgoing, clock: Clock, watch: Watch) -> None:
        self._account, self._outgoing, self._clock, self._watch = account, outgoing, clock, watch

    def read(self, command: str, parameters: Mapping[str, str]) -> wire.Envelope:
        """Sends a command that changes nothing. Raises BridgeError for any answer but a yes."""
        with watched(self._watch, self._account.name, "interface", command):
            return self._send(command, parameters)

    def write(self, command: str, parameters: Mapping[str, str]) -> wire.Envelope:
        """Likewise for a command that changes something; Doubted when the yes says that nothing was done."""
        with watched(self._watch, self._account.name, "interface", command):
            envelope = self._send(command, parameters)
            if error := codes.hollow(envelope):
                raise error
            return envelope

    def _send(self, command: str, parameters: Mapping[str, str]) -> wire.Envelope:
        account = self._account
        body = wire.encode(account.uid, account.token, command, parameters)
        kind = "application/x-www-form-urlencoded"
        reply = exchange(self._outgoing, self._clock, account.endpoint, body, kind, account.timeout)
        secrets = [account.token, *(value for name, value in parameters.items() if name.lower().startswith("password"))]
        envelope = wire.decode(reply.body, reply.headers.get("content-type", ""), secrets)
        if error := codes.fault(envelope, command):
            raise error
        return envelope
