"""Tells each source, signed, how its jobs ended. 2xx is delivered, 410 stops for good, all else is
tried again for days.

What goes to a receiver that does not answer at all is put off, one callback asking now and then, so
that it keeps nobody else's waiting and nothing of its own is given up early.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from bridge.domain.ports import ClaimedCallback, Clock, Outbox, Receipt
from bridge.domain.source import Source
from bridge.infra import logs
from bridge.infra.events import Attributes, Events
from bridge.infra.http_client import HttpClient, Lost, NotSent, retry_after
from bridge.pipeline.first_password import FirstPassword
from bridge.reporting import answers
from hooks import signing
from hooks.types import Report

log = logs.get("callbacks")

RETRIES = (
    5.0,
    300.0,
    1800.0,
    7200.0,
    18000.0,
    36000.0,
    50400.0,
    72000.0,
    86400.0,
)  # seconds, plus or minus JITTER
JITTER = 0.2
TIMEOUT = 10.0  # seconds in all
# seconds until a receiver that does not answer is asked again; it begins with the first of RETRIES
LONGEST_SILENCE = 300.0
AWAITS = "first_password"
"""Of a receipt: the mailbox was made with a password that nobody knows."""
GATEWAY = frozenset({502, 504})
"""A proxy's answers, when what is behind it gave none. 503 is an answer: the receiver is busy
with this one service."""


class SenderShares:
    """Which sources may be sent to now, of those that something is due for. Counts what is under
    way in this process.

    While several have something due, each holds at most half of the senders; where there are several, one alone leaves a
    sender free for whoever comes next.
    """

    def __init__(self, senders: int, several: bool) -> None:
        self._senders, self._several = senders, several
        self._under_way: Counter[str] = Counter()
        self._last: dict[str, int] = {}  # when each had its last turn, in turns
        self._turn, self._most = 0, senders
        self._lock = threading.Lock()
        self.withheld = False
        """Whether the last order left out a source that something is due for."""

    def order(self, due: Sequence[str]) -> list[str]:
        """Those that may go: the one with the least under way first, then whoever had no turn
        for longest."""
        with self._lock:
            self._most = self._senders // 2 if len(due) > 1 else self._senders - self._several
            may = [source for source in due if self._under_way[source] < self._most]
            self.withheld = len(may) < len(due)
            return sorted(
                may, key=lambda source: (self._under_way[source], self._last.get(source, 0))
            )

    def room(self, source: str) -> int:
        """How many more of this source may be under way, as of the last order."""
        with self._lock:
            return self._most - self._under_way[source]

    def begin(self, source: str) -> None:
        with self._lock:
            self._turn += 1
            self._under_way[source] += 1
            self._last[source] = self._turn

    def end(self, source: str) -> None:
        with self._lock:
            self._under_way[source] -= 1


@dataclass
class Callbacks:
    outbox: Outbox
    sources: Mapping[str, Source]
    outgoing: HttpClient
    clock: Clock = time.time
    retries: tuple[float, ...] = RETRIES
    random: Callable[[], float] = random.random
    checkpoint: Callable[[str], None] = lambda name: None
    events: Events = field(default_factory=Events)
    first_password: FirstPassword | None = None

    def deliver(self, claimed: ClaimedCallback) -> None:
        """One try to deliver one claimed callback, and its outcome on record. Raises
        StoreUnavailable."""
        named = {
            "callback": claimed.id,
            "job": claimed.job,
            "hook": claimed.receipt.hook,
            "source": claimed.source,
            "account": claimed.account,
        }
        with (
            logs.bound(**named),
            self.events.span(
                "callback", **named, tries=claimed.tries, outcome="left"
            ) as attributes,
        ):
            self._deliver(claimed, attributes)

    def _deliver(self, claimed: ClaimedCallback, attributes: Attributes) -> None:
        source = self.sources.get(claimed.source)
        if source is None or not source.callback.url:
            if self.first_password is not None and claimed.receipt.extra.get(AWAITS):
                self.first_password.links.remind(claimed.job)
            self.outbox.callback_done(
                claimed,
                "stopped",
                None,
                "This source has no callback URL.",
                None,
            )
            attributes["outcome"] = "stopped"
            return
        self.checkpoint("callback-claimed")
        status, headers, error = self._post(claimed, source)
        self.checkpoint("callback-sent")
        answered = status is not None and status not in GATEWAY
        outcome, retry_in = self._judge(claimed, status, headers)
        log.info(
            "callback",
            outcome=outcome,
            status=status,
            error=error,
            tries=claimed.tries,
            unanswered=claimed.unanswered,
        )
        if answered:
            self.outbox.callback_done(claimed, outcome, status, error, retry_in)
        else:
            self._unanswered(claimed, outcome, status, error, retry_in)
        attributes.update(outcome=outcome, status=status)
        self.checkpoint("callback-noted")

    def _unanswered(
        self,
        claimed: ClaimedCallback,
        outcome: str,
        status: int | None,
        error: str | None,
        retry_in: float | None,
    ) -> None:
        pause: float = min(self.retries[0] * 2 ** min(claimed.unanswered, 30), LONGEST_SILENCE)
        self.outbox.callback_done(claimed, outcome, status, error, retry_in, silent_for=pause)
        if claimed.unanswered and (ended := self.outbox.give_up(claimed.source, sum(self.retries))):
            log.error(
                "callbacks not delivered: the receiver does not answer",
                source=claimed.source,
                count=ended,
            )

    def _post(
        self, claimed: ClaimedCallback, source: Source
    ) -> tuple[int | None, Mapping[str, str], str | None]:
        link = None
        if self.first_password is not None and claimed.receipt.extra.get(AWAITS):
            # Another one with each try: of a try whose answer was lost nobody knows what arrived.
            link = self.first_password.for_callback(claimed.job)
        body = source.platform.write(report(claimed.receipt, link))
        return post_signed(self.outgoing, source, claimed.id, int(self.clock()), body)

    def _judge(
        self, claimed: ClaimedCallback, status: int | None, headers: Mapping[str, str]
    ) -> tuple[str, float | None]:
        if status is not None and 200 <= status < 300:
            return "delivered", None
        # What was only observed asks nothing of billing: a receiver that does not know its type is
        # not asked again.
        if status == 410 or (
            observed(claimed.receipt) and status is not None and 400 <= status < 500
        ):
            return "stopped", None
        # Where nothing was answered no try counts, so age decides.
        old = (
            claimed.unanswered > 0
            and (status is None or status in GATEWAY)
            and claimed.waited > sum(self.retries)
        )
        if claimed.tries > len(self.retries) or old:
            return "exhausted", None
        seconds = self.retries[claimed.tries - 1] * (1 + JITTER * (2 * self.random() - 1))
        if status in (429, 503):
            seconds = max(seconds, retry_after(headers, self.clock()) or 0.0)
        return "pending", seconds


def report(receipt: Receipt, password_link: str | None = None) -> Report:
    """A receipt as the callback tells it: the same, without what is for staff only; and the one
    link that is told nowhere else."""
    described = receipt.describe() | ({"password_link": password_link} if password_link else {})
    data = answers.dump(answers.CallbackData, described)
    if receipt.error is not None and "remote" in receipt.error:
        del data["error"]["detail"]  # it quotes Enom, too
    for told, known in zip(
        data.get("mailboxes", ()), receipt.extra.get("mailboxes", ()), strict=True
    ):
        if known["error"] is not None and "remote" in known["error"]:
            del told["error"]["detail"]
    ended = (
        datetime.now(UTC)
        if receipt.finished_at is None
        else datetime.fromtimestamp(int(receipt.finished_at), UTC)
    )
    return Report("job.observed" if observed(receipt) else f"job.{receipt.status}", ended, data)


def observed(receipt: Receipt) -> bool:
    """Whether the job was only observed: nothing was changed, whatever it says it would have
    done."""
    return bool(receipt.extra.get("observed_only"))


def post_signed(
    outgoing: HttpClient, source: Source, id: str, now: int, body: bytes
) -> tuple[int | None, Mapping[str, str], str | None]:
    """Sends a body to the receiver of this source: status and headers of its answer, and what went
    wrong. Without a status nothing was answered."""
    headers = signing.sign(id, now, body, source.callback.secret)
    headers["content-type"] = "application/json"
    try:
        reply = outgoing.post(source.callback.url, body, headers, timeout=TIMEOUT, limit=1 << 16)
    except (NotSent, Lost) as error:
        return None, {}, str(error)
    return reply.status, reply.headers, None if reply.status < 300 else f"HTTP {reply.status}"
