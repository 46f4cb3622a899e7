"""What a receipt says of a job that has no result yet, or that a person ended. Pure."""

from collections.abc import Set

WAITING = {
    None: "Accepted and queued.",
    "turn": "Accepted. An earlier request for this mailbox or its domain goes first.",
    "retry": "The mail provider was not reachable. The request will be retried.",
    "settle": "Sent. Waiting for confirmation.",
    "limit": "Accepted. Today's limit of new mailboxes is reached; this one follows on another day.",
    "account": "Accepted. Waiting until the provider account works again.",
}
"""By what a job waits for."""

CANCELLED = "Cancelled by an admin."
PAUSED = "Paused by an admin."
UNANSWERED = "the receiver did not answer"
"""Why a callback was given up."""
LATE = "A newer hook of this service, by its own time, was accepted before this one."
"""The detail of a job that was cancelled because its hook came late: it counts as if it had
never come."""


def rejected(reason: str | None) -> str:
    return f"Rejected by an admin: {reason}" if reason else "Rejected by an admin."


def billing_learns(callbacks: Set[bool]) -> str:
    """How billing learns that a job has ended. `callbacks`: whether the sources of the jobs have a
    callback; both where some have."""
    if callbacks == {True}:
        return "a callback tells billing"
    if True in callbacks:
        return (
            "a callback tells billing where its source has one; elsewhere billing learns this only "
            "if it asks for results"
        )
    return "its source has no callback, so billing learns this only if it asks for results"
