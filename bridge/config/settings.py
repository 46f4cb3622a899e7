"""Every setting, declared once: name, type, default, range, and a sentence that says what it does.

What is read from a file, what is in force, what `enom-bridge config show` prints and what
`enom-bridge init` writes come from here, and for the keys of a backend from its own `settings`.
Rule 1: a default stands here as one would write it in the file; it is read like a value of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bridge.backends import BACKENDS
from bridge.backends.enom.settings import EnomKeys
from bridge.backends.hosted_email.settings import HostedEmailKeys, HostedEmailTable
from bridge.config import values
from bridge.config.values import HostPort, Network, key_bytes
from bridge.infra.secret import Secret
from bridge.infra.setting import filled, setting


@dataclass(frozen=True)
class Bridge:
    """`database` is complete (the path of SQLite is absolute) and may hold a password: `describe`
    masks it."""

    public_url: str = setting(
        "Where billing reaches the bridge.",
        "http://127.0.0.1:8080",
        read=values.public_url,
    )
    listen: HostPort = setting(
        "Address and port for hooks and queries, in plain HTTP.",
        "127.0.0.1:8080",
        read=values.host_port,
    )
    metrics_listen: HostPort | None = setting(
        'Address and port for Prometheus; "" switches it off.',
        "127.0.0.1:9108",
        read=values.optional_host_port,
    )
    trusted_proxies: tuple[Network, ...] = setting(
        "Networks of your proxies: X-Forwarded-For counts only from them.", [], read=values.network
    )
    database: str = setting(
        "The database: sqlite:///PATH or postgresql+psycopg://user@host/name.",
        "sqlite:///bridge.sqlite3",
        read=values.database,
        elsewhere=True,
        repr=False,
    )
    keys: tuple[Secret, ...] = setting(
        "Encrypt stored secrets. Keep a copy, but not together with backups of the database.",
        needs='keys = ["env:BRIDGE_KEY"]',
        read=values.bridge_key,
        filled=True,
    )
    wait_limit: int = setting(
        "Most seconds that `prefer: wait` holds an answer.",
        20,
        low=0,
        high=60,
    )
    keep_days: int = setting("Ended jobs and what led to them go after so many days.", 90, low=1)
    log_format: str = setting("Form of the log: text or json.", "text", choices=("text", "json"))
    resolver: HostPort | None = setting(
        "Address and port of a DNS server; empty: those of /etc/resolv.conf.",
        "",
        read=values.optional_host_port,
    )

    def key_bytes(self) -> tuple[bytes, ...]:
        """The keys decoded, oldest first, as `Sealer` takes them."""
        return tuple(key_bytes(key.reveal()) for key in self.keys)


@dataclass(frozen=True)
class Worker:
    concurrency: int = setting("Jobs that one worker process does at a time.", 8, low=1)
    retry_hours: float = setting(
        "A job that is undecided after so many hours is held.",
        72,
        above=0,
    )
    reconcile_at: str = setting(
        "When every account is compared with the mail provider each day (UTC); empty: never by "
        "itself.",
        "03:00",
        read=values.time_of_day,
    )
    mail_sample: int = setting(
        "Domains a day whose DNS is looked at by itself; new ones come on top. 0: none at all.",
        200,
        low=0,
    )


@dataclass(frozen=True)
class Safety:
    """What is held or refused for a person to look at. 0 is no limit, and no grace."""

    max_terminations_per_hour: int = setting(
        "Deletions within any hour; more are held. 0: no limit.",
        20,
        low=0,
    )
    max_purchases_per_day: int = setting(
        "Purchases and renewals in a UTC day; more are held. 0: no limit.",
        20,
        low=0,
    )
    max_creations_per_day: int = setting(
        "New mailboxes that cost by the month, in a UTC day; more wait. 0: no limit.", 200, low=0
    )
    terminate_grace_days: int = setting(
        "A terminate suspends at once and deletes after this many days; 0: deletes at once.",
        0,
        low=0,
    )
    max_suspended_share: float = setting(
        "Share of a source's mailboxes that it may suspend within an hour. 0: no limit.",
        0.5,
        low=0,
        high=1,
    )


@dataclass(frozen=True)
class Admin:
    """Who may sign in to the pages."""

    password_hash: Secret | None = setting(
        "Signs in to the pages with all rights; `enom-bridge admin-password` prints one.",
        "",
        read=values.password_hash,
    )
    view_password_hash: Secret | None = setting(
        "The same for a role that sees everything and changes nothing.",
        "",
        read=values.password_hash,
    )
    user_header: str = setting(
        "The header in which a trusted proxy gives the name of whoever it has signed in.",
        "",
        read=values.optional_header,
    )
    user_admins: tuple[str, ...] = setting(
        "The names in that header that may act; all others only look.",
        [],
        read=values.user,
    )
    notify: str = setting(  # the URL of a chat's webhook is as good as a password
        'Where alerts go: "mailto:you@example.com" or an https URL; empty: only to the log.',
        "",
        read=values.notify,
        repr=False,
    )
    smtp: str = setting(
        'The mail server for mailto:, such as "smtp://user@host:587".',
        "",
        read=values.smtp,
    )
    smtp_password: Secret | None = setting("The password of the user that smtp names.", "")
    summary_at: int | None = setting(  # minute of the day, UTC
        'When a summary goes out each day (UTC), such as "06:30"; empty: none.',
        "",
        read=values.minute_of_day,
    )


@dataclass(frozen=True, kw_only=True)
class AccountSettings:
    """One reseller account: what every backend has. `timeout` and `settle` are seconds.

    `place_price` is what one place for a mailbox costs a year, in the account's currency; 0: not
    told. A backend declares `suspend_with` and `hosted_email` itself: its own ways, its own needs.
    """

    name: str
    backend: str = setting("The mailbox system, and by which of its interfaces.", "enom")
    environment: str = setting(
        "test or live: live costs money and deletes mail.",
        "test",
        choices=("test", "live"),
    )
    mode: str = setting(
        "act, or observe: reads, plans and reports only.",
        "act",
        choices=("act", "observe"),
    )
    max_in_flight: int = setting("Jobs and queries of this account at a time.", 4, low=1)
    timeout: float = setting("Seconds for one call in all.", 30, above=0)
    settle: float = setting("Seconds that what is read may still show the past.", 120, low=0)
    place_price: float = setting(
        "What one place for a mailbox costs you a year, for sums; 0: no sums.",
        0,
        low=0,
    )
    mail_hosts: tuple[str, ...] = setting(
        "Hosts, or ends of their names, that the MX records must point at; []: never asked.",
        ["hostedemail.com"],
        read=values.host_name,
    )
    spf_includes: tuple[str, ...] = setting(
        "What the SPF records must include, any of them; []: not looked at.",
        ["_spf.hostedemail.com", "_spf.emfwd.name-services.com"],
        read=values.host_name,
    )
    suspend_with: str
    hosted_email: HostedEmailTable | None


@dataclass(frozen=True, kw_only=True)
class EnomAccountSettings(EnomKeys, AccountSettings):
    """`endpoint` is the one in force."""


@dataclass(frozen=True, kw_only=True)
class HostedEmailAccountSettings(HostedEmailKeys, AccountSettings):
    pass


ACCOUNTS: Mapping[str, type[AccountSettings]] = {
    "enom": EnomAccountSettings,
    "hosted-email": HostedEmailAccountSettings,
}
"""The settings of an account by its backend. What BACKENDS does not know cannot be configured."""


def backends() -> Mapping[str, type[AccountSettings]]:
    """The backends that an account may have. The first is the default."""
    return {name: made for name, made in ACCOUNTS.items() if name in BACKENDS}


@dataclass(frozen=True)
class Plan:
    name: str
    quota_gb: int = setting("Size of the mailbox in units of 2^30 bytes.", 10, low=1)
    nearly_full: int = setting(
        "Percent of its size from which a mailbox is nearly full (event); 0: never.",
        90,
        low=0,
        high=100,
    )


@dataclass(frozen=True)
class ApiTable:
    """`[sources.NAME.api]`. Without an endpoint it is the platform's own."""

    key: Secret = setting(
        "The API key of the platform: to look before a deletion, and to write back.",
        needs='key = "env:STRIPE_KEY"',
        read=filled,
    )
    endpoint: str = setting(
        "Another address of that API; empty: the platform's.", "", read=values.optional_api_url
    )


@dataclass(frozen=True)
class SourceSettings:
    """One billing installation. `domains` are A-labels or ("*",)."""

    name: str
    platform: str = setting("Which folder of hooks/ reads what billing sends.", "whmcs")
    account: str = setting("The account that its mailboxes belong to.", needs='account = "main"')
    secrets: tuple[Secret, ...] = setting(
        "Oldest first. To change it: add the new one at the end, tell billing, take out the old.",
        needs='secrets = ["env:NAME"]',
        read=filled,  # whether it is a secret of the source's platform, checks.py asks
        filled=True,
    )
    signature: str = setting(
        "How hooks are signed: standard or itsdangerous. Not for a platform that signs its own way.",
        "standard",
        choices=("standard", "itsdangerous"),
    )
    callback: str = setting(
        "Where callbacks go; empty: nowhere.",
        "",
        read=values.optional_web_url,
        repr=False,
    )
    events: tuple[str, ...] = setting(
        'What else goes to callback, such as "mailbox.nearly_full"; []: nothing.',
        [],
        read=values.event,
    )
    member_callbacks: bool = setting(
        "true: hooks about a whole service are also answered by a callback for each mailbox.", False
    )
    callback_loopback: bool = setting("true: http to this machine is allowed.", False)
    domains: tuple[str, ...] = setting(
        'Mail domains that this source may use; "*": all.', ["*"], read=values.domain, filled=True
    )
    domain_per_customer: bool = setting(
        "true: a new mailbox in another customer's domain is held for your approval.",
        True,
    )
    allow_from: tuple[Network, ...] = setting(
        "Networks that hooks and queries may come from; empty: any.", [], read=values.network
    )
    api: ApiTable | None = setting("Access to the platform's API, where it has subscriptions.")
    map: Mapping[str, str] = setting(
        "Where in a subscription each field stands, as a dotted path.", {}, read=values.dotted_path
    )
    when: Mapping[str, str] = setting(
        "What a status of the platform means, over its default: nothing, suspend or terminate.",
        {},
        read=values.meaning,
    )


@dataclass(frozen=True)
class Settings:
    path: Path
    bridge: Bridge = setting("The process: its addresses and its database.", {})
    worker: Worker = setting("How jobs are done.", {})
    safety: Safety = setting("Limits that only an admin can override.", {})
    admin: Admin = setting("The pages, and who hears of trouble.", {})
    accounts: Mapping[str, AccountSettings] = setting(
        "The accounts that mailboxes are in.",
        {},
        name=values.name,
    )
    plans: Mapping[str, Plan] = setting("What hooks may name as `plan`.", {}, name=values.plan_name)
    sources: Mapping[str, SourceSettings] = setting(
        "The billing installations.",
        {},
        name=values.name,
    )
    warnings: tuple[str, ...] = ()
