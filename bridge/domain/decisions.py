"""What a person may do now with a job, a hook or a callback; where not, why not, and what instead.
Pure.

Rule 1: nothing is done that this does not allow. The store asks it under the lock of the row, the
pages make their buttons of it, and a form that comes without a button is refused by the same words.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bridge.domain.errors import Limit
from bridge.domain.jobs import Status

Rule = Callable[["JobFacts"], str | None]


@dataclass(frozen=True)
class JobFacts:
    """What a decision about a job rests on.

    `limit` holds it, or lets it wait (`waits`), and is what an approval lifts. `tried_again_as`
    took its place; `approved`: by an approval. `in_doubt`: nobody knows whether its purchase was made. `overtaken` says why it
    is not to be repeated, where newer hooks decided.
    """

    id: str
    status: Status
    code: str | None = None
    limit: Limit | None = None
    waits: bool = False
    tried_again_as: str | None = None
    in_doubt: bool = False
    overtaken: str | None = None
    approved: bool = False
    of_service: bool = False
    """It sends nothing itself: what is done to it is done to its members."""


@dataclass(frozen=True)
class HookFacts:
    """`led_to`: it has a job. `body`: a parked one's is still kept."""

    id: str
    led_to: bool
    dismissed: bool
    body: bool


def approve(job: JobFacts) -> str | None:
    if job.status == Status.QUEUED and job.waits:
        return None
    if job.status != Status.HELD:
        return (
            f"Job {job.id} is {job.status}; only held jobs can be approved, and those that wait "
            "for safety.max_creations_per_day."
        )
    if job.tried_again_as is not None:
        return again(job)
    if job.in_doubt:
        return (
            f"{doubt(job)} Check the order at the mail provider, then: enom-bridge jobs retry "
            f"{job.id}"
        )
    if job.limit is None:
        why = (
            f"No safety limit holds job {job.id}, so there is nothing to approve: it stopped with "
            f"{job.code or 'a doubt'}."
        )
        return f"{why} Fix the cause, then: enom-bridge jobs retry {job.id}"
    return job.overtaken


def retry(job: JobFacts) -> str | None:
    if job.status not in (Status.HELD, Status.FAILED):
        text = f"Job {job.id} is {job.status}; only held or failed jobs can be retried."
        return f"{text} See: enom-bridge jobs explain {job.id}"
    if job.tried_again_as is not None:
        return again(job)
    if job.of_service and job.limit is not None:
        # One after the other they would stop at the limit, half done.
        return (
            f"Job {job.id} is held by a safety limit, and its mailboxes are counted together. If "
            f"it is right: enom-bridge jobs approve {job.id}"
        )
    # Whoever tries it again has looked the purchase up. It no longer holds up others, also when the
    # job is not repeated.
    return None if job.in_doubt else job.overtaken


def reject(job: JobFacts) -> str | None:
    if job.status != Status.HELD:
        return f"Job {job.id} is {job.status}; only held jobs can be rejected."
    if job.tried_again_as is not None:
        return again(job)
    return (
        (
            f"{doubt(job)} Check the order at the mail provider, then retry "
            f"it first: enom-bridge jobs retry {job.id}"
        )
        if job.in_doubt
        else None
    )


NOT_CANCELLED: Mapping[Status, str] = {
    Status.RUNNING: "is running; try again in a moment",
    Status.HELD: "is held, so nothing is left to cancel",
    Status.SUCCEEDED: "has already succeeded",
    Status.FAILED: "has already failed",
    Status.CANCELLED: "was already cancelled",
}


def cancel(job: JobFacts) -> str | None:
    if job.of_service and job.status == Status.RUNNING:
        return None  # what still waits of it is cancelled
    if job.status != Status.QUEUED:
        text = f"Job {job.id} {NOT_CANCELLED[job.status]}."
        return (
            f"{text} To close it: enom-bridge jobs reject {job.id}" if reject(job) is None else text
        )
    return (
        f"{doubt(job)} It must be settled first. See: enom-bridge jobs explain {job.id}"
        if job.in_doubt
        else None
    )


def again(job: JobFacts) -> str:
    how = "approved" if job.approved else "retried"
    return f"Job {job.id} was already {how}, as {job.tried_again_as}."


def doubt(job: JobFacts) -> str:
    return f"Job {job.id} has a purchase in doubt."


OF_JOBS: Mapping[str, Rule] = {
    "approve": approve,
    "retry": retry,
    "reject": reject,
    "cancel": cancel,
}
"""In the order in which a page offers them."""
STATUSES: Mapping[str, tuple[Status, ...]] = {
    "approve": (Status.HELD,),
    "retry": (Status.HELD, Status.FAILED),
    "reject": (Status.HELD,),
}
"""What can be done to many jobs at once, and in which states they are looked for."""
GIVES_UP = frozenset({"reject", "cancel", "dismiss"})
"""What ends something without it being done: never the button that a page leads to."""


def of_job(job: JobFacts) -> dict[str, str | None]:
    """Each thing that a person can do to a job, and why not now (None: it may be done)."""
    return {verb: rule(job) for verb, rule in OF_JOBS.items()}


def among_many(verb: str, job: JobFacts) -> str | None:
    """Why this is not done to this job together with others.

    A purchase in doubt is looked up, so each by itself.
    """
    refusal = OF_JOBS[verb](job)
    if refusal is None and job.in_doubt:
        return (
            f"{doubt(job)} Check the order at the mail provider, then give "
            f"its id: enom-bridge jobs {verb} {job.id}"
        )
    return refusal


def checksum(verb: str, ids: Sequence[str]) -> str:
    """Twelve hex digits that name what was shown: what would be done, and to which jobs."""
    return hashlib.sha256("\n".join([verb, *ids]).encode()).hexdigest()[:12]


def of_hook(hook: HookFacts) -> dict[str, str | None]:
    dismissed = (
        f"Hook {hook.id} was dismissed; have billing send it again under a new id."
        if hook.dismissed
        else None
    )
    wiped = None if hook.body or hook.led_to else "Its body was wiped 72 hours after it arrived."
    led = f"Hook {hook.id} has a job, so it cannot be dismissed." if hook.led_to else None
    return {
        "replay": dismissed or (wiped and f"{wiped} Have billing send it again under a new id."),
        "dismiss": led or (f"Hook {hook.id} was already dismissed." if hook.dismissed else None),
    }


def of_callback(id: str, status: str, due: bool) -> dict[str, str | None]:
    """`due`: it is the sender's turn, or was never tried."""
    return {
        "resend": f"Callback {id} is already being sent." if status == "pending" and due else None
    }
