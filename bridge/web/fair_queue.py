"""Which request is next: clients take turns, so that one with much to do keeps no other waiting."""

from collections import deque
from typing import Generic, Protocol, TypeVar


class Request(Protocol):
    """A connection with a request that has arrived whole.

    `client`: who sent it, as far as can be known.
    """

    @property
    def client(self) -> str: ...
    def service(self) -> None: ...
    def cancel(self) -> None: ...


Waiting = TypeVar("Waiting", bound=Request)


class FairQueue(Generic[Waiting]):
    """A line for each client.

    It has what waitress uses of the one deque that it would put everybody into.
    """

    def __init__(self) -> None:
        self._lines: dict[str, deque[Waiting]] = {}  # in the order of their next turns

    def append(self, request: Waiting) -> None:
        self._lines.setdefault(request.client, deque()).append(request)

    def popleft(self) -> Waiting:
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
