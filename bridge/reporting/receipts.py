"""What a receipt says of a job that has no result yet, or that a person ended. Pure."""

WAITING = {
    None: "Accepted. The result follows.",
    "turn": "Accepted. An earlier request for this mailbox or its domain comes first.",
    "retry": "The mail provider could not be reached; it is tried again.",
    "settle": "Sent. It is being checked whether it took effect.",
    "account": "Accepted. It waits until the provider account is ready again.",
}
"""By what a job waits for."""

CANCELLED = "Cancelled by a person."
PAUSED = "Paused by a person."
UNANSWERED = "its receiver did not answer"
"""Why a callback was given up."""
LATE = "A newer hook of this service, by its own time, was accepted before this one."
"""The detail of a job that was cancelled because its hook came late: it counts as if it had never come."""


def rejected(reason: str | None) -> str:
    return f"Rejected by a person: {reason}" if reason else "Rejected by a person."
