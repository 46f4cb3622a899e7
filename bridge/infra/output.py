"""Standard output and error of what runs for ever. Rule 1: to write never waits, never raises, and
loses no line uncounted.

A pipe whose reader is gone or sleeps, a full disk, a terminal that was stopped: none of them may
hold up a hook. So whoever writes only leaves the text here, and a thread of its own carries it out,
also what libraries and Python itself print.
"""

import io
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from typing import TextIO

MOST = 5000  # texts that may wait to be written; what comes beyond is dropped
LAST = 1.0  # seconds that an end waits for the last of them
AT_ONCE = 100  # texts in one write
AGAIN = 0.05  # seconds until a descriptor that would not wait is tried again

_lost = 0
_counting = threading.RLock()  # a finalizer may print in the middle of counting
_outlets: list["DescriptorStream"] = []


def lost() -> int:
    """Lines that could not be written since this process began."""
    return _lost


def drain(seconds: float = LAST) -> None:
    """Waits until everything is written, but not longer than that."""
    until = time.monotonic() + seconds
    for outlet in _outlets:
        outlet.drain(until - time.monotonic())


@contextmanager
def steady(report_lost: Callable[[int], None]) -> Iterator[None]:
    """Meanwhile sys.stdout and sys.stderr keep to rule 1. `told` hears of lost lines, once they can
    be written again.

    What is not the process's own, as in a test that looks at what was said, stays as it is.
    """
    before = sys.stdout, sys.stderr
    if leads_to(sys.stdout, 1):
        sys.stdout = DescriptorStream(1, report_lost)
    if leads_to(sys.stderr, 2):
        sys.stderr = DescriptorStream(2, report_lost)
    _outlets[:] = [
        stream for stream in (sys.stdout, sys.stderr) if isinstance(stream, DescriptorStream)
    ]
    try:
        yield
    finally:
        drain()
        sys.stdout, sys.stderr = before
        _outlets.clear()


def leads_to(stream: TextIO, descriptor: int) -> bool:
    try:
        return stream.fileno() == descriptor
    except OSError:  # it is in memory
        return False


class DescriptorStream(io.TextIOBase):
    """A text stream to a descriptor, whose `write` never waits: a thread of its own writes."""

    encoding, errors = "utf-8", "backslashreplace"

    def __init__(self, descriptor: int, report_lost: Callable[[int], None]) -> None:
        self._descriptor, self._report_lost = descriptor, report_lost
        self._texts: SimpleQueue[str | threading.Event] = SimpleQueue()
        self._untold = 0
        self._cut = False  # the last line was written in part
        threading.Thread(target=self._carry, name="output", daemon=True).start()

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError("this is a stream of text")  # how click finds out
        if self._texts.qsize() < MOST:
            self._texts.put(text)
        else:
            self._lose(text.count("\n"))
        return len(text)

    def flush(self) -> None:
        """Does nothing, because a flush would wait: see rule 1."""

    def fileno(self) -> int:
        return self._descriptor

    def isatty(self) -> bool:
        return os.isatty(self._descriptor)

    def writable(self) -> bool:
        return True

    def drain(self, seconds: float) -> None:
        mark = threading.Event()
        self._texts.put(mark)
        mark.wait(max(0.0, seconds))

    def _carry(self) -> None:
        while True:
            items = [self._texts.get()]
            with suppress(Empty):
                while len(items) < AT_ONCE:
                    items.append(self._texts.get_nowait())
            self._put("".join(item for item in items if isinstance(item, str)))
            for item in items:
                if isinstance(item, threading.Event):
                    item.set()

    def _put(self, text: str) -> None:
        data = text.encode("utf-8", "backslashreplace")
        left = b"\n" + data if self._cut and data else data
        try:
            while left:
                with suppress(BlockingIOError):  # whoever shares the descriptor may have set it so
                    left = left[os.write(self._descriptor, left) :]
                    continue
                time.sleep(AGAIN)
        except OSError:
            self._cut = self._cut or len(left) < len(data)
            self._lose(left.count(b"\n"))
            return
        self._cut = self._cut and not data
        if self._untold and data:
            with _counting:
                count, self._untold = self._untold, 0
            self._report_lost(count)

    def _lose(self, lines: int) -> None:
        global _lost
        with _counting:
            _lost += lines
            self._untold += lines
