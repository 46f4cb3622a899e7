"""Whose turn it is among the jobs of an account, so that many of one kind keep nobody waiting.

Kept in memory, by each worker process for itself: a new process begins anew, and nothing is lost.
"""

from collections.abc import Iterable, Sequence
from itertools import count

MOST_DOMAINS = 10_000  # domains and flows in them whose turns are kept; then they begin anew

Flow = tuple[str, str]
"""The jobs of one source that ask for one action."""


class Turns:
    """The source that was served longest ago comes first, of its actions likewise, and in a flow
    the domain after the last one, in the order of names."""

    def __init__(self) -> None:
        self._number = count(1)
        self._served: dict[tuple[str, ...], int] = {}
        self._domains: dict[tuple[str, Flow], str] = {}
        self._served_in: dict[tuple[str, str, Flow], int] = {}

    def order(self, account: str, flows: Iterable[Flow]) -> list[Flow]:
        def last_turns(flow: Flow) -> tuple[int, int]:
            source, action = flow
            return (
                self._served.get((account, source), 0),
                self._served.get((account, source, action), 0),
            )

        return sorted(flows, key=last_turns)

    def last_domain(self, account: str, flow: Flow) -> str:
        """Sorts before every domain where none was served yet."""
        return self._domains.get((account, flow), "")

    def serve_in(self, account: str, domain: str, flows: Sequence[Flow]) -> Flow | None:
        """Whose turn it is of several that need a domain one at a time: the flow that was served
        longest ago there. None where there are no several."""
        if len(flows) < 2:
            return None
        if len(self._served_in) >= MOST_DOMAINS:
            self._served_in.clear()
        flow = min(flows, key=lambda flow: self._served_in.get((account, domain, flow), 0))
        self._served_in[account, domain, flow] = next(self._number)
        return flow

    def serve(self, account: str, flow: Flow, domain: str = "") -> None:
        source, action = flow
        turn = next(self._number)
        self._served[account, source] = self._served[account, source, action] = turn
        self._domains[account, flow] = domain
