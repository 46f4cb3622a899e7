"""One account of a mailbox system as the running bridge uses it: settings that were checked, and
the backend made of them."""

from dataclasses import dataclass

from bridge.domain.backend import Backend
from bridge.domain.model import Terms


@dataclass(frozen=True)
class Account:
    """`settle`: seconds for which reads may not show a command. `call_limit`: most seconds of one
    call.

    `max_in_flight`: most calls at a time, of all processes together. `observe_only`: nothing is ever sent. `domains`: those
    that the configuration names for the sources of this account, in A-labels.
    """

    name: str
    backend: Backend
    terms: Terms
    settle: float
    call_limit: float
    max_in_flight: int
    observe_only: bool = False
    domains: frozenset[str] = frozenset()
