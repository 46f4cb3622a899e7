"""The subscriptions of a platform beside what the bridge was told and has: events get lost.

Rule 1: what a subscription says now goes in by the way of every event, so a newer event wins. Rule 2:
nothing that takes a mailbox away is made without asking the platform for that one subscription anew.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any

from bridge.domain.errors import Unavailable
from bridge.domain.model import Record, State
from bridge.domain.ports import Clock, Lookup, NothingNew, Said, SourcePaused, Subscribed
from bridge.domain.source import Source
from bridge.domain.superseded import TAKES_AWAY
from bridge.infra import logs
from bridge.infra.http_client import HttpClient, Reply
from bridge.pipeline.intake import Intake, Reading, canonical
from bridge.pipeline.platform_api import NoAnswer, call
from hooks import SubscriptionApi
from hooks.errors import HookError
from hooks.types import ApiCall, Intent, Message, Verified

log = logs.get("subscriptions")

MOST_PAGES = 10_000
SLACK = 1.0  # seconds: an event's time is a whole second


class Kind(StrEnum):
    """In what way a subscription and the bridge differ."""

    NOT_TOLD = "not_told"  # its event was lost, or came before the bridge
    NOT_DONE = "not_done"  # the bridge was told, and the mailbox is not so
    UNREADABLE = "unreadable"  # the map does not find what it should
    WITHOUT = "without_subscription"  # a mailbox that no subscription names any more


@dataclass(frozen=True)
class Finding:
    """One difference. `reading`: what would be recorded, where that helps."""

    kind: Kind
    service_id: str
    address: str
    status: str
    detail: str
    reading: Reading | None = None

    @property
    def takes_away(self) -> bool:
        return self.reading is not None and self.reading.intent.action in TAKES_AWAY

    def describe(self) -> dict[str, Any]:
        return {
            "kind": str(self.kind),
            "service_id": self.service_id,
            "address": self.address,
            "status": self.status,
            "detail": self.detail,
            "action": self.reading and self.reading.intent.action,
        }


@dataclass(frozen=True)
class Comparison:
    """`listed`: how many subscriptions the platform has; `named`: how many name a mailbox."""

    listed: int
    named: int
    findings: Sequence[Finding]


@dataclass
class SubscriptionList:
    intake: Intake
    lookup: Lookup
    subscribed: Subscribed
    outgoing: HttpClient
    clock: Clock

    def compare(self, source: Source) -> Comparison:
        """Asks the platform and changes nothing. Raises Unavailable where it does not answer."""
        # Before the platform is asked: what a job does meanwhile is no difference.
        busy = set(self.lookup.busy(source.account))
        listed = list(self._all(source))
        said = self.subscribed.said(source.name)
        busy |= self.lookup.busy(source.account)
        records = self.lookup.records(source.account)
        judge = _Judge(source, said, records, busy)
        findings = [each for sub, at in listed for each in judge.findings(sub, at)]
        findings += judge.without()
        order = tuple(Kind)
        findings.sort(key=lambda each: (order.index(each.kind), each.address, each.service_id))
        return Comparison(len(listed), judge.named, findings)

    def carry_out(self, source: Source, finding: Finding) -> str:
        """Records what the subscription says, as an event would; the job. Raises Unavailable,
        HookError, NothingNew, SourcePaused."""
        if finding.reading is None:
            raise NothingNew(finding.service_id)
        reading = self._asked_anew(source, finding) if finding.takes_away else finding.reading
        return self.intake.accept(reading, anew=finding.kind is Kind.NOT_DONE).job

    def ensure(self, source: Source) -> tuple[int, int]:
        """What happens by itself: makes the jobs that are missing for mailboxes that should be
        there; how many, and how many other differences there are. Raises Unavailable."""
        found = self.compare(source).findings
        missing = [
            each
            for each in found
            if each.reading is not None and each.reading.intent.action == "mailbox.ensure"
        ]
        made = 0
        for each in missing:
            try:
                job = self.carry_out(source, each)
            except (HookError, NothingNew, SourcePaused) as error:
                log.warning("no job could be made", service_id=each.service_id, error=str(error))
                continue
            made += 1
            log.info("a lost event was made up for", service_id=each.service_id, job=job)
        return made, len(found) - made

    def _asked_anew(self, source: Source, finding: Finding) -> Reading:
        api = _api(source)
        found, at = self._seen(source, api.look(finding.service_id, source.api.key), api.seen)
        reading = read_listed(source, found, at)
        if reading is None or reading.intent.action not in TAKES_AWAY:
            raise NothingNew(finding.service_id)
        return reading

    def _all(self, source: Source) -> Iterator[tuple[Mapping[str, Any], float]]:
        """Each subscription, and a time at which it surely was so or is so still."""
        api, after = _api(source), ""
        for _ in range(MOST_PAGES):
            asked = api.listing(after, source.api.key)
            (page, after), at = self._seen(source, asked, api.listed)
            yield from ((each, at) for each in page)
            if not after:
                return
        raise Unavailable("The platform lists subscriptions without an end.")

    def _seen(self, source: Source, asked: ApiCall, read: Any) -> tuple[Any, float]:
        """What was answered, and a time at which it was so, by the platform's clock: events have
        that."""
        began = self.clock()
        try:
            reply = call(self.outgoing, source, asked)
        except NoAnswer as error:
            raise Unavailable(f"The platform {error}.") from None
        if reply.status != 200:
            raise Unavailable(
                f"The platform answers HTTP {reply.status} instead of its subscriptions. Check "
                "api.key with `enom-bridge doctor`."
            )
        try:
            return read(reply.body), time_of(reply, began, self.clock()) - SLACK
        except ValueError as error:
            raise Unavailable(f"The platform's answer cannot be read: {error}.") from None


def time_of(reply: Reply, began: float, ended: float) -> float:
    """When a call surely had not been answered yet, by the clock of whoever answered it."""
    try:
        date = parsedate_to_datetime(reply.headers["date"]).timestamp()
    except (KeyError, ValueError):
        return began
    return date - max(0.0, ended - began)


class _Judge:
    """Subscriptions against what one moment shows of the bridge."""

    def __init__(
        self,
        source: Source,
        said: Mapping[str, Said],
        records: Mapping[str, Record],
        busy: set[str],
    ) -> None:
        self.source, self.said, self.records, self.busy = source, said, records, busy
        self.named = 0
        self._names: dict[str, str] = {}  # service -> the address that it names

    def findings(self, subscription: Mapping[str, Any], at: float) -> Iterator[Finding]:
        service = str(subscription["id"])
        status = _api(self.source).status(subscription)
        try:
            reading = read_listed(self.source, subscription, at)
        except HookError as error:
            self.named += 1
            self._names[service] = ""
            yield Finding(Kind.UNREADABLE, service, "", status, str(error))
            return
        if reading is None:
            if service in self.said:  # a status that decides nothing: what was said last holds
                self._names[service] = self.said[service].address
            return
        self.named += 1
        intent = reading.intent
        self._names[service] = intent.address
        if intent.address not in self.busy:
            yield from self._judged(reading, status)

    def _judged(self, reading: Reading, status: str) -> Iterator[Finding]:
        intent = reading.intent
        record = self.records.get(intent.address, Record())
        known = self.said.get(intent.service_id)
        told = known is not None and known.is_so(intent)
        so = is_so(intent, record, (self.source.name, intent.service_id))
        about = intent.service_id, intent.address, status
        if not told and not (so and known is None and intent.action in TAKES_AWAY):
            yield Finding(Kind.NOT_TOLD, *about, "The bridge was not told of this.", reading)
        elif not so and known is not None and known.observed:
            only = "It was only observed: nothing was done for it."
            yield Finding(Kind.NOT_DONE, *about, only, reading)
        elif not so:
            yield Finding(Kind.NOT_DONE, *about, f"The mailbox is {record.state}.")

    def without(self) -> Iterator[Finding]:
        """Mailboxes of this source that no subscription names, or another one than their own."""
        for address, record in sorted(self.records.items()):
            mine = record.source == self.source.name and record.state is not State.ABSENT
            if not mine or record.delete_after is not None or address in self.busy:
                continue
            named = self._names.get(record.service_id or "")
            if named not in ("", address):
                why = (
                    "The platform has no such subscription, or it names no mailbox."
                    if named is None
                    else f"Its subscription names {named} by now."
                )
                yield Finding(Kind.WITHOUT, record.service_id or "", address, "", why)


def is_so(intent: Intent, record: Record, owner: tuple[str, str]) -> bool:
    """Whether the record is as this hook wants it, as far as it tells."""
    ours = record.owned_by(*owner)
    leaving = record.delete_after is not None
    if intent.action in TAKES_AWAY:
        return not ours or leaving or record.state is State.ABSENT
    if intent.action == "mailbox.suspend":
        return not ours or record.state in (State.SUSPENDED, State.ABSENT)
    return ours and record.state is State.ACTIVE and not leaving


def _api(source: Source) -> SubscriptionApi:
    if source.subscriptions is None:
        raise TypeError(f"{source.name} is no source of subscriptions")
    return source.subscriptions.api


def read_listed(source: Source, subscription: Mapping[str, Any], at: float) -> Reading | None:
    """What it says, as an event of that time; None where it says nothing. Raises HookError."""
    said = _api(source).message(subscription, at, source.event_map)
    if not isinstance(said, Message):
        return None
    # No sender signed it: the platform said it when it was asked, over TLS.
    verified = Verified(f"list_{subscription['id']}_{int(at)}"[:128], int(at), b"", 0)
    intent = source.platform.read(said, verified)
    source.permit(intent.address)
    return Reading(source, verified, intent, canonical(said))
