"""What a receipt says of a job that has no result yet, or that a person ended. Pure."""

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
