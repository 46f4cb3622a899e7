"""The mailbox system under one account, and the clock that all go by."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from bridge.domain.differences import Difference
from bridge.domain.errors import Limit
from bridge.domain.model import (
    Address,
    Answer,
    Change,
    Deleted,
    Desired,
    Fact,
    Mailbox,
    Pak,
    Proof,
    Remark,
    Survey,
)

Clock = Callable[[], float]
"""Epoch seconds."""

Checkpoint = Callable[[str], None]
"""Called with a name between every two steps that a crash could separate.

Does nothing in service; tests kill there.
"""


class Products(Protocol):
    """What a mailbox costs at one remote, and what has to be bought for it.

    Pure: plans are made of it.
    """

    @property
    def monthly(self) -> bool:
        """Whether a mailbox costs by the month from its creation on: then
        `safety.max_creations_per_day` limits creations."""

    @property
    def exclusive_actions(self) -> frozenset[str]:
        """Those that may take or give back a place of a domain: of these, one at a time runs in
        each domain. `mailbox.create` is always one: it decides whose customer a domain is."""

    def creation(self, seen: Mailbox, desired: Desired, now: datetime) -> Sequence[Change]:
        """What makes a mailbox that is not there, or buys its place first.

        Raises Refused where neither is allowed.
        """

    def renewal(
        self, seen: Mailbox, until: datetime, lifted: Collection[Limit]
    ) -> Sequence[Change]:
        """What must be bought so that it is paid until then; nothing where it is.

        Raises Refused or NeedsPerson.
        """

    def paid_until(self, seen: Mailbox) -> datetime | None:
        """None where a mailbox is not paid for in advance.

        Raises Refused("unsupported") where no read shows it.
        """

    def place(self, seen: Mailbox) -> str:
        """What was paid for this mailbox, in words for staff; empty where nothing was, or no
        read shows it."""

    def notices(self, domain: str, paks: Sequence[Pak], now: datetime) -> Iterable[Difference]:
        """What an admin should know of what was bought for a domain."""


class Backend(Protocol):
    """One mailbox system under one account. Safe to use from several threads."""

    proofs: Mapping[Fact, Proof]
    """How each fact can be shown to be true."""

    provider: str
    """Its name for people, as in "example.com is at …"."""

    @property
    def products(self) -> Products: ...

    @property
    def services(self) -> Sequence[str]:
        """What a suspension that a read can show switches off; empty where there is none."""

    @property
    def proves_passwords(self) -> bool:
        """Whether it carries out PROVE_PASSWORD: a yes is a sign-in, Refused is none, or that
        there is none to be tried."""

    def observe(self, address: Address, about: Collection[Fact] = tuple(Fact)) -> Mailbox:
        """What the remote shows now. An absent mailbox is an answer (`exists=False`), not an error.
        Raises BridgeError.

        `about`: the facts in question. Of a mailbox that is there, what no such fact needs may be left out.
        """

    def survey(self, domain: str) -> Survey:
        """Every mailbox and pak that the remote shows of a domain, at the price of one look. Raises
        BridgeError.

        `exists` is True, or None where its two systems disagree. A list shows less than a look: `services` are told where all
        of them are suspended, and sizes may be missing.
        """

    def holders(self, domain: str, names: Collection[str]) -> Mapping[str, str]:
        """Of these addresses of a domain those that lead to a mailbox, or are one, each with the
        mailbox's address. Raises BridgeError, and Refused("unsupported")."""

    def deleted(self, domain: str) -> Sequence[Deleted]:
        """What was deleted of a domain and can still be brought back, newest first.

        Raises Refused("unsupported").
        """

    def undelete(self, found: Deleted) -> None:
        """Brings it back under its own name, with its mail.

        Raises BridgeError; then a look tells what came of it.
        """

    def apply(self, address: Address, change: Change, seen: Mailbox) -> Answer:
        """Sends the one command of `change`. Returning means that the remote said yes, not that it
        is so.

        Refused: surely not done. Unavailable: surely nothing happened. OutcomeUnknown and its kin: may have happened.
        """

    def command(self, change: Change) -> str:
        """The remote's name of the command that `apply` would send."""

    def new_password(self, address: Address, choose: Callable[[Sequence[str]], str]) -> str:
        """One that the remote takes for this mailbox. `choose` picks one of several at random."""

    def probe(self) -> None:
        """Asks the remote, without changing anything, whether this account may work.

        Raises BridgeError.
        """

    def remarks(self, domains: Collection[str], sizes: Mapping[str, int]) -> Iterable[Remark]:
        """What these credentials cannot do, and what these domains do not allow, as far as it can
        be read without changing anything.

        `sizes`: bytes of each plan. Of what cannot be read, nothing is told.
        """

    def usage(self, address: Address) -> Mapping[str, int]:
        """`used_bytes` and `quota_bytes`, as far as they can be read.

        Raises Refused("unsupported").
        """

    def sign_in(self, address: Address) -> str:
        """A link that opens this mailbox's webmail once. Raises Refused("unsupported")."""
