"""The deadline of one HTTP call: whatever its connection does, it is cut when the time is over.

A time-out of a socket cannot do that, because it begins anew with each byte.
"""

import socket
import threading
import time
from contextlib import suppress
from heapq import heappop, heappush
from itertools import count


class Handle:
    """A second handle on a connection, because TLS and urllib3 pass the first one on and close it
    early. To be closed with it."""

    def __init__(self, connection: socket.socket) -> None:
        self._lock = threading.Lock()
        self._socket: socket.socket | None = connection.dup()

    def cut(self) -> None:
        with self._lock, suppress(OSError):
            if self._socket:
                self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        with self._lock:
            if self._socket:
                self._socket.close()
            self._socket = None


class Call:
    """One call: its deadline, whether a byte was sent, and the connection that is cut at the
    deadline."""

    def __init__(self, timeout: float) -> None:
        self.sent = False
        self.ended = False
        self.deadline = time.monotonic() + timeout
        self._lock = threading.Lock()
        self._handle: Handle | None = None

    def __enter__(self) -> "Call":
        _watchdog.watch(self)
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._handle = None
            self.ended = True

    @property
    def left(self) -> float:
        return self.deadline - time.monotonic()

    @property
    def over(self) -> bool:
        return self.left <= 0

    def watch(self, handle: Handle | None) -> None:
        """From here on the deadline cuts this connection."""
        if self.over:
            raise TimeoutError("the deadline has passed")
        with self._lock:
            self._handle = handle

    def cut(self) -> None:
        """Also of a call that has just ended: nothing is cut then, for the connection may serve
        another one."""
        with self._lock:
            if self._handle:
                self._handle.cut()


class _Watchdog:
    """Cuts every call that is still under way at its deadline.

    One thread for all: one for each took a tenth of a job.
    """

    def __init__(self) -> None:
        self._calls: list[
            tuple[float, int, Call]
        ] = []  # a heap; the number keeps two of one moment apart
        self._numbers = count()
        self._earlier = threading.Condition()
        self._thread: threading.Thread | None = None

    def watch(self, call: Call) -> None:
        with self._earlier:
            heappush(self._calls, (call.deadline, next(self._numbers), call))
            if (
                self._thread is None or not self._thread.is_alive()
            ):  # not in a process that was forked
                self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)
                self._thread.start()
            elif self._calls[0][2] is call:
                self._earlier.notify()

    def _run(self) -> None:
        while True:
            with self._earlier:
                # It wakes up for what is under way, not once for each call there was.
                while self._calls and self._calls[0][2].ended:
                    heappop(self._calls)
                left = self._calls[0][2].left if self._calls else None
                if left is None or left > 0:
                    self._earlier.wait(left)
                    continue
                call = heappop(self._calls)[2]
            call.cut()


_watchdog = _Watchdog()


class Calls(threading.local):
    current: Call | None = None

    def under_way(self) -> Call:
        if self.current is None:  # nothing would end it
            raise RuntimeError("a connection is used outside of a call")
        return self.current


calls = Calls()  # how a connection, which urllib3 makes, finds the call that it serves
