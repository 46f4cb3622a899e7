"""What is true at the simulated Enom: accounts, domains, paks, mailboxes.

Rule 1: whoever touches a State holds its lock. Rule 2: domains, paks and mailboxes are frozen. A
change puts a new domain in the old one's place and keeps the old one with the time of the change,
so that a stale read shows exactly what was true then.
"""

import calendar
import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

SERVICES = (
    "service_imap4",
    "service_pop3",
    "service_smtpin",
    "service_smtprelay",
    "service_smtprelay_webmail",
    "service_webmail",
)
ENVIRONMENTS = ("test", "live")
MIB = 1024 * 1024
KEPT_CHANGES = 64
Clock = Callable[[], float]
Key = tuple[str, str]
"""(environment, name)."""


@dataclass(frozen=True)
class Pak:
    bundle: int
    kind: str
    """'pak' (ten addresses) or 'box' (single addresses)."""
    size: int
    capacity_mb: int
    expires: float
    auto_renew: bool = False


@dataclass(frozen=True)
class Mailbox:
    id: str
    local: str
    password: str
    quota_bytes: int
    created: float
    services: Mapping[str, str]
    bundle: int = 0
    """0: made through hosted email, in no pak."""
    held: frozenset[str] = frozenset()
    """Services that somebody above the company suspended."""
    changed_by: str = "control"
    admin: bool = False
    display_name: str = ""
    used_bytes: int = 0
    forward_to: str = ""
    forward_flags: str = ""
    last_logout: float | None = None
    second_factor: bool = False
    changes: tuple[Mapping[str, Any], ...] = ()
    """What hosted email remembers of who changed what, earliest first."""
    deleted_at: float | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def aliases(self) -> tuple[str, ...]:
        return tuple(
            str(each).partition("@")[0].lower() for each in self.attributes.get("aliases", ())
        )

    @property
    def status(self) -> str:
        if self.deleted_at is not None:
            return "deleted"
        if all(self.services[name] == "suspended" for name in SERVICES):
            return "suspended"
        return "quota" if self.used_bytes >= self.quota_bytes > 0 else "active"


@dataclass(frozen=True)
class Domain:
    environment: str
    name: str
    uid: str
    id: int
    active: bool = True
    email_set: str = "1114"
    hosted: Mapping[str, Any] = field(default_factory=dict)
    """Attributes set by change_domain."""
    paks: Mapping[int, Pak] = field(default_factory=dict)
    mailboxes: Mapping[str, Mailbox] = field(default_factory=dict)
    deleted: tuple[Mailbox, ...] = ()

    @property
    def key(self) -> Key:
        return self.environment, self.name

    def free(self, bundle: int) -> int:
        return self.paks[bundle].size - sum(box.bundle == bundle for box in self.mailboxes.values())

    def alias_target(self, local: str) -> Mailbox | None:
        """The mailbox that `local` is another name of."""
        return next((box for box in self.mailboxes.values() if local in box.aliases), None)

    def default_services(self) -> dict[str, str]:
        return {name: self.hosted.get(name, "enabled") for name in SERVICES}

    def with_mailbox(self, mailbox: Mailbox) -> "Domain":
        return replace(self, mailboxes={**self.mailboxes, mailbox.local: mailbox})

    def without_mailbox(self, local: str, now: float, changed_by: str) -> "Domain":
        rest = dict(self.mailboxes)
        gone = replace(rest.pop(local), deleted_at=now, changed_by=changed_by)
        return replace(self, mailboxes=rest, deleted=(*self.deleted, gone))

    def with_pak(self, pak: Pak) -> "Domain":
        return replace(self, paks={**self.paks, pak.bundle: pak})

    def without_paks(self, *bundles: int) -> "Domain":
        return replace(
            self, paks={key: pak for key, pak in self.paks.items() if key not in bundles}
        )


@dataclass(frozen=True)
class Admin:
    """Somebody who may call hosted email; `domain` is the one of a domain admin."""

    user: str
    password: str
    role: str = "company"
    domain: str = ""


@dataclass
class Account:
    environment: str
    uid: str
    token: str | None
    """None: of hosted email alone; interface.asp knows it not."""
    balance: float
    allow: tuple[str, ...]
    cluster: str = "a"
    """Of hosted email: credentials are known on their own cluster only."""
    admins: dict[str, Admin] = field(default_factory=dict)
    purchases: int = 0
    orders: dict[int, Any] = field(default_factory=dict)
    open: list[Any] = field(default_factory=list)
    cart: list[Any] = field(default_factory=list)


@dataclass(frozen=True)
class Token:
    admin: Admin
    account: Account
    expires: float
    once: bool = False


class State:
    """One simulated Enom.

    `changes` grows with every effect, so that a request can tell whether it had one.
    """

    def __init__(self, clock: Clock) -> None:
        self.lock = threading.RLock()
        self.now = clock
        self.clear()

    def clear(self) -> None:
        self.accounts: dict[Key, Account] = {}
        self.domains: dict[Key, Domain] = {}
        self.tokens: dict[str, Token] = {}
        self.wrong_passwords: Counter[str] = Counter()
        self.changes = 0
        self.horizon = 0.0
        """How many seconds back the settings let a read look."""
        self._former: dict[Key, deque[tuple[float, Domain]]] = {}
        self._number = 30000

    def number(self) -> int:
        """The next id, unique over domains, paks, orders and mailboxes."""
        self._number += 1
        return self._number

    def find(self, name: str, environment: str = "") -> Domain | None:
        """The domain of this name, of any environment if none is named (test first)."""
        wanted = (environment,) if environment else ENVIRONMENTS
        return next(
            (self.domains[key] for key in ((each, name) for each in wanted) if key in self.domains),
            None,
        )

    def owned(self, account: Account) -> list[Domain]:
        mine = (account.environment, account.uid)
        return [
            domain for domain in self.domains.values() if (domain.environment, domain.uid) == mine
        ]

    def put(self, domain: Domain) -> Domain:
        """Make `domain` the truth from now on; older truths are kept for the horizon, and always
        the last 64."""
        now = self.now()
        past = self._former.setdefault(domain.key, deque())
        if domain.key in self.domains:
            past.append((now, self.domains[domain.key]))
        while len(past) > KEPT_CHANGES and past[0][0] < now - self.horizon:
            past.popleft()
        self.domains[domain.key] = domain
        self.changes += 1
        return domain

    def settle(self, key: Key, change: Callable[[Domain], Domain]) -> None:
        """Change the domain as if it had always been so: stale reads show the change too."""
        self.domains[key] = change(self.domains[key])
        self._former[key] = deque(
            (until, change(domain)) for until, domain in self._former.get(key, ())
        )
        self.changes += 1

    def as_of(self, domain: Domain, moment: float) -> Domain:
        """The domain as it was at `moment`; before its registration, as it was registered."""
        past = self._former.get(domain.key, ())
        return next((former for until, former in past if until > moment), domain)

    def before_latest(self, domain: Domain) -> Domain:
        past = self._former.get(domain.key)
        return past[-1][1] if past else domain

    def hosted_view(self, domain: Domain, lag: float) -> Domain:
        """The domain as hosted email sees it: its own changes at once, those of interface.asp
        `lag` seconds late."""
        if not lag:
            return domain
        old = self.as_of(domain, self.now() - lag)
        seen = {
            local: box for local, box in domain.mailboxes.items() if box.changed_by != "interface"
        }
        dropped = {box.local for box in domain.deleted if box.changed_by != "interface"}
        late = {
            local: box
            for local, box in old.mailboxes.items()
            if local not in seen and local not in dropped
        }
        return replace(
            domain,
            mailboxes={**late, **seen},
            deleted=tuple(b for b in domain.deleted if b.local not in late),
        )


def add_months(moment: float, months: int) -> float:
    """The same day of the month `months` later, or the last day where that month is shorter."""
    at = datetime.fromtimestamp(moment, UTC)
    year, month = divmod(at.year * 12 + at.month - 1 + months, 12)
    day = min(at.day, calendar.monthrange(year, month + 1)[1])
    return at.replace(year=year, month=month + 1, day=day).timestamp()
