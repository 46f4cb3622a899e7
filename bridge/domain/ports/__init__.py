"""What the use cases need of the outside. Adapters and use cases meet only here.

Most have one implementation, the store's. They are here because `pipeline` and `reconcile` may not
import the store: so each holds what these call, and nothing else. Whoever may import the store
(engine, wiring, web, cli) uses its classes.

Every time is in epoch seconds. A method that writes under a lease raises LeaseLost when another
worker holds the job. Any method of the store raises StoreUnavailable when the database cannot be
used; then nothing was done.
"""

from bridge.domain.backend import Backend, Checkpoint, Clock
from bridge.domain.ports.books import (
    AccountState,
    AlertLog,
    Assignment,
    Comparison,
    Comparisons,
    Findings,
    Lookup,
    Note,
    ObservedJob,
    OperatorActions,
    Owners,
    Reconciliation,
    Recorded,
    Said,
    Services,
    Subscribed,
    Summaries,
)
from bridge.domain.ports.follow_up import (
    ClaimedWriteBack,
    LinkedMailbox,
    LinkUsed,
    PasswordLinks,
    WriteBacks,
)
from bridge.domain.ports.journey import (
    AccountLimits,
    CannotWithdraw,
    ClaimedCallback,
    Dismissal,
    Dismissed,
    Forgotten,
    Inbox,
    InitialPlan,
    Job,
    JobResult,
    Limits,
    NothingNew,
    Outbox,
    Queue,
    Receipt,
    Reused,
    ServiceRules,
    SourcePaused,
    SuspensionsPaused,
    Withdrawals,
)

__all__ = [
    "AccountLimits",
    "AccountState",
    "AlertLog",
    "Assignment",
    "Backend",
    "CannotWithdraw",
    "Checkpoint",
    "ClaimedCallback",
    "ClaimedWriteBack",
    "Clock",
    "Comparison",
    "Comparisons",
    "Dismissal",
    "Dismissed",
    "Findings",
    "Forgotten",
    "Inbox",
    "InitialPlan",
    "Job",
    "JobResult",
    "Limits",
    "LinkUsed",
    "LinkedMailbox",
    "Lookup",
    "Note",
    "NothingNew",
    "ObservedJob",
    "OperatorActions",
    "Outbox",
    "Owners",
    "PasswordLinks",
    "Queue",
    "Receipt",
    "Reconciliation",
    "Recorded",
    "Reused",
    "Said",
    "ServiceRules",
    "Services",
    "SourcePaused",
    "Subscribed",
    "Summaries",
    "SuspensionsPaused",
    "Withdrawals",
    "WriteBacks",
]
