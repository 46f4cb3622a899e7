"""Which request is next: clients take turns, so that one with much to do keeps no other waiting."""

from collections import deque
from typing import Any, Protocol

from waitress.task import ThreadedTaskDispatcher


class Request(Protocol):
    """A connection with a request that has arrived whole.

    `client`: who sent it, as far as can be known.
    """

    @property
    def client(self) -> str: ...
    def service(self) -> None: ...
    def cancel(self) -> None: ...


class FairQueue:
    """A line for each client.

    It has what waitress uses of the one deque that it would put everybody into.
    """

    def __init__(self) -> None:
        self._lines: dict[str, deque[Request]] = {}  # in the order of their next turns

    def append(self, request: Request) -> None:
        self._lines.setdefault(request.client, deque()).append(request)

    def popleft(self) -> Request:
        client, line = next(iter(self._lines.items()))
        request = line.popleft()
        del self._lines[client]
        if line:
            self._lines[client] = line  # behind everybody else
        return request

    def __len__(self) -> int:
        return sum(map(len, self._lines.values()))

    def __bool__(self) -> bool:
        return bool(self._lines)


class FairDispatcher(ThreadedTaskDispatcher):
    """Hands requests to threads, those of each client in turn, so that none waits for another's
    flood."""

    def __init__(self, threads: int) -> None:
        super().__init__()
        self.queue: Any = FairQueue()
        self.set_thread_count(threads)

    def add_task(self, task: Any) -> None:
        """Without waitress's warning for each request that has to wait: strangers would fill the
        log with it.
        """
        with self.lock:
            self.queue.append(task)
            self.queue_cv.notify()
