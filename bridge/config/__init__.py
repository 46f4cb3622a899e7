"""bridge.toml as frozen settings. Rule 1: either every key is right and every secret is there, or nothing starts."""

from bridge.config.describe import describe
from bridge.config.load import ConfigurationError, find, load
from bridge.config.secret import Secret
from bridge.config.settings import (
    Account,
    Admin,
    Bridge,
    Command,
    Commands,
    HostedEmail,
    Plan,
    Safety,
    Settings,
    Source,
    Worker,
)
from bridge.config.values import Address, Network

__all__ = [
    "Account",
    "Address",
    "Admin",
    "Bridge",
    "Command",
    "Commands",
    "ConfigurationError",
    "HostedEmail",
    "Network",
    "Plan",
    "Safety",
    "Secret",
    "Settings",
    "Source",
    "Worker",
    "describe",
    "find",
    "load",
]
