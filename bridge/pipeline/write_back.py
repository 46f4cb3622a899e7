"""Writes how it stands with a mailbox into the metadata of its subscription, where that differs from
what was written last; retried like a callback.

It says state, address and the code of an error, and no more: whoever sees the subscription sees it.
The event that the platform sends because of it says no new status, so it makes no job.
"""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bridge.domain.ports import ClaimedWriteBack, Clock, WriteBacks
from bridge.domain.source import Source
from bridge.infra import logs
from bridge.infra.http_client import HttpClient, Reply, retry_after
from bridge.pipeline.callbacks import JITTER, RETRIES
from bridge.pipeline.platform_api import NoAnswer, call

log = logs.get("write_back")

GONE = frozenset({400, 404})
"""Answers that no later try changes: the subscription is not there, or takes no metadata any more."""


@dataclass
class WriteBack:
    write_backs: WriteBacks
    sources: Mapping[str, Source]
    outgoing: HttpClient
    clock: Clock = time.time
    retries: tuple[float, ...] = RETRIES
    random: Callable[[], float] = random.random
    stopping: Callable[[], bool] = field(default=lambda: False)

    def send_due(self) -> None:
        """One round: all that is due."""
        while not self.stopping():
            claimed = self.write_backs.claim_write_back()
            if claimed is None:
                return
            self._write(claimed)

    def _write(self, claimed: ClaimedWriteBack) -> None:
        source = self.sources.get(claimed.source)
        differing = {
            name: value
            for name, value in (claimed.notes or {}).items()
            if claimed.written.get(name, "") != value
        }
        if source is None or source.subscriptions is None or not source.api.key or not differing:
            self.write_backs.write_back_done(claimed, None, None, None)
            return
        asked = source.subscriptions.api.note(claimed.service_id, differing, source.api.key)
        try:
            reply = call(self.outgoing, source, asked)
        except NoAnswer as error:
            return self._later(claimed, str(error), 0.0)
        self._judge(claimed, reply)

    def _judge(self, claimed: ClaimedWriteBack, reply: Reply) -> None:
        named = {"source": claimed.source, "service_id": claimed.service_id}
        if 200 <= reply.status < 300:
            log.info("written back", **named, **{"mailbox": (claimed.notes or {})["status"]})
            return self.write_backs.write_back_done(claimed, claimed.notes, None, None)
        error = f"HTTP {reply.status}"
        if reply.status in GONE:
            log.warning("not written back", **named, error=error)
            return self.write_backs.write_back_done(claimed, None, error, None)
        self._later(claimed, error, retry_after(reply.headers, self.clock()) or 0.0)

    def _later(self, claimed: ClaimedWriteBack, error: str, least: float) -> None:
        named = {"source": claimed.source, "service_id": claimed.service_id}
        if claimed.tries > len(self.retries):
            log.error("not written back; given up", **named, error=error)
            return self.write_backs.write_back_done(claimed, None, error, None)
        seconds = self.retries[claimed.tries - 1] * (1 + JITTER * (2 * self.random() - 1))
        log.warning("not written back yet", **named, error=error, tries=claimed.tries)
        self.write_backs.write_back_done(claimed, None, error, max(seconds, least))
