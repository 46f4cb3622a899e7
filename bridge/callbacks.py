"""Tells each source, signed, how its jobs ended. 2xx is delivered, 410 stops for good, all else is tried again for days."""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from bridge import logs
from bridge.outgoing import Lost, NotSent, Outgoing, retry_after
from bridge.ports import Clock, Outbox, Postcard, Receipt
from bridge.watch import Facts, Watch
from hooks import Platform, signing
from hooks.types import Report

log = logs.get("callbacks")

RETRIES = (5.0, 300.0, 1800.0, 7200.0, 18000.0, 36000.0, 50400.0, 72000.0, 86400.0)  # seconds, plus or minus JITTER
JITTER = 0.2
TIMEOUT = 10.0  # seconds in all


@dataclass(frozen=True)
class Recipient:
    """Where a source hears from us. No url: nothing is sent; the platform asks for `results`."""

    platform: Platform
    url: str
    secret: bytes = field(repr=False)


@dataclass
class Callbacks:
    outbox: Outbox
    recipients: Mapping[str, Recipient]
    outgoing: Outgoing
    clock: Clock = time.time
    retries: tuple[float, ...] = RETRIES
    random: Callable[[], float] = random.random
    checkpoint: Callable[[str], None] = lambda name: None
    watch: Watch = field(default_factory=Watch)

    def deliver(self, card: Postcard) -> None:
        """One try to deliver one claimed callback."""
        named = {
            "callback": card.id,
            "job": card.job,
            "hook": card.receipt.hook,
            "source": card.source,
            "account": card.account,
        }
        with logs.bound(**named), self.watch.over("callback", **named, tries=card.tries, outcome="left") as told:
            self._deliver(card, told)

    def _deliver(self, card: Postcard, told: Facts) -> None:
        recipient = self.recipients.get(card.source)
        if recipient is None or not recipient.url:
            self.outbox.callback_done(card, "stopped", None, "The source has no callback in the configuration.", None)
            told["outcome"] = "stopped"
            return
        self.checkpoint("callback-claimed")
        status, headers, error = self._post(card, recipient)
        self.checkpoint("callback-sent")
        outcome, retry_in = self._judge(card, status, headers)
        log.info("callback", outcome=outcome, status=status, error=error, tries=card.tries)
        self.outbox.callback_done(card, outcome, status, error, retry_in)
        told.update(outcome=outcome, status=status)
        self.checkpoint("callback-noted")

    def _post(self, card: Postcard, recipient: Recipient) -> tuple[int | None, Mapping[str, str], str | None]:
        now = self.clock()
        body = recipient.platform.write(report(card.receipt))
        headers = signing.sign(card.id, int(now), body, recipient.secret)
        headers["content-type"] = "application/json"
        try:
            reply = self.outgoing.post(recipient.url, body, headers, timeout=TIMEOUT, limit=1 << 16)
        except (NotSent, Lost) as error:
            return None, {}, str(error)
        return reply.status, reply.headers, None if reply.status < 300 else f"HTTP {reply.status}"

    def _judge(self, card: Postcard, status: int | None, headers: Mapping[str, str]) -> tuple[str, float | None]:
        if status is not None and 200 <= status < 300:
            return "delivered", None
        if status == 410:
            return "stopped", None
        if card.tries > len(self.retries):
            return "exhausted", None
        seconds = self.retries[card.tries - 1] * (1 + JITTER * (2 * self.random() - 1))
        if status in (429, 503):
            seconds = max(seconds, retry_after(headers, self.clock()) or 0.0)
        return "pending", seconds


def report(receipt: Receipt) -> Report:
    """A receipt as the callback tells it: the same, without what is for staff only."""
    data = receipt.describe()
    for name in ("status", "waiting_for"):  # the callback's type says it
        del data[name]
    if receipt.error is not None and "remote" in receipt.error:
        # Then the detail quotes Enom, too.
        data["error"] = {name: value for name, value in receipt.error.items() if name not in ("detail", "remote")}
    ended = datetime.fromisoformat(receipt.finished_at) if receipt.finished_at else datetime.now(UTC)
    return Report(f"job.{receipt.status}", ended, data)
