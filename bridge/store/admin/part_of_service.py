"""Members of services whose own job waits for a person: they are decided with it, and not listed
beside it.
"""

import sqlalchemy as sa

from bridge.store.base.tables import jobs

FIRST_JOB, NEWEST_JOB, AGAIN = (
    jobs.alias(name) for name in ("first_of_service", "newest_of_service", "service_again")
)


def decided_with(*statuses: str) -> sa.ColumnElement[bool]:
    """Whether a row of `jobs` is a member, and its service's job is in one of these states and was
    not tried again."""
    newest = (
        FIRST_JOB.c.id == jobs.c.service_job,
        NEWEST_JOB.c.mailbox_id.is_(None),
        NEWEST_JOB.c.service_id == FIRST_JOB.c.service_id,
        NEWEST_JOB.c.source == FIRST_JOB.c.source,
        NEWEST_JOB.c.hook_id == FIRST_JOB.c.hook_id,
        NEWEST_JOB.c.status.in_(statuses),
        ~sa.exists().where(AGAIN.c.replaces == NEWEST_JOB.c.id),
    )
    whole = sa.exists().where(*newest).correlate(jobs)
    # Hardly any job is a member: the rest is asked of those alone.
    return sa.and_(jobs.c.service_job.is_not(None), whole)
