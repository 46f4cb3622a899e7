"""Hands requests that have arrived whole to threads: hooks many at once, all others one by one.

Rule 1: hooks that come while others are received are received together, by one thread, so that each
costs no hand-over of its own. Rule 2: one that comes alone waits for no other. Rule 3: where those
that are received take long, as where the database is locked, the next thread does not wait for them.
"""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from waitress.task import ThreadedTaskDispatcher

from bridge.web.connection import Connection, served
from bridge.web.fair_queue import FairQueue

MOST = 16  # hooks received together: it also bounds how long the first of them waits
# Seconds that hooks wait for those before them to be received. Far longer than that takes on a busy
# machine: threads that do the same beside each other only take the interpreter from each other.
PATIENCE = 0.25

Take = Callable[[Sequence[Any]], Sequence[bool]]
"""Receives hooks, given as WSGI environments, and leaves each answer there; tells of each whether it
could."""


class Dispatcher(ThreadedTaskDispatcher):
    """Clients take turns, so that none waits for another's flood."""

    def __init__(self, threads: int, take: Take) -> None:
        super().__init__()
        self.queue: Any = FairQueue()
        self.hooks: FairQueue[Connection] = FairQueue()
        self.take = take
        self.next: Receiving | None = None
        """Takes the hooks that wait now, as soon as it is its turn."""
        self.receiving: Receiving | None = None
        self.turn = threading.Condition(self.lock)
        self.set_thread_count(threads)

    def add_task(self, task: Any) -> None:
        """Without waitress's warning for each request that has to wait: strangers would fill the
        log with it.
        """
        with self.lock:
            if is_hook(task):
                self.hooks.append(task)
                self.receive_next()
            else:
                self._add(task)

    def receive_next(self) -> None:
        """The caller holds the lock."""
        if self.hooks and self.next is None:
            self.next = Receiving(self)
            self._add(self.next)

    def add_alone(self, connection: Connection) -> None:
        with self.lock:
            self._add(connection)

    def shutdown(self, cancel_pending: bool = True, timeout: int = 5) -> bool:
        ended = super().shutdown(cancel_pending, timeout)
        with self.lock:
            while self.hooks:
                self.hooks.popleft().cancel()
        return bool(ended)

    def _add(self, task: "Connection | Receiving") -> None:
        self.queue.append(task)
        self.queue_cv.notify()


class Receiving:
    """A thread's turn to receive the hooks that wait."""

    client = ""  # whose turn it is in the queue of all requests

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher
        self._begun = 0.0

    def service(self) -> None:
        dispatcher = self._dispatcher
        with dispatcher.lock:
            while (before := dispatcher.receiving) is not None and before.left > 0:
                dispatcher.turn.wait(before.left)
            self._begun, dispatcher.receiving, dispatcher.next = time.monotonic(), self, None
            hooks = [dispatcher.hooks.popleft() for _ in range(min(len(dispatcher.hooks), MOST))]
            dispatcher.receive_next()  # where there are more
        try:
            self._receive(hooks)
        finally:
            with dispatcher.lock:
                if dispatcher.receiving is self:
                    dispatcher.receiving = None
                    dispatcher.turn.notify()

    @property
    def left(self) -> float:
        """Seconds that the next thread still waits for this one."""
        return self._begun + PATIENCE - time.monotonic()

    def cancel(self) -> None:
        """Its hooks are the dispatcher's."""

    def _receive(self, hooks: Sequence[Connection]) -> None:
        try:
            known = self._dispatcher.take([each.environment() for each in hooks])
        except Exception:  # of any kind: each is tried alone, and answered with its own fault
            self._dispatcher.logger.exception("Hooks could not be received together")
            known = [False] * len(hooks)
        served.quiet = True
        try:
            for connection, taken in zip(hooks, known, strict=True):
                if taken:
                    self._answer(connection)
                else:
                    self._dispatcher.add_alone(connection)
        finally:
            served.quiet = False
            if left := [each for each in hooks if each.connected]:
                left[0].server.pull_trigger()

    def _answer(self, connection: Connection) -> None:
        try:
            connection.service()
        except BaseException:  # as waitress does it: the others are answered all the same
            self._dispatcher.logger.exception("A hook could not be answered")


def is_hook(connection: Connection) -> bool:
    request = connection.requests[0]
    return not request.error and request.command == "POST" and request.path.startswith("/hooks/")
