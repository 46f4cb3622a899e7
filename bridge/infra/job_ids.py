"""Ids of jobs: in the order of time, and not to be guessed."""

import os

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_job_id(now: float) -> str:
    """`job_` and a ULID: 48 bits of milliseconds, 80 random ones."""
    return job_id(now, int.from_bytes(os.urandom(10)))


def first_id(now: float) -> str:
    """The lowest id that a job of this time can have: ids are in the order of time."""
    return job_id(now, 0)


def job_id(now: float, tail: int) -> str:
    number = int(now * 1000) << 80 | tail
    return "job_" + "".join(CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))
