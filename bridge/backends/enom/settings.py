"""One Enom account as the backend needs it. Secrets are plain here, and never part of a repr."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bridge.backends.hosted_email.settings import HostedEmailAccount


@dataclass(frozen=True)
class Command:
    """A command that the admin configured. Values may hold {local}, {domain}, {sld}, {tld} and {address}."""

    command: str
    parameters: Mapping[str, str]


@dataclass(frozen=True)
class EnomAccount:
    """`endpoint` is the full URL of interface.asp, `timeout` seconds for one call in all, `plans` name -> bytes."""

    name: str
    uid: str
    token: str = field(repr=False)
    endpoint: str
    suspend_with: str
    timeout: float = 30.0
    purchase: str = "never"
    hosted_email: HostedEmailAccount | None = None
    commands: Mapping[str, Command] | None = None
    plans: Mapping[str, int] = field(default_factory=dict)
