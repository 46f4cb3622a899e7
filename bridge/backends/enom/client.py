"""Calls to interface.asp: one command out, one believed answer in."""

from collections.abc import Mapping

from bridge.backends.enom import codes, wire
from bridge.backends.enom.settings import EnomAccount
from bridge.errors import Unavailable, Unclear
from bridge.outgoing import Lost, NotSent, Outgoing, Reply

LONGEST_PAUSE = 86_400


def exchange(outgoing: Outgoing, url: str, body: bytes, content_type: str, timeout: float) -> Reply:
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
            raise Unclear(f"Enom answered with HTTP {reply.status}.", retry_after=_pause(reply.headers))
        return reply
    raise (Unavailable if isinstance(fault, NotSent) else Unclear)(f"No answer of Enom: {fault}.")


class Client:
    """interface.asp under one account."""

    def __init__(self, account: EnomAccount, outgoing: Outgoing) -> None:
        self._account, self._outgoing = account, outgoing

    def read(self, command: str, parameters: Mapping[str, str]) -> wire.Envelope:
        """Sends a command that changes nothing. Raises BridgeError for any answer but a yes."""
        account = self._account
        body = wire.encode(account.uid, account.token, command, parameters)
        reply = exchange(self._outgoing, account.endpoint, body, "application/x-www-form-urlencoded", account.timeout)
        secrets = [account.token, *(value for name, value in parameters.items() if name.lower().startswith("password"))]
        envelope = wire.decode(reply.body, reply.headers.get("content-type", ""), secrets)
        if error := codes.fault(envelope, command):
            raise error
        return envelope

    def write(self, command: str, parameters: Mapping[str, str]) -> wire.Envelope:
        """Likewise for a command that changes something; Doubted when the yes says that nothing was done."""
        envelope = self.read(command, parameters)
        if error := codes.hollow(envelope):
            raise error
        return envelope


def _pause(headers: Mapping[str, str]) -> float | None:
    text = headers.get("retry-after", "")
    return float(min(int(text), LONGEST_PAUSE)) if text.isascii() and text.isdigit() and len(text) < 10 else None
