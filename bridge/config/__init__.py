"""bridge.toml as frozen settings.

Rule 1: either every key is right and every secret is there, or nothing starts.
"""

from bridge.config.describe import describe
from bridge.config.load import ConfigurationError, find, load
from bridge.config.settings import (
    AccountSettings,
    Admin,
    ApiTable,
    Bridge,
    EnomAccountSettings,
    HostedEmailAccountSettings,
    Plan,
    Safety,
    Settings,
    SourceSettings,
    Worker,
    backends,
)
from bridge.config.values import HostPort, Network
from bridge.infra.secret import Secret

__all__ = [
    "AccountSettings",
    "Admin",
    "ApiTable",
    "Bridge",
    "ConfigurationError",
    "EnomAccountSettings",
    "HostPort",
    "HostedEmailAccountSettings",
    "Network",
    "Plan",
    "Safety",
    "Secret",
    "Settings",
    "SourceSettings",
    "Worker",
    "backends",
    "describe",
    "find",
    "load",
]
