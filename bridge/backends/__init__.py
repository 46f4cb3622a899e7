"""Mailbox systems. BACKENDS is the one list: a name, and what makes a backend from its settings."""

from collections.abc import Callable, Mapping

from bridge.backends.enom import EnomBackend
from bridge.backends.hosted_email import HostedEmail
from bridge.backends.memory import MemoryBackend
from bridge.domain.ports import Backend

BACKENDS: Mapping[str, Callable[..., Backend]] = {
    "enom": EnomBackend,
    "hosted-email": HostedEmail,
    "memory": MemoryBackend,
}
