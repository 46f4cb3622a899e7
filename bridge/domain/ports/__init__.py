"""What the use cases need of the outside. Adapters and use cases meet only here.

Most have one implementation, the store's. They are here because `pipeline` and `reconcile` may not import the store: so each
holds what these call, and nothing else. Whoever may import the store (engine, wiring, web, cli) uses its classes.

Every time is in epoch seconds. A method that writes under a lease raises LeaseLost when another worker holds the job.
Any method of the store raises StoreUnavailable when the database cannot be used; then nothing was done.
"""

from bridge.domain.backend import Backend, Checkpoint, Clock
from bridge.domain.ports.books import (
    Comparison,
    Comparisons,
    Findings,
    Lookup,
    Note,
    Notebook,
    ObservedJob,
    Owners,
    People,
    Reconciliation,
    Recorded,
    Standing,
    Summaries,
    Taking,
)
from bridge.domain.ports.journey import (
    CannotWithdraw,
    Dismissal,
    Dismissed,
    Ending,
    First,
    Forgotten,
    Inbox,
    Job,
    Limits,
    Outbox,
    Postcard,
    Queue,
    Receipt,
    Reused,
    SourcePaused,
    SuspensionsPaused,
    Withdrawals,
)

__all__ = [
    "Backend",
    "CannotWithdraw",
    "Checkpoint",
    "Clock",
    "Comparison",
    "Comparisons",
    "Dismissal",
    "Dismissed",
    "Ending",
    "Findings",
    "First",
    "Forgotten",
    "Inbox",
    "Job",
    "Limits",
    "Lookup",
    "Note",
    "Notebook",
    "ObservedJob",
    "Outbox",
    "Owners",
    "People",
    "Postcard",
    "Queue",
    "Receipt",
    "Reconciliation",
    "Recorded",
    "Reused",
    "SourcePaused",
    "Standing",
    "Summaries",
    "SuspensionsPaused",
    "Taking",
    "Withdrawals",
]
