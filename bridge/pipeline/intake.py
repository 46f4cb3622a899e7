"""One delivery in: verify, parse, read, record. The order of the checks is the contract's; each
failure is one exception.

BadSignature 401, UnsupportedType 415, Malformed 400, Invalid 422, Forbidden 403, Reused 409
(Dismissed and Forgotten are kinds of it), CannotWithdraw 409, SourcePaused and StoreUnavailable
503. Nothing of an unverified delivery is parsed or stored.
"""

import hmac
import json
import os
import time
from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from contextlib import nullcontext
from contextvars import copy_context
from dataclasses import dataclass, field
from functools import partial

from bridge.domain.ports import (
    Arrival,
    Clock,
    Dismissal,
    Dismissed,
    Inbox,
    NothingNew,
    Receipt,
    Reused,
    Withdrawals,
)
from bridge.domain.source import Forbidden, Source
from bridge.infra import clients, logs
from bridge.infra.crypto import Purpose, Sealer
from bridge.infra.events import Attributes, Events
from hooks import message, signing
from hooks.errors import BadSignature, HookError, Invalid, Reason, UnknownAction, Unsigned
from hooks.types import Delivery, Ignored, Intent, Message, Question, Verified

log = logs.get("intake")

NOBODYS = os.urandom(32)
"""A secret that nobody has: a source that is not there takes as long as a wrong signature."""
NOBODY: tuple[Sequence[bytes], signing.Scheme] = ([NOBODYS], "standard")


LONG = 0.5
"""Seconds that hooks which are received together may take before anything is recorded: what cannot
be read and what takes another back is written by itself, and waits while the database is locked."""
KNOWN = "It says nothing new of its subscription, or a newer event came before."


class UnsupportedType(HookError):
    """The content type is not application/json. Send Content-Type: application/json."""

    status = 415


@dataclass(frozen=True)
class Reading:
    """A delivery that could be read. `content` is what makes it the same as another of its id."""

    source: Source
    verified: Verified
    intent: Intent
    content: bytes = field(repr=False)


Taken = Receipt | Dismissal | Ignored
Receiving = Generator[Arrival, Receipt, Taken]
"""A hook that is received: it gives what is to be recorded, if anything, and takes the receipt."""


class Pending:
    """One of several hooks that are received side by side, in a context of its own: what is bound to
    its log lines is not bound to another's. `arrival`: what it waits for to be recorded; None once
    `taken` is known."""

    def __init__(self, receiving: Receiving) -> None:
        self._receiving, self._context = receiving, copy_context()
        self.arrival: Arrival | None = None
        self.taken: Taken | Exception
        self._run(partial(next, receiving))

    def recorded(self, found: Receipt | Exception) -> None:
        self._run(
            partial(self._receiving.throw, found)
            if isinstance(found, Exception)
            else partial(self._receiving.send, found)
        )

    def _run(self, step: Callable[[], Arrival]) -> None:
        try:
            self.arrival = self._context.run(step)
        except StopIteration as end:
            self.arrival, self.taken = None, end.value
        except Exception as error:  # of any kind: it is raised for whoever sent this one
            self.arrival, self.taken = None, error


@dataclass
class Intake:
    sources: Mapping[str, Source]
    inbox: Inbox
    sealer: Sealer
    clock: Clock
    withdrawals: Withdrawals
    events: Events = field(default_factory=Events)

    def receive(self, delivery: Delivery, sender: str) -> Taken:
        """Records a hook, takes one back, or finds that it means nothing here. `sender` is the
        client's IP address."""
        pending = Pending(self.receiving(delivery, sender))
        self._record([pending])
        if isinstance(pending.taken, Exception):
            raise pending.taken
        return pending.taken

    def receive_all(self, hooks: Sequence[Receiving]) -> list[Taken | Exception | None]:
        """The same for several at once: what is to be recorded of them shares a transaction. None
        for each that was not begun, as those before it took long: it is to be received alone."""
        until = time.monotonic() + LONG
        pending: list[Pending] = []
        for each in hooks:
            if pending and time.monotonic() > until:
                break
            pending.append(Pending(each))
        self._record(pending)
        return [each.taken for each in pending] + [None] * (len(hooks) - len(pending))

    def _record(self, pending: Sequence[Pending]) -> None:
        waiting = [(each, each.arrival) for each in pending if each.arrival is not None]
        if waiting:
            found = self.inbox.accept_all([arrival for _, arrival in waiting])
            for (each, _), receipt in zip(waiting, found, strict=True):
                each.recorded(receipt)

    def receiving(self, delivery: Delivery, sender: str) -> Receiving:
        with self.events.span("hook", outcome="refused") as attributes:
            source, verified = self.verify(delivery, sender)
            attributes.update(source=source.name, hook=verified.id, account=source.account)
            # The header that is bound already is not one of a platform with webhooks of its own.
            own = source.own_webhooks is not None
            with logs.bound(hook=verified.id) if own else nullcontext():
                return (yield from self._receiving(source, delivery, verified, attributes))

    def _receiving(
        self, source: Source, delivery: Delivery, verified: Verified, attributes: Attributes
    ) -> Receiving:
        body = self.parse(source, delivery, verified)
        if isinstance(body, Ignored):
            attributes.update(outcome="ignored")
            log.info("ignored", type=message.plain_type(body.type), why=body.why or None)
            return body
        content = canonical(body)
        if body.type in source.platform.WITHDRAWALS:
            return self._withdraw(source, verified, body, content, attributes)
        try:
            intent = source.platform.read(body, verified)
        except Invalid as error:
            self._park(source, verified, body, content, error)
            raise
        try:
            receipt = yield self._arrival(Reading(source, verified, intent, content))
        except NothingNew:
            attributes.update(outcome="ignored")
            log.info("ignored", type=body.type, why=KNOWN, service_id=intent.service_id)
            return Ignored(body.type, KNOWN)
        attributes.update(job=receipt.job, action=receipt.action, outcome=receipt.status)
        log.info(
            "hook",
            job=receipt.job,
            account=source.account,
            action=receipt.action,
            status=receipt.status,
        )
        return receipt

    def _withdraw(
        self,
        source: Source,
        verified: Verified,
        body: Message,
        content: bytes,
        attributes: Attributes,
    ) -> Receipt | Dismissal:
        """One that cannot be read is not parked: nobody could do anything with it later."""
        withdrawal = source.platform.withdraw(body, verified)
        digests = self.sealer.digests(Purpose.CONTENT, content)
        left = self.withdrawals.withdraw(
            source.name, verified, withdrawal, digests.newest, digests.same
        )
        job, status = (left.job, left.status) if isinstance(left, Receipt) else (None, "dismissed")
        attributes.update(job=job, action=body.type, outcome=status)
        log.info("withdrawal", of=withdrawal.hook, job=job, account=source.account, status=status)
        return left

    def ask(self, delivery: Delivery, sender: str) -> tuple[Source, Verified, Question]:
        """Verifies and reads a query; nothing is recorded. Raises HookError."""
        source, verified = self.verify(delivery, sender)
        body = self.parse(source, delivery, verified)
        if isinstance(body, Ignored):
            raise UnknownAction({"type": ["No query. This platform's webhooks go to /hooks."]})
        question = source.platform.ask(body, verified)
        if "address" in question.arguments:
            source.permit(question.arguments["address"])
        if "domain" in question.arguments:
            source.permit_domain(question.arguments["domain"])
        return source, verified, question

    def verify(self, delivery: Delivery, sender: str) -> tuple[Source, Verified]:
        """One and the same error for an unknown source, a wrong address and a wrong signature,
        after the same work.

        Only its `reason`, for our log, tells them apart.
        """
        source, client = self.sources.get(delivery.source), clients.read(sender)
        admitted = source if source is not None and source.admits(client) else None
        try:
            if admitted is None:
                signing.verify(delivery, *NOBODY, self.clock())
                raise BadSignature
            verified = admitted.verify(delivery, self.clock())
        except BadSignature as refused:
            if isinstance(refused, Unsigned):
                # Platforms look for other headers: which ones are missing here must not be told by
                # the time, else it would tell who has a source, and of what platform.
                hmac.digest(NOBODYS, delivery.body, "sha256")
            if admitted is None:
                refused.reason = Reason.SOURCE if source is None else Reason.ADDRESS
            raise
        return admitted, verified

    @staticmethod
    def parse(source: Source, delivery: Delivery, verified: Verified) -> Message | Ignored:
        kind = delivery.headers.get("content-type", "").partition(";")[0].strip().lower()
        if source.own_webhooks is None and kind != "application/json":
            raise UnsupportedType
        return source.parse(verified)

    def read_again(self, name: str, verified: Verified) -> Reading:
        """A delivery that was verified when it came, or that a person vouches for, as it reads now.

        Raises HookError.
        """
        source = self.sources.get(name)
        if source is None:
            raise Forbidden(
                f"The source {name!r} is not in the configuration. Add [sources.{name}]."
            )
        body = source.parse(verified)
        if isinstance(body, Ignored):
            raise UnknownAction({"type": ["This event means nothing to the bridge."]})
        reading = Reading(source, verified, source.platform.read(body, verified), canonical(body))
        if reading.intent.address:
            source.permit(reading.intent.address)
        return reading

    def accept(self, reading: Reading, anew: bool = False) -> Receipt:
        """Makes a job of it; `anew`: of a status also where it is known. Raises Forbidden, and what
        `Inbox.accept` raises."""
        return self.inbox.accept(self._arrival(reading, anew))

    def _arrival(self, reading: Reading, anew: bool = False) -> Arrival:
        source, intent = reading.source, reading.intent
        if intent.address:
            source.permit(intent.address)
        sealed = (
            None if intent.password is None else self.sealer.seal(Purpose.PASSWORD, intent.password)
        )
        digests = self.sealer.digests(Purpose.CONTENT, reading.content)
        return Arrival(
            source.name,
            source.account,
            reading.verified,
            intent,
            digests.newest,
            sealed,
            digests.same,
            source.permit,
            partial(self._require_alone, source),
            anew,
        )

    def _require_alone(self, source: Source, followers: Collection[str]) -> None:
        """Two sources would each make a mailbox of one subscription."""
        if ({*followers} - {source.name}) & {*self.sources}:
            raise Forbidden(
                "Another source of the bridge follows this subscription. Give each subscription to "
                "one webhook endpoint only."
            )

    def _park(
        self, source: Source, verified: Verified, body: Message, content: bytes, error: Invalid
    ) -> None:
        """Keeps what could not be read, encrypted whole: a password may stand anywhere in it.

        Raises Dismissed.
        """
        digests = self.sealer.digests(Purpose.CONTENT, content)
        sealed = self.sealer.seal(Purpose.CONTENT, verified.body.decode())
        # A type that nobody knows may be a password in the wrong place, too.
        kind = (
            body.type if body.type in {*source.platform.ACTIONS, *source.platform.QUESTIONS} else ""
        )
        try:
            self.inbox.park(
                source.name, verified, kind, digests.newest, sealed, error.errors, digests.same
            )
        except Dismissed:
            raise
        except Reused:
            return  # what is wrong with it is told, and it is not kept
        log.warning("parked", type=kind, errors=error.errors)


def canonical(body: Message) -> bytes:
    """What makes two deliveries of one id the same: type and data.

    The body's timestamp does not count.
    """
    return json.dumps([body.type, body.data], sort_keys=True).encode()
