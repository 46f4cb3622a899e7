"""Told of what the bridge does while it does it: how measuring and tracing look in without
anybody below knowing them."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Protocol

Attributes = dict[str, Any]
"""What is known of one piece of work: ids, names and outcomes.

Never a secret, an address or a person's words.
"""


class Listener(Protocol):
    """Never waits.

    What `begin` returns is given to `end`; what is raised is dropped: the work goes before its
    figures.
    """

    def begin(self, kind: str, facts: Attributes) -> Any: ...
    def end(self, begun: Any, kind: str, facts: Attributes, seconds: float) -> None: ...


class Events:
    """Passes each piece of work on to whoever listens; without listeners it costs next to nothing.

    The kinds: `hook` (a hook is taken), `attempt` (one at a job), `call` (one to Enom), `callback`, `notes`, `turn` (a loop of
    the engine went round), `chore` (one of what happens now and then was done, or failed).
    """

    def __init__(self) -> None:
        self.listeners: tuple[Listener, ...] = ()

    def add(self, listener: Listener) -> None:
        self.listeners = (*self.listeners, listener)

    @contextmanager
    def span(self, kind: str, **facts: Any) -> Iterator[Attributes]:
        """Spans a piece of work.

        Whoever does it adds what comes of it to the facts, `outcome` above all.
        """
        begun: list[tuple[Listener, Any]] = []
        for listener in self.listeners:
            with suppress(Exception):
                begun.append((listener, listener.begin(kind, facts)))
        started = time.monotonic()
        try:
            yield facts
        finally:
            seconds = time.monotonic() - started
            for listener, token in reversed(begun):
                with suppress(Exception):
                    listener.end(token, kind, facts, seconds)

    def report(self, kind: str, **facts: Any) -> None:
        """Reports something that takes no time, such as a count."""
        with self.span(kind, **facts):
            pass
