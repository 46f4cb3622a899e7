"""After a time in observe mode: each hook that came, beside what is so at Enom now because somebody did it the old way.

Reads only. What a newer hook of the same mailbox decided anew is not judged; what no read can show is told as that.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bridge.domain import plan
from bridge.domain.errors import Refused
from bridge.domain.model import Address, Mailbox, Record, State, Terms, in_words
from bridge.domain.ports import Clock, Lookup, ObservedJob
from bridge.domain.wanted import Said, overtaken, taken_away
from bridge.reconcile.matching import Barred
from bridge.reconcile.scan import Reach, Surveyor, Told, unheard


class Verdict(StrEnum):
    """In the order in which they are told."""

    DIFFERENT = "different"
    WOULD_NOT = "would_not"
    UNSEEN = "unseen"
    UNREAD = "unread"
    SAME = "same"
    OVERTAKEN = "overtaken"


WORDS: Mapping[Verdict, str] = {
    Verdict.DIFFERENT: "are not so at Enom: the old way did something else, or did not do it yet",
    Verdict.WOULD_NOT: "the bridge would not have done",
    Verdict.UNSEEN: "no read can show",
    Verdict.UNREAD: "could not be looked at",
    Verdict.SAME: "were done the old way as the bridge would have done them",
    Verdict.OVERTAKEN: "were decided anew by a later hook",
}


@dataclass(frozen=True)
class Judged:
    """`why` is empty where there is nothing to say."""

    job: ObservedJob
    verdict: Verdict
    why: str = ""

    def describe(self) -> dict[str, Any]:
        job = self.job
        return {
            "hook": job.hook,
            "job": job.id,
            "action": job.intent.action,
            "address": job.intent.address,
            "service_id": job.intent.service_id,
            "received_at": in_words(job.created_at),
            "verdict": str(self.verdict),
            "why": self.why or None,
        }


@dataclass
class Observation:
    lookup: Lookup
    surveyor: Surveyor
    reaches: Mapping[str, Reach]
    terms: Mapping[str, Terms]
    clock: Clock

    def report(self, account: str, since: float, told: Told = unheard) -> list[Judged]:
        """Every hook that was only observed since then (epoch seconds), what differs first."""
        jobs = self.lookup.observed(account, since)
        current, decided_anew = newest(jobs)
        addresses = sorted({job.intent.address for job in current})
        looks = self.surveyor.mailboxes(self.reaches[account], [Address.parse(one) for one in addresses], told)
        judged = [self._judged(account, job, looks[Address.parse(job.intent.address)]) for job in current]
        judged += [Judged(job, Verdict.OVERTAKEN) for job in decided_anew]
        order = tuple(Verdict)
        return sorted(judged, key=lambda each: (order.index(each.verdict), each.job.intent.address, each.job.id))

    def _judged(self, account: str, job: ObservedJob, look: tuple[Mailbox, float] | Barred) -> Judged:
        if isinstance(look, Barred):
            return Judged(job, Verdict.UNREAD, look.detail)
        if job.would_be is not None:
            return Judged(job, Verdict.WOULD_NOT, f"It would have {ENDS[job.would_be[0]]}: {job.would_be[1]}")
        verdict, why = JUDGES[job.intent.action](job, look[0], self.terms[account])
        return Judged(job, verdict, why)


ENDS: Mapping[str, str] = {"failed": "failed", "held": "been held for a person"}
Judge = Callable[[ObservedJob, Mailbox, Terms], tuple[Verdict, str]]
GONE = "There is no such mailbox at Enom."


def newest(jobs: Sequence[ObservedJob]) -> tuple[list[ObservedJob], list[ObservedJob]]:
    """Those that decide a fact last, and those whose facts all were decided anew; `jobs` are the newest first."""
    newer: dict[str, list[Said]] = {}
    current: list[ObservedJob] = []
    decided_anew: list[ObservedJob] = []
    for job in jobs:
        later, said = newer.setdefault(job.intent.address, []), Said(job.intent.action, frozenset(job.facts))
        (decided_anew if overtaken(said, later) or taken_away(said, later) else current).append(job)
        later.append(said)
    return current, decided_anew


def created(job: ObservedJob, seen: Mailbox, terms: Terms) -> tuple[Verdict, str]:
    return (Verdict.SAME, "") if seen.exists else (Verdict.DIFFERENT, GONE)


def terminated(job: ObservedJob, seen: Mailbox, terms: Terms) -> tuple[Verdict, str]:
    return (Verdict.DIFFERENT, "The mailbox is still at Enom.") if seen.exists else (Verdict.SAME, "")


def suspended(job: ObservedJob, seen: Mailbox, terms: Terms) -> tuple[Verdict, str]:
    if not seen.exists:
        return Verdict.DIFFERENT, GONE
    if not plan.shown(seen, terms):
        return Verdict.UNSEEN, "Whether a mailbox is suspended shows only through hosted email."
    wanted = State.SUSPENDED if job.intent.action == "mailbox.suspend" else State.ACTIVE
    state = plan.state_of(seen, Record(), terms)
    return (Verdict.SAME, "") if state is wanted else (Verdict.DIFFERENT, f"At Enom it is {state}.")


def sized(job: ObservedJob, seen: Mailbox, terms: Terms) -> tuple[Verdict, str]:
    if not seen.exists:
        return Verdict.DIFFERENT, GONE
    if seen.quota is None:
        return Verdict.UNSEEN, "The size of a mailbox shows only through hosted email."
    wanted = terms.plans[job.intent.plan or ""]
    same = seen.quota == wanted
    return (Verdict.SAME, "") if same else (Verdict.DIFFERENT, f"At Enom it has {seen.quota / 2**30:g} GB.")


def renewed(job: ObservedJob, seen: Mailbox, terms: Terms) -> tuple[Verdict, str]:
    try:
        paid = terms.products.paid_until(seen)
    except Refused as unseen:
        return Verdict.UNSEEN, unseen.detail
    if paid is None or job.intent.until is None or paid >= job.intent.until:
        return Verdict.SAME, ""
    return Verdict.DIFFERENT, f"At Enom it has {terms.products.place(seen)}."


def unseen(job: ObservedJob, seen: Mailbox, terms: Terms) -> tuple[Verdict, str]:
    return Verdict.UNSEEN, "No read shows passwords."


JUDGES: Mapping[str, Judge] = {
    "mailbox.create": created,
    "mailbox.suspend": suspended,
    "mailbox.unsuspend": suspended,
    "mailbox.terminate": terminated,
    "mailbox.change_password": unseen,
    "mailbox.change_plan": sized,
    "mailbox.renew": renewed,
}
