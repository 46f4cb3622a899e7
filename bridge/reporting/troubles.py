"""What goes wrong without any one job or account saying so: Enom is away, jobs wait, jobs fail for
one cause. Pure.

Each trouble is one note while it lasts, and one when it is over.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
UNREACHABLE_AFTER = 15 * MINUTE  # before that, a job's own retries are answer enough
WAITING_AFTER = HOUR
FAILED_WITHIN = (
    HOUR  # a cause that failed jobs as late as this stands; one without any for a day is over
)
REMEDIES = {
    "domain_not_in_account": (
        "Add the domain to the account at the mail provider, with its mail service there."
    ),
    "pak_full": "Get another mailbox slot for the domain at the mail provider: docs/errors.md says how.",
    "plan_unknown": (
        "Add the plan to bridge.toml under [plans] and reload, or correct the product in billing."
    ),
    "purchase_needed": (
        'Buy or renew the pak at Enom, or set purchase = "paks" or "boxes" for the account.'
    ),
    "unsupported": (
        "The account is not configured for this: see suspend_with and hosted_email in "
        "docs/configuration.md."
    ),
    "not_ours": (
        "If the mailboxes belong to these services: enom-bridge "
        "mailboxes import, or mailboxes adopt."
    ),
    "password_needed": "Have billing send a new password: change it there.",
}
"""Error codes of failed jobs that the admin can mend for all of them at once."""


@dataclass(frozen=True)
class Counted:
    """Of one account.

    `oldest_*` in epoch seconds, None where there is none; `failed`: code, how many, newest job.
    """

    account: str
    paused: bool
    waiting: int
    oldest_waiting: float | None
    unreachable: int
    oldest_unreachable: float | None
    failed: Sequence[tuple[str, int, str]] = ()


@dataclass(frozen=True)
class Trouble:
    subject: str
    text: str


def found(counted: Counted, now: float) -> Iterator[Trouble]:
    """What stands now.

    A paused account has a note of its own, and its jobs wait because of that.
    """
    account = counted.account
    if counted.unreachable and counted.oldest_unreachable is not None and not counted.paused:
        minutes = int((now - counted.oldest_unreachable) // MINUTE)
        yield Trouble(
            f"unreachable:{account}",
            f"The mail provider is not reachable for account {account}: "
            f"{jobs(counted.unreachable, 'has', 'have')} been retrying for {minutes} minutes.\n"
            "They continue by themselves. To see the cause: enom-bridge doctor",
        )
    elif counted.waiting and counted.oldest_waiting is not None and not counted.paused:
        hours = (now - counted.oldest_waiting) / HOUR
        yield Trouble(
            f"waiting:{account}",
            f"{jobs(counted.waiting, 'has', 'have')} waited for "
            f"more than an hour in account {account}, "
            f"the oldest for {hours:.1f} hours.\n"
            f"To see why: enom-bridge jobs list --status queued",
        )
    for code, count, newest in counted.failed:
        if code in REMEDIES:
            yield Trouble(
                f"failing:{account}:{code}",
                f"{jobs(count, 'has', 'have')} failed in account {account} with {code}. "
                f"{REMEDIES[code]}\n"
                "Then: enom-bridge jobs retry JOB (enom-bridge jobs list --status failed). The "
                f"newest: {newest}",
            )


def limited(waiting: int) -> Iterator[Trouble]:
    """`waiting`: how many jobs wait for the next day, over all accounts."""
    if waiting:
        yield Trouble(
            "limit:creations",
            f"{jobs(waiting, 'waits', 'wait')} for the next day (UTC): today's limit of new "
            "mailboxes (safety.max_creations_per_day) is reached. Everything else continues.\n"
            "If they are right: enom-bridge jobs approve JOB, for each, or raise the limit and "
            "reload the bridge. If not, fix billing, then: enom-bridge jobs cancel JOB\n"
            "To see them: enom-bridge jobs list --status queued --action mailbox.create",
        )


def jobs(count: int, one: str = "is", many: str = "are") -> str:
    return f"{count} job {one}" if count == 1 else f"{count} jobs {many}"


def over(subject: str) -> str:
    """The sentence for a trouble that has ended."""
    kind, _, of = subject.partition(":")
    account, _, code = of.partition(":")
    return {
        "unreachable": f"The mail provider answers again for account {account}.",
        "limit": "No job waits any more for the limit of new mailboxes.",
        "waiting": f"No job of account {account} has waited for more than an hour.",
        "failing": f"No job of account {account} failed with {code} for a day.",
    }[kind]
