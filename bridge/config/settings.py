"""What is in force: the configuration as frozen values, defaults filled in and secrets resolved."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bridge.config.secret import Secret
from bridge.config.values import Address, Network, key_bytes


@dataclass(frozen=True)
class Bridge:
    """`database` is complete (the path of SQLite is absolute) and may hold a password: `describe` masks it."""

    public_url: str
    listen: Address
    metrics_listen: Address | None
    trusted_proxies: tuple[Network, ...]
    database: str = field(repr=False)
    keys: tuple[Secret, ...]
    wait_limit: int
    keep_days: int
    log_format: str
    resolver: Address | None

    def key_bytes(self) -> tuple[bytes, ...]:
        """The keys decoded, oldest first, as `Sealer` takes them."""
        return tuple(key_bytes(key.reveal()) for key in self.keys)


@dataclass(frozen=True)
class Worker:
    """`reconcile_at`: HH:MM in UTC, or "" for never."""

    concurrency: int
    retry_hours: float
    reconcile_at: str


@dataclass(frozen=True)
class Safety:
    """0 is no limit, and no grace."""

    max_terminations_per_hour: int
    max_purchases_per_day: int
    terminate_grace_days: int
    max_suspended_share: float  # of a source's mailboxes, within an hour


@dataclass(frozen=True)
class Admin:
    """Who may sign in to the pages. `user_header` (empty: none) counts from `bridge.trusted_proxies` only."""

    password_hash: Secret | None
    view_password_hash: Secret | None
    user_header: str
    user_admins: tuple[str, ...]
    notify: str = field(repr=False)  # the URL of a chat's webhook is as good as a password
    smtp: str
    smtp_password: Secret | None
    summary_at: int | None  # minute of the day, UTC


@dataclass(frozen=True)
class HostedEmail:
    endpoint: str
    user: str
    password: Secret
    keep_receiving: bool


@dataclass(frozen=True)
class Command:
    """`parameters` maps Enom's names to texts with the placeholders {local} {sld} {tld} {domain} {address}."""

    command: str
    parameters: Mapping[str, str]


@dataclass(frozen=True)
class Commands:
    suspend: Command
    unsuspend: Command


@dataclass(frozen=True)
class Account:
    """One reseller account. `endpoint` is the one in force; `timeout` and `settle` are seconds.

    `place_price` is what one place for a mailbox costs a year, in the account's currency; 0: not told.
    """

    name: str
    environment: str
    mode: str
    uid: str
    token: Secret
    endpoint: str
    max_in_flight: int
    timeout: float
    settle: float
    purchase: str
    place_price: float
    suspend_with: str
    hosted_email: HostedEmail | None
    commands: Commands | None
    mail_hosts: tuple[str, ...]
    spf_include: str
    backend: str = "enom"


@dataclass(frozen=True)
class Plan:
    name: str
    quota_gb: int


@dataclass(frozen=True)
class Source:
    """One billing installation. `secrets` are oldest first, `domains` A-labels or ("*",); no `callback`: none is sent."""

    name: str
    platform: str
    account: str
    secrets: tuple[Secret, ...]
    signature: str
    callback: str = field(repr=False)
    callback_loopback: bool
    domains: tuple[str, ...]
    domain_per_customer: bool
    allow_from: tuple[Network, ...]


@dataclass(frozen=True)
class Settings:
    bridge: Bridge
    worker: Worker
    safety: Safety
    admin: Admin
    accounts: Mapping[str, Account]
    plans: Mapping[str, Plan]
    sources: Mapping[str, Source]
    path: Path
    warnings: tuple[str, ...] = ()
