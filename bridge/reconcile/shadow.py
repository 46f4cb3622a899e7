"""After a time in observe mode: each hook that came, beside what is so at Enom now because somebody
did it the old way.

Reads only. What a newer hook of the same mailbox decided anew is not judged; what no read can show
is told as that.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bridge.domain import plan
from bridge.domain.account import Account
from bridge.domain.compare import compare
from bridge.domain.differences import aliases_in_words, forwarding_in_words
from bridge.domain.errors import OutcomeUnknown, Refused
from bridge.domain.model import (
    MAILBOX,
    Address,
    Forwarding,
    Mailbox,
    Record,
    State,
    Terms,
    to_rfc3339,
)
from bridge.domain.ports import Lookup, ObservedJob
from bridge.domain.superseded import HookEffect, overtaken, taken_away
from bridge.reconcile.matching import ScanError
from bridge.reconcile.scan import OnProgress, Scanner, silent
from bridge.steps.look_and_plan import Look, StaleRead, believe


class Agreement(StrEnum):
    """How an observed job compares with what the old way did, in the order of reports."""

    DIFFERENT = "different"
    WOULD_NOT = "would_not"
    UNSEEN = "unseen"
    UNREAD = "unread"
    SAME = "same"
    OVERTAKEN = "overtaken"


WORDS: Mapping[Agreement, str] = {
    Agreement.DIFFERENT: (
        "differ at the mail provider: your present system did something else, or has not done it "
        "yet"
    ),
    Agreement.WOULD_NOT: "would have failed or been held by the bridge",
    Agreement.UNSEEN: "cannot be checked by a read",
    Agreement.UNREAD: "could not be read",
    Agreement.SAME: "were done by your present system as the bridge would have done them",
    Agreement.OVERTAKEN: "were replaced by a later hook",
}


@dataclass(frozen=True)
class JudgedJob:
    """`why` is empty where there is nothing to say."""

    job: ObservedJob
    verdict: Agreement
    why: str = ""

    def describe(self) -> dict[str, Any]:
        job = self.job
        return {
            "hook": job.hook,
            "job": job.id,
            "action": job.intent.action,
            "address": job.intent.address,
            "service_id": job.intent.service_id,
            "received_at": to_rfc3339(job.created_at),
            "verdict": str(self.verdict),
            "why": self.why or None,
        }


@dataclass
class Observation:
    lookup: Lookup
    scanner: Scanner
    accounts: Mapping[str, Account]

    def report(self, account: str, since: float, progress: OnProgress = silent) -> list[JudgedJob]:
        """Every hook that was only observed since then (epoch seconds), what differs first."""
        jobs = self.lookup.observed(account, since)
        current, decided_anew = newest(jobs)
        addresses = sorted({job.intent.address for job in current})
        known = self.accounts[account]
        looks = self.scanner.mailboxes(known, [Address.parse(one) for one in addresses], progress)
        # Read after Enom, so that what a hook did meanwhile is known here.
        records = self.lookup.records(account)
        judged = [
            judge(
                known,
                job,
                looks[Address.parse(job.intent.address)],
                records.get(job.intent.address, Record()),
            )
            for job in current
        ]
        judged += [JudgedJob(job, Agreement.OVERTAKEN) for job in decided_anew]
        order = tuple(Agreement)
        return sorted(
            judged,
            key=lambda each: (order.index(each.verdict), each.job.intent.address, each.job.id),
        )


def judge(account: Account, job: ObservedJob, found: Look | ScanError, record: Record) -> JudgedJob:
    if isinstance(found, ScanError):
        return JudgedJob(job, Agreement.UNREAD, found.detail)
    if job.would_be is not None:
        return JudgedJob(
            job, Agreement.WOULD_NOT, f"It would have {ENDS[job.would_be[0]]}: {job.would_be[1]}"
        )
    try:
        seen = believe(found, record, account.terms)
    except (StaleRead, OutcomeUnknown) as doubt:
        return JudgedJob(job, Agreement.UNREAD, str(doubt))
    return JudgedJob(job, *JUDGES[job.intent.action](job, seen, account.terms))


ENDS: Mapping[str, str] = {"failed": "failed", "held": "been held for a decision"}
Judge = Callable[[ObservedJob, Mailbox, Terms], tuple[Agreement, str]]
GONE = "The mailbox does not exist at the mail provider."


def newest(jobs: Sequence[ObservedJob]) -> tuple[list[ObservedJob], list[ObservedJob]]:
    """Those that decide a fact last, and those whose facts all were decided anew; `jobs` are the
    newest first."""
    newer: dict[str, list[HookEffect]] = {}
    current: list[ObservedJob] = []
    decided_anew: list[ObservedJob] = []
    for job in jobs:
        later, said = (
            newer.setdefault(job.intent.address, []),
            HookEffect(job.intent.action, frozenset(job.facts)),
        )
        (decided_anew if overtaken(said, later) or taken_away(said, later) else current).append(job)
        later.append(said)
    return current, decided_anew


def missing(seen: Mailbox) -> str:
    """Why there is no mailbox; empty where there is one. An alias or a forward is none."""
    if not seen.exists:
        return GONE
    return "" if seen.type == MAILBOX else f"It is no mailbox there, but of type {seen.type}."


def created(job: ObservedJob, seen: Mailbox, terms: Terms) -> tuple[Agreement, str]:
    why = missing(seen)
    return (Agreement.DIFFERENT, why) if why else (Agreement.SAME, "")


def terminated(job: ObservedJob, seen: Mailbox, terms: Terms) -> tuple[Agreement, str]:
    return (
        (Agreement.DIFFERENT, "The mailbox still exists at the mail provider.")
        if not missing(seen)
        else (Agreement.SAME, "")
    )


def suspended(job: ObservedJob, seen: Mailbox, terms: Terms) -> tuple[Agreement, str]:
    if why := missing(seen):
        return Agreement.DIFFERENT, why
    if not plan.shown(seen, terms):
        return Agreement.UNSEEN, "Only hosted email shows whether a mailbox is suspended."
    wanted = State.SUSPENDED if job.intent.action == "mailbox.suspend" else State.ACTIVE
    state = compare(Record(), seen, terms).state
    return (
        (Agreement.SAME, "")
        if state is wanted
        else (Agreement.DIFFERENT, f"At the mail provider it is {state}.")
    )


def sized(job: ObservedJob, seen: Mailbox, terms: Terms) -> tuple[Agreement, str]:
    if why := missing(seen):
        return Agreement.DIFFERENT, why
    if seen.quota is None:
        return Agreement.UNSEEN, "Only hosted email shows the size of a mailbox."
    wanted = terms.plans[job.intent.plan or ""]
    same = seen.quota == wanted
    return (
        (Agreement.SAME, "")
        if same
        else (Agreement.DIFFERENT, f"At the mail provider it has {seen.quota / 2**30:g} GB.")
    )


def renewed(job: ObservedJob, seen: Mailbox, terms: Terms) -> tuple[Agreement, str]:
    if why := missing(seen):
        return Agreement.DIFFERENT, why
    try:
        paid = terms.products.paid_until(seen)
    except Refused as unseen:
        return Agreement.UNSEEN, unseen.detail
    if paid is None or job.intent.until is None or paid >= job.intent.until:
        return Agreement.SAME, ""
    return Agreement.DIFFERENT, f"At the mail provider it has {terms.products.place(seen)}."


def named(job: ObservedJob, seen: Mailbox, terms: Terms) -> tuple[Agreement, str]:
    if why := missing(seen):
        return Agreement.DIFFERENT, why
    if seen.aliases is None:
        return Agreement.UNSEEN, "Only hosted email shows the aliases of a mailbox."
    if seen.aliases == (job.intent.aliases or ()):
        return Agreement.SAME, ""
    there = aliases_in_words(seen.aliases)
    return Agreement.DIFFERENT, f"At the mail provider its aliases are {there}."


def forwarded(job: ObservedJob, seen: Mailbox, terms: Terms) -> tuple[Agreement, str]:
    if why := missing(seen):
        return Agreement.DIFFERENT, why
    if seen.forwarding is None:
        return Agreement.UNSEEN, "Only hosted email shows the forwarding of a mailbox."
    if seen.forwarding == Forwarding.of(job.intent.forward_to or (), job.intent.keep_copy):
        return Agreement.SAME, ""
    there = forwarding_in_words(seen.forwarding)
    return Agreement.DIFFERENT, f"At the mail provider its forwarding is {there}."


def there(job: ObservedJob, seen: Mailbox, terms: Terms) -> tuple[Agreement, str]:
    why = missing(seen)
    return (Agreement.DIFFERENT, why) if why else (Agreement.SAME, "")


def unseen(job: ObservedJob, seen: Mailbox, terms: Terms) -> tuple[Agreement, str]:
    return Agreement.UNSEEN, "No read shows passwords."


JUDGES: Mapping[str, Judge] = {
    "mailbox.create": created,
    "mailbox.ensure": suspended,
    "mailbox.suspend": suspended,
    "mailbox.unsuspend": suspended,
    "mailbox.terminate": terminated,
    "mailbox.change_password": unseen,
    "mailbox.change_plan": sized,
    "mailbox.renew": renewed,
    "mailbox.set_aliases": named,
    "mailbox.set_forwarding": forwarded,
    "mailbox.change_service": there,
}
