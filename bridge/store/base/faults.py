"""What a database raises, in our words: nothing above the store sees an exception of SQLAlchemy that
is not a mistake of ours."""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from bridge.domain.errors import StoreUnavailable
from bridge.reporting.refusals import refusal

TABLES_AWAY = {"42P01", "42703", "3F000", "42501"}
"""PostgreSQL's codes for a table, column or schema that is not there, and for one that this user
may not use.
"""
LOCKED = {"55P03", "40P01"}
"""PostgreSQL's codes for a lock that was not given in time, and for a deadlock: nothing is kept."""
OUR_MISTAKES = (
    sa.exc.IntegrityError,
    sa.exc.DataError,
    sa.exc.ProgrammingError,
    sa.exc.NotSupportedError,
)


class Locked(StoreUnavailable):
    """Another transaction kept what this one needed; nothing of this one is kept."""


@contextmanager
def translated() -> Iterator[None]:
    """The database's own exceptions end here, without the values they carry; those that tell of our
    statements pass.
    """
    try:
        yield
    except (sa.exc.DBAPIError, sa.exc.TimeoutError) as error:
        # Dropped, or made anew and empty
        code = getattr(getattr(error, "orig", None), "sqlstate", None)
        strange = code in TABLES_AWAY
        if isinstance(error, OUR_MISTAKES) and not strange:
            raise
        cause = str(getattr(error, "orig", None) or error).splitlines()[0].rstrip(".")
        kind = Locked if code in LOCKED else StoreUnavailable
        raise kind(refusal("database_unusable", cause=cause)) from None
