"""The audit trail: what a person did, written in the transaction that did it. Never pruned, but for
what strangers tried.
"""

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.store.base.tables import audit

ACTIONS = (
    "approve", "retry", "reject", "cancel", "dismiss", "replay", "resend", "adopt", "import",
    "repair", "reconcile", "undelete", "erase", "pause", "resume", "admin-link", "sign-in",
    "sign-in refused", "sign-out", "password-link",
)  # fmt: skip
LONGEST = 320  # characters of a target; its column holds no more


def add(
    tx: Connection, who: str, action: str, target: str, now: float, detail: str | None = None
) -> None:
    """`who` as the page or the command line knows them; nothing that may be a secret goes into
    `detail`.
    """
    tx.execute(
        sa.insert(audit).values(
            at=now, who=who[:128], action=action, target=target[:LONGEST], detail=detail
        )
    )
