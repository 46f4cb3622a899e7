"""Which callback may be sent next: in order for each mailbox, that of a service after those of its
members; and what one waits for.
"""

import sqlalchemy as sa

from bridge.store.base.conditions import among, looked_up
from bridge.store.base.tables import callbacks, jobs, sources
from bridge.store.queue.next_job import TOLD_ACTION_NAMES, open_of

# Without an end to it, one callback that a receiver never takes would keep all later news of its
# mailbox back.
HOLDS_BACK = (
    2  # failed tries until which an undelivered callback holds back newer ones of its mailbox
)

# The callback to be sent next.
OLDER_CALLBACK = callbacks.alias("older")
OLDER_IS_PENDING = looked_up(
    OLDER_CALLBACK.c.mailbox_id == callbacks.c.mailbox_id,
    OLDER_CALLBACK.c.sequence < callbacks.c.sequence,
    among(OLDER_CALLBACK.c.status, "pending"),
    OLDER_CALLBACK.c.tries < HOLDS_BACK,
)
# A job that is overtaken ends before an earlier one that still runs. Receivers ignore what comes
# out of order.
EARLIER_JOB = jobs.alias("earlier_job")
EARLIER_JOB_IS_OPEN = looked_up(
    *open_of(EARLIER_JOB, callbacks), EARLIER_JOB.c.sequence < callbacks.c.sequence
)
# That of a service comes after those of its members, and after what its own line has earlier.
SAME_SERVICE = (
    OLDER_CALLBACK.c.mailbox_id.is_(None),
    OLDER_CALLBACK.c.service_id == callbacks.c.service_id,
    OLDER_CALLBACK.c.source == callbacks.c.source,
)
SERVICE_JOB, MEMBER = jobs.alias("service_job"), jobs.alias("member")
OLDER_OF_SERVICE = sa.or_(
    looked_up(
        *SAME_SERVICE,
        OLDER_CALLBACK.c.sequence < callbacks.c.sequence,
        among(OLDER_CALLBACK.c.status, "pending"),
        OLDER_CALLBACK.c.tries < HOLDS_BACK,
    ),
    looked_up(
        EARLIER_JOB.c.mailbox_id.is_(None),
        EARLIER_JOB.c.service_id == callbacks.c.service_id,
        EARLIER_JOB.c.source == callbacks.c.source,
        EARLIER_JOB.c.sequence < callbacks.c.sequence,
        among(EARLIER_JOB.c.status, "running"),
    ),
    looked_up(
        SERVICE_JOB.c.mailbox_id.is_(None),
        SERVICE_JOB.c.service_id == callbacks.c.service_id,
        SERVICE_JOB.c.source == callbacks.c.source,
        MEMBER.c.service_job == SERVICE_JOB.c.id,
        OLDER_CALLBACK.c.job_id == MEMBER.c.id,
        among(OLDER_CALLBACK.c.status, "pending"),
        OLDER_CALLBACK.c.tries < HOLDS_BACK,
        OLDER_CALLBACK.c.created_at <= callbacks.c.created_at,
    ),
)
WAITS_IN_SERVICE = callbacks.c.mailbox_id.is_(None) & OLDER_OF_SERVICE
IS_DUE = (
    among(callbacks.c.status, "pending"),
    callbacks.c.next_at <= sa.bindparam("now"),
    ~OLDER_IS_PENDING,
    ~EARLIER_JOB_IS_OPEN,
    ~WAITS_IN_SERVICE,
)
# Whether an older one may be needless; of a service that is asked by itself.
HAS_OLDER = sa.or_(
    callbacks.c.mailbox_id.is_(None),
    looked_up(
        OLDER_CALLBACK.c.mailbox_id == callbacks.c.mailbox_id,
        OLDER_CALLBACK.c.sequence < callbacks.c.sequence,
        among(OLDER_CALLBACK.c.status, "pending"),
    ),
)
SELECT_NEXT_CALLBACK = (
    sa.select(callbacks, HAS_OLDER.label("has_older"))
    .where(
        callbacks.c.source == sa.bindparam("source"),
        callbacks.c.action == sa.bindparam("action"),
        *IS_DUE,
    )
    .order_by(callbacks.c.next_at)  # as its index is; of one mailbox the older goes first anyhow
    .limit(2)
)
SELECT_NEXT_CALLBACK_LOCKED = SELECT_NEXT_CALLBACK.with_for_update(skip_locked=True)
RECEIVER_IS_LEFT_ALONE = sa.func.coalesce(sources.c.receiver_after, 0) > sa.bindparam("now")
OF_FLOW = callbacks.c.source == sources.c.name, callbacks.c.action == TOLD_ACTION_NAMES.c.action
SELECT_DUE_FLOWS = (
    sa.select(sources.c.name, TOLD_ACTION_NAMES.c.action, sources.c.receiver_tries)
    .join_from(sources, TOLD_ACTION_NAMES, sa.true())  # each action of each source
    .where(~RECEIVER_IS_LEFT_ALONE, looked_up(*OF_FLOW, *IS_DUE, by=(callbacks.c.next_at,)))
    .order_by(sources.c.name, TOLD_ACTION_NAMES.c.action)
)
# What a callback waits for, in a word; null: for nothing but a free sender.
WAITING_FOR = sa.case(
    (~among(callbacks.c.status, "pending"), None),
    (
        sa.exists().where(sources.c.name == callbacks.c.source, sources.c.receiver_tries > 0),
        sa.literal_column("'receiver'"),
    ),
    (sa.or_(OLDER_IS_PENDING, EARLIER_JOB_IS_OPEN, WAITS_IN_SERVICE), sa.literal_column("'turn'")),
    (callbacks.c.tries > 0, sa.literal_column("'retry'")),
    else_=None,
)
