"""Calls that begin at the same moment, each in a thread of its own."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

T = TypeVar("T")
A = TypeVar("A")


def at_once(calls: Sequence[Callable[[], T]]) -> list[T]:
    """What each gave, in their order; raises what the first of them raised.

    Nothing is counted by the threads themselves: `count += 1` in two of them may count once.
    """
    start = threading.Barrier(len(calls))

    def begin(call: Callable[[], T]) -> T:
        start.wait(30)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [each.result() for each in [pool.submit(begin, call) for call in calls]]


def each_at_once(call: Callable[[A], T], items: Sequence[A]) -> list[T]:
    """The same for one call with each of these."""
    return at_once([partial(call, item) for item in items])
