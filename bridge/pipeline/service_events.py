"""Opt-in events: notices that a mailbox is nearly full, and tells its source, signed like a
callback.

An event holds nothing back and is held back by nothing: it has no sequence.
"""

import random
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from bridge.domain.errors import StoreUnavailable
from bridge.domain.ports import Clock
from bridge.domain.service_events import ClaimedEvent, EventLog, EventType, Usage
from bridge.domain.source import Source
from bridge.infra import logs
from bridge.infra.http_client import HttpClient, retry_after
from bridge.pipeline.callbacks import JITTER, RETRIES, post_signed
from bridge.reporting import answers
from hooks.types import Report

log = logs.get("events")


@dataclass(frozen=True)
class NearlyFull:
    """`sizes` and `thresholds` by plan, in bytes and percent; 0: that plan is never told of.
    `sources` want to be told; of the accounts in `silent`, which are only observed, nobody is.
    """

    events: EventLog
    sizes: Mapping[str, int]
    thresholds: Mapping[str, int]
    sources: Collection[str]
    silent: Collection[str] = ()

    def saw(
        self,
        source: str,
        account: str,
        service: tuple[str, str],
        used: int | None,
        quota: int | None,
    ) -> None:
        """A read showed how full the mailbox of a service (id and address) is. Whoever asked gets
        the answer whatever comes of this."""
        if source not in self.sources or account in self.silent or used is None or not quota:
            return
        plans = [name for name, size in self.sizes.items() if size == quota]
        thresholds = {self.thresholds[name] for name in plans}
        if len(thresholds) != 1:
            return  # no plan has this size, or plans of it differ
        usage = Usage(source, account, service[1], service[0], used, quota, thresholds.pop())
        if not usage.threshold:
            return
        try:
            if self.events.note_usage(usage, told_of(usage, plans)):
                log.info("a mailbox is nearly full", address=usage.address, source=source)
        except StoreUnavailable as error:
            log.warning("an event could not be recorded", address=usage.address, error=str(error))


def told_of(usage: Usage, plans: list[str]) -> dict[str, object]:
    """`plan` is null where several have this size."""
    return {
        "address": usage.address,
        "service_id": usage.service_id,
        "plan": plans[0] if len(plans) == 1 else None,
        "used_bytes": usage.used,
        "quota_bytes": usage.quota,
        "percent": usage.used * 100 // usage.quota,
        "threshold": usage.threshold,
    }


@dataclass
class EventSender:
    events: EventLog
    sources: Mapping[str, Source]
    outgoing: HttpClient
    clock: Clock = time.time
    retries: tuple[float, ...] = RETRIES
    random: Callable[[], float] = random.random
    stopping: Callable[[], bool] = field(default=lambda: False)

    def send_due(self) -> None:
        """One round: all that is due, but nothing more to a receiver that did not answer."""
        silent: frozenset[str] = frozenset()
        while not self.stopping():
            claimed = self.events.claim_event(silent)
            if claimed is None:
                return
            if not self._send(claimed):
                silent |= {claimed.source}

    def _send(self, claimed: ClaimedEvent) -> bool:
        """Whether anything was answered."""
        source = self.sources.get(claimed.source)
        if source is None or not source.callback.url:
            self.events.event_done(
                claimed, "stopped", None, "This source has no callback URL.", None
            )
            return True
        status, headers, error = self._post(claimed, source)
        outcome, retry_in = self._judge(claimed, status, headers)
        log.info(
            "event",
            id=claimed.id,
            source=claimed.source,
            outcome=outcome,
            status=status,
            error=error,
            tries=claimed.tries,
        )
        self.events.event_done(claimed, outcome, status, error, retry_in)
        return status is not None

    def _post(
        self, claimed: ClaimedEvent, source: Source
    ) -> tuple[int | None, Mapping[str, str], str | None]:
        happened = datetime.fromtimestamp(int(claimed.created_at), UTC)
        data = answers.dump(SCHEMAS[claimed.type], claimed.data)
        body = source.platform.write(Report(claimed.type, happened, data))
        return post_signed(self.outgoing, source, claimed.id, int(self.clock()), body)

    def _judge(
        self, claimed: ClaimedEvent, status: int | None, headers: Mapping[str, str]
    ) -> tuple[str, float | None]:
        if status is not None and 200 <= status < 300:
            return "delivered", None
        if status == 410:
            return "stopped", None
        if claimed.tries > len(self.retries):
            return "exhausted", None
        seconds = self.retries[claimed.tries - 1] * (1 + JITTER * (2 * self.random() - 1))
        if status in (429, 503):
            seconds = max(seconds, retry_after(headers, self.clock()) or 0.0)
        return "pending", seconds


SCHEMAS: Mapping[str, type[answers.Answer]] = {EventType.NEARLY_FULL: answers.NearlyFullData}
"""The `data` of each type."""
