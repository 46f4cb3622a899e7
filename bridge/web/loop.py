"""Waits until a socket is ready. waitress asks every connection in every round what it waits for,
which costs more than a round itself; this asks only those with which something happened.

Only the thread of `run` reads and closes sockets. `changed` may be called by any.
"""

import select
import time
from collections import deque
from typing import Any

from waitress import wasyncore

ALL = 0.05  # seconds after which all are asked again, as long as something happens
IDLE = 1.0  # the same while nothing does


class Loop:
    """Runs until no channel is left."""

    def __init__(self, channels: dict[int, Any]) -> None:
        self._channels = channels
        self._poll = select.poll()
        self._waits: dict[int, int] = {}  # descriptor -> what its channel waits for
        self._changed: deque[int] = deque()
        self._asked = float("-inf")

    def changed(self, descriptor: int) -> None:
        """This channel may wait for something else now. Whoever says so wakes the loop afterwards."""
        self._changed.append(descriptor)

    def run(self) -> None:
        busy = True
        while self._channels:
            busy = self._turn(ALL if busy else IDLE)

    def _turn(self, longest: float) -> bool:
        """Whether anything was ready within that time."""
        if time.monotonic() - self._asked >= ALL:
            self._asked = time.monotonic()
            self._changed.extend({*self._waits, *self._channels})
        while self._changed:
            self._ask(self._changed.popleft())
        ready = self._poll.poll(1000 * longest)
        for descriptor, flags in ready:
            channel = self._channels.get(descriptor)
            if channel is not None:
                wasyncore.readwrite(channel, flags)
                if channel.accepting:
                    self._asked = float("-inf")  # there may be others now
            self._ask(descriptor)
        return bool(ready)

    def _ask(self, descriptor: int) -> None:
        channel, waits = self._channels.get(descriptor), 0
        if channel is not None:
            if channel.readable():
                # Without POLLPRI: a byte that a stranger marks as urgent is never read, so it would
                # be ready in every round, as long as the connection lasts.
                waits |= select.POLLIN
            if channel.writable() and not channel.accepting:
                waits |= select.POLLOUT
        if waits == self._waits.get(descriptor, 0):
            return
        if waits:
            self._poll.register(descriptor, waits)
            self._waits[descriptor] = waits
        else:
            self._poll.unregister(descriptor)
            del self._waits[descriptor]
