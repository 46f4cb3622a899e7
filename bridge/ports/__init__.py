"""What the use cases need of the outside. Adapters and use cases meet only here.

Every time is in epoch seconds. A method that writes under a lease raises LeaseLost when another worker holds the job.
Any method of the store raises StoreUnavailable when the database cannot be used; then nothing was done.
"""

from bridge.ports.backend import Backend, Checkpoint, Clock
from bridge.ports.books import (
    Findings,
    Lookup,
    Note,
    Notebook,
    ObservedJob,
    Owners,
    Reading,
    Readings,
    Reconciliation,
    Recorded,
    Seen,
    Standing,
    Summaries,
    Taking,
)
from bridge.ports.journey import (
    Ending,
    First,
    Forgotten,
    Inbox,
    InTurn,
    Job,
    Limits,
    Outbox,
    Postcard,
    Queue,
    Receipt,
    Reused,
    SourcePaused,
    SuspensionsPaused,
)

__all__ = [
    "Backend",
    "Checkpoint",
    "Clock",
    "Ending",
    "Findings",
    "First",
    "Forgotten",
    "InTurn",
    "Inbox",
    "Job",
    "Limits",
    "Lookup",
    "Note",
    "Notebook",
    "ObservedJob",
    "Outbox",
    "Owners",
    "Postcard",
    "Queue",
    "Reading",
    "Readings",
    "Receipt",
    "Reconciliation",
    "Recorded",
    "Reused",
    "Seen",
    "SourcePaused",
    "Standing",
    "Summaries",
    "SuspensionsPaused",
    "Taking",
]
