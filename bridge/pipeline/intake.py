"""One delivery in: verify, read, record. The order of the checks is the contract's; each failure is one exception.

BadSignature 401, UnsupportedType 415, Malformed 400, Invalid 422, Forbidden 403, Reused 409 (Dismissed and Forgotten are
kinds of it), CannotWithdraw 409, SourcePaused and StoreUnavailable 503. Nothing of an unverified delivery is parsed or stored.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bridge.domain.model import Address
from bridge.domain.ports import Clock, Dismissal, Dismissed, Forgotten, Inbox, Reading, Receipt, Reused, Withdrawals
from bridge.infra import clients, logs
from bridge.infra.crypto import Purpose, Sealer
from bridge.infra.events import Facts, Watch
from hooks import Platform, message, signing
from hooks.errors import BadSignature, HookError, Invalid, Reason
from hooks.types import Delivery, Intent, Message, Question, Verified

log = logs.get("intake")

NOBODYS = os.urandom(32)
"""A secret that nobody has: a source that is not there takes as long as a wrong signature."""
NOBODY: tuple[Sequence[bytes], signing.Scheme] = ([NOBODYS], "standard")


class UnsupportedType(HookError):
    """The content type is not application/json. Send Content-Type: application/json."""

    status = 415


class Forbidden(HookError):
    """This source may not touch this mail domain."""

    status = 403


@dataclass(frozen=True)
class Door:
    """One source as intake needs it. `secrets` decoded, oldest first; `domains` A-labels, or "*" for any."""

    name: str
    platform: Platform
    account: str
    secrets: Sequence[bytes] = field(repr=False)
    scheme: signing.Scheme
    domains: frozenset[str]
    allow_from: Sequence[clients.Network] = ()

    def admits(self, client: clients.Client | None) -> bool:
        return not self.allow_from or clients.within(client, self.allow_from)


@dataclass
class Intake:
    doors: Mapping[str, Door]
    inbox: Inbox
    sealer: Sealer
    clock: Clock
    withdrawals: Withdrawals
    watch: Watch = field(default_factory=Watch)

    def receive(self, delivery: Delivery, sender: str) -> Receipt | Dismissal:
        """Records a hook, or takes one back. `sender` is the client's IP address."""
        with self.watch.over("hook", outcome="refused") as told:
            return self._receive(delivery, sender, told)

    def _receive(self, delivery: Delivery, sender: str, told: Facts) -> Receipt | Dismissal:
        door, verified = self.verify(delivery, sender)
        told.update(source=door.name, hook=verified.id, account=door.account)
        body = self.body(delivery, verified)
        content = canonical(body)
        if body.type in door.platform.WITHDRAWALS:
            return self._withdraw(door, verified, body, content, told)
        try:
            intent = door.platform.read(body, verified)
        except Invalid as error:
            self._park(door, verified, body, content, error)
            raise
        self.permit(door, intent.address)
        receipt = self.record(door, verified, intent, content)
        told.update(job=receipt.job, action=receipt.action, outcome=receipt.status)
        log.info("hook", job=receipt.job, account=door.account, action=receipt.action, status=receipt.status)
        return receipt

    def _withdraw(self, door: Door, verified: Verified, body: Message, content: bytes, told: Facts) -> Receipt | Dismissal:
        """One that cannot be read is not parked: nobody could do anything with it later."""
        withdrawal = door.platform.withdraw(body, verified)
        digest = self.sealer.digest(Purpose.CONTENT, content)
        left = self.withdrawals.withdraw(door.name, verified, withdrawal, digest, lambda other: self._same(content, other))
        job, status = (left.job, left.status) if isinstance(left, Receipt) else (None, "dismissed")
        told.update(job=job, action=body.type, outcome=status)
        log.info("withdrawal", of=withdrawal.hook, job=job, account=door.account, status=status)
        return left

    def ask(self, delivery: Delivery, sender: str) -> tuple[Door, Verified, Question]:
        """Reads a query; nothing is recorded."""
        door, verified = self.verify(delivery, sender)
        question = door.platform.ask(self.body(delivery, verified), verified)
        if "address" in question.arguments:
            self.permit(door, question.arguments["address"])
        return door, verified, question

    def verify(self, delivery: Delivery, sender: str) -> tuple[Door, Verified]:
        """One and the same error for an unknown source, a wrong address and a wrong signature, after the same work.

        Only its `reason`, for our log, tells them apart.
        """
        door, client = self.doors.get(delivery.source), clients.read(sender)
        admitted = door if door is not None and door.admits(client) else None
        secrets, scheme = (admitted.secrets, admitted.scheme) if admitted else NOBODY
        try:
            verified = signing.verify(delivery, secrets, scheme, self.clock())
            if admitted is None:
                raise BadSignature
        except BadSignature as refused:
            if admitted is None:
                refused.reason = Reason.SOURCE if door is None else Reason.ADDRESS
            raise
        return admitted, verified

    @staticmethod
    def body(delivery: Delivery, verified: Verified) -> Message:
        kind = delivery.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise UnsupportedType
        return message.read_message(verified)

    @staticmethod
    def permit(door: Door, address: str) -> None:
        domain = Address.parse(address).domain
        if "*" not in door.domains and domain not in door.domains:
            raise Forbidden("This source may not use this mail domain. Add it to the source's `domains` in bridge.toml.")

    def record(self, door: Door, verified: Verified, intent: Intent, content: bytes) -> Receipt:
        sealed = None if intent.password is None else self.sealer.seal(Purpose.PASSWORD, intent.password)
        digest = self.sealer.digest(Purpose.CONTENT, content)
        return self.inbox.accept(
            door.name, door.account, verified, intent, digest, sealed, lambda other: self._same(content, other)
        )

    def read_again(self, source: str, verified: Verified) -> Reading:
        """A delivery that was verified when it came, or that a person vouches for, as it reads now. Raises HookError."""
        door = self.doors.get(source)
        if door is None:
            raise Forbidden(f"The source {source!r} is not in the configuration. Add [sources.{source}].")
        body = message.read_message(verified)
        intent = door.platform.read(body, verified)
        self.permit(door, intent.address)
        return Reading(door.account, intent, lambda: self.record(door, verified, intent, canonical(body)))

    def _park(self, door: Door, verified: Verified, body: Message, content: bytes, error: Invalid) -> None:
        """Keeps what could not be read, encrypted whole: a password may stand anywhere in it. Raises Dismissed."""
        digest = self.sealer.digest(Purpose.CONTENT, content)
        sealed = self.sealer.seal(Purpose.CONTENT, verified.body.decode())
        # A type that nobody knows may be a password in the wrong place, too.
        kind = body.type if body.type in {*door.platform.ACTIONS, *door.platform.QUESTIONS} else ""
        try:
            self.inbox.park(door.name, verified, kind, digest, sealed, error.errors, lambda other: self._same(content, other))
        except Dismissed:
            raise
        except Reused:
            return  # what is wrong with it is told, and it is not kept
        log.warning("parked", type=kind, errors=error.errors)

    def _same(self, content: bytes, digest: str) -> bool:
        if not self.sealer.can_compare(digest):
            raise Forgotten
        return self.sealer.matches(Purpose.CONTENT, content, digest)


def canonical(body: Message) -> bytes:
    """What makes two deliveries of one id the same: type and data. The body's timestamp does not count."""
    return json.dumps([body.type, body.data], sort_keys=True).encode()
