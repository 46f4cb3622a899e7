"""Garbage is found while no object is being made."""

import subprocess
import sys
import threading
import time

from bridge.infra import garbage


class Loop:
    """Garbage that says which thread found it."""

    def __init__(self, finders: list[str]) -> None:
        self.me, self.finders = self, finders

    def __del__(self) -> None:
        self.finders.append(threading.current_thread().name)


def test_garbage_is_found_by_a_thread_that_makes_nothing_else() -> None:
    garbage.collect_apart()  # again, as each command does
    finders: list[str] = []
    count, kept, end = 5000, [], time.monotonic() + 30
    for _ in range(count):
        Loop(finders)
    while len(finders) < count and time.monotonic() < end:
        kept.append({"made": [len(kept)]})
        time.sleep(0.001)
    assert len(finders) == count
    if sys.version_info < (3, 12):
        assert set(finders) == {"garbage"}
        assert [each.name for each in threading.enumerate()].count("garbage") == 1


SETTLED = """
import gc
from bridge.infra import garbage
kept = [[]]
garbage.settle()
before, loop = len(gc.get_objects()), []
loop.append(loop)
del loop
print(before, any(each is kept for each in gc.get_objects()), gc.collect())
"""


def test_what_a_process_started_with_is_not_looked_through_again() -> None:
    done = subprocess.run([sys.executable, "-c", SETTLED], capture_output=True, text=True)
    looked_at, kept, found = done.stdout.split()
    assert int(looked_at) < 100 and kept == "False"
    assert int(found) >= 1  # what is made afterwards is, as before
