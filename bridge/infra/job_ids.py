"""Ids of jobs: in the order of time, and not to be guessed."""

import os
import threading

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
MOST_MOMENTS = 64


class JobIds:
    """Makes ids. Of the same millisecond, too, each is higher than the one before it: hooks that
    are written in one group have one time, and their order counts."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tails: dict[int, int] = {}

    def new(self, now: float) -> str:
        """`job_` and a ULID: 48 bits of milliseconds, 80 random ones."""
        moment, drawn = int(now * 1000), int.from_bytes(os.urandom(10))
        with self._lock:
            # Of some moments: threads may come with times that differ a little.
            before = self._tails.pop(moment, None)
            if before is not None:
                drawn = before + 1 + (drawn >> 40)
            self._tails[moment] = drawn
            if len(self._tails) > MOST_MOMENTS:
                del self._tails[next(iter(self._tails))]  # asked for longest ago
        return job_id(moment, drawn)


new_job_id = JobIds().new


def first_id(now: float) -> str:
    """The lowest id that a job of this time can have: ids are in the order of time."""
    return job_id(int(now * 1000), 0)


def job_id(moment: int, tail: int) -> str:
    number = moment << 80 | tail
    return "job_" + "".join(CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))
