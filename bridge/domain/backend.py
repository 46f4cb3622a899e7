"""The mailbox system under one account, and the clock that all go by."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

from bridge.domain.model import Address, Answer, Change, Deleted, Fact, Mailbox, Proof, Survey

Clock = Callable[[], float]
"""Epoch seconds."""

Checkpoint = Callable[[str], None]
"""Called with a name between every two steps that a crash could separate. Does nothing in service; tests kill there."""


class Backend(Protocol):
    """One mailbox system under one account. Safe to use from several threads."""

    proofs: Mapping[Fact, Proof]
    """How each fact can be shown to be true."""

    def observe(self, address: Address, about: Collection[Fact] = tuple(Fact)) -> Mailbox:
        """What the remote shows now. An absent mailbox is an answer (`exists=False`), not an error. Raises BridgeError.

        `about`: the facts in question. Of a mailbox that is there, what no such fact needs may be left out.
        """

    def survey(self, domain: str) -> Survey:
        """Every mailbox and pak that the remote shows of a domain, at the price of one look. Raises BridgeError.

        `exists` is True, or None where its two systems disagree. A list shows less than a look: `services` are told where all
        of them are suspended, and sizes may be missing.
        """

    def deleted(self, domain: str) -> Sequence[Deleted]:
        """What was deleted of a domain and can still be brought back, newest first. Raises Refused("unsupported")."""

    def undelete(self, found: Deleted) -> None:
        """Brings it back under its own name, with its mail. Raises BridgeError; then a look tells what came of it."""

    def apply(self, address: Address, change: Change, seen: Mailbox) -> Answer:
        """Sends the one command of `change`. Returning means that the remote said yes, not that it is so.

        Refused: surely not done. Unavailable: surely nothing happened. Unclear and its kin: may have happened.
        """

    def command(self, change: Change) -> str:
        """The remote's name of the command that `apply` would send."""

    def probe(self) -> None:
        """Asks the remote, without changing anything, whether this account may work. Raises BridgeError."""

    def usage(self, address: Address) -> Mapping[str, int]:
        """`used_bytes` and `quota_bytes`, as far as they can be read. Raises Refused("unsupported")."""

    def sign_in(self, address: Address) -> str:
        """A link that opens this mailbox's webmail once. Raises Refused("unsupported")."""
