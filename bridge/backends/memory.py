"""The reference backend: one domain system in memory with Enom's rules, and the stand-in for
Enom in the tests."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from bridge.backends.enom.products import Paks
from bridge.backends.passwords import unknowable
from bridge.domain.errors import BridgeError, NoFunds, RefusalUnproven, Refused
from bridge.domain.model import (
    ALIAS,
    Address,
    Answer,
    Change,
    ChangeKind,
    Deleted,
    Fact,
    Forwarding,
    Mailbox,
    Pak,
    Proof,
    Remark,
    Survey,
)

SERVICES = ("imap", "pop", "receiving", "sending", "webmail_sending", "webmail")
GIBIBYTE = 1 << 30
YEAR = timedelta(days=365)
PROOFS: Mapping[Fact, Proof] = {
    Fact.EXISTENCE: Proof.VERIFIED,
    Fact.SUSPENSION: Proof.VERIFIED,
    Fact.PASSWORD: Proof.ACCEPTED,
    Fact.PLAN: Proof.VERIFIED,
    Fact.EXPIRY: Proof.VERIFIED,
    Fact.ALIASES: Proof.VERIFIED,
    Fact.FORWARDING: Proof.VERIFIED,
}


@dataclass
class StoredMailbox:
    """A mailbox as this remote keeps it: `quota` and `used` in bytes."""

    bundle: str
    password: str = field(repr=False)
    services: dict[str, str] = field(default_factory=lambda: dict.fromkeys(SERVICES, "enabled"))
    quota: int = GIBIBYTE
    used: int = 0
    logged_out: int = 0
    aliases: tuple[str, ...] = ()
    forwarding: Forwarding = field(default_factory=Forwarding)


@dataclass
class ArmedFault:
    """What `fail_next` armed: raised before the effect, or after it."""

    kind: ChangeKind | None
    error: BridgeError
    after_effect: bool


def _now() -> datetime:
    return datetime.now(UTC)


class MemoryBackend:
    """Domains, paks and mailboxes of one account.

    Tests reach into `mailboxes`, `paks`, `balance`, `history` as they like.
    """

    provider = "memory"
    proves_passwords = False

    def __init__(
        self, domains: tuple[str, ...] = ("example.com",), now: Callable[[], datetime] = _now
    ) -> None:
        self.proofs, self.products, self.services = PROOFS, Paks("paks"), SERVICES
        self.domains = set(domains)
        self.paks: dict[str, list[Pak]] = {}
        self.mailboxes: dict[Address, StoredMailbox] = {}
        self.balance = 10
        self.history: list[tuple[str, Change]] = []
        self.stale: dict[Address, list[Mailbox]] = {}
        self.gone: list[tuple[Deleted, StoredMailbox]] = []
        self._faults: list[ArmedFault] = []
        self.now = now
        self._bundles = 100

    def add_pak(self, domain: str, free: int = 10, expires: datetime | None = None) -> Pak:
        """Adds a pak as if a person had bought it; without `expires` it ends in a year."""
        self._bundles += 1
        pak = Pak(str(self._bundles), free, expires or (self.now() + YEAR).replace(microsecond=0))
        self.paks.setdefault(domain, []).append(pak)
        return pak

    def fail_next(
        self, kind: ChangeKind | None, error: BridgeError, after_effect: bool = False
    ) -> None:
        """Makes the next change of `kind` raise `error`, before or after its effect; None: the
        next read."""
        self._faults.append(ArmedFault(kind, error, after_effect))

    def show_stale(self, address: Address, times: int = 1) -> None:
        """Makes the next reads of `address` show what is true now."""
        self.stale[address] = [self.look(address)] * times

    def observe(self, address: Address, about: Collection[Fact] = tuple(Fact)) -> Mailbox:
        self._read(address.domain)
        earlier = self.stale.get(address)
        return earlier.pop() if earlier else self.look(address)

    def survey(self, domain: str) -> Survey:
        self._read(domain)
        seen = [
            self.look(address)
            for address in sorted(self.mailboxes, key=str)
            if address.domain == domain
        ]
        return Survey(tuple(seen), tuple(self.paks.get(domain, ())))

    def deleted(self, domain: str) -> Sequence[Deleted]:
        self._read(domain)
        return [found for found, _ in reversed(self.gone) if found.address.domain == domain]

    def undelete(self, found: Deleted) -> None:
        if found.address in self.mailboxes:
            raise Refused(f"{found.address} exists", code="conflict")
        pair = next(((each, box) for each, box in self.gone if each == found), None)
        if pair is None:
            raise Refused(f"{found.address} is not kept any more", code="not_found")
        self.gone.remove(pair)
        self.mailboxes[found.address] = pair[1]

    def apply(self, address: Address, change: Change, seen: Mailbox) -> Answer:
        self.history.append((str(address), change))
        fault = self._take(change.kind)
        if fault and not fault.after_effect:
            raise fault.error
        evidence = self._do(address, change)
        if fault:
            raise fault.error
        return Answer(self.command(change), evidence)

    def command(self, change: Change) -> str:
        return str(change.kind)

    def new_password(self, address: Address, choose: Callable[[Sequence[str]], str]) -> str:
        return unknowable(address, choose)

    def probe(self) -> None:
        fault = self._take(None)
        if fault:
            raise fault.error

    def remarks(self, domains: Collection[str], sizes: Mapping[str, int]) -> Sequence[Remark]:
        return ()

    def usage(self, address: Address) -> Mapping[str, int]:
        box = self._box(address)
        return {"used_bytes": box.used, "quota_bytes": box.quota}

    def sign_in(self, address: Address) -> str:
        self._box(address)
        return f"https://webmail.example.test/?user={address}&token=once"

    def _read(self, domain: str) -> None:
        if fault := self._take(None):
            raise fault.error
        if domain not in self.domains:
            raise Refused(f"{domain} is not in this account", code="domain_not_in_account")

    def _take(self, kind: ChangeKind | None) -> ArmedFault | None:
        for fault in self._faults:
            if fault.kind == kind:
                self._faults.remove(fault)
                return fault
        return None

    def look(self, address: Address) -> Mailbox:
        paks = tuple(self.paks.get(address.domain, ()))
        box = self.mailboxes.get(address)
        if box is None:
            if self.holder(str(address)) is not None:
                return Mailbox(address, True, paks=paks, type=ALIAS)
            return Mailbox(address, False, paks=paks)
        pak = next((pak for pak in paks if pak.bundle == box.bundle), None)
        shown = Mailbox(address, True, dict(box.services), box.quota, box.used, pak, paks)
        return replace(shown, aliases=box.aliases, forwarding=box.forwarding)

    def holder(self, name: str) -> str | None:
        """The mailbox that has this address."""
        having = (
            str(each)
            for each, box in self.mailboxes.items()
            if name == str(each) or name in box.aliases
        )
        return next(having, None)

    def holders(self, domain: str, names: Collection[str]) -> Mapping[str, str]:
        self._read(domain)
        found = {name: self.holder(name) for name in names}
        return {name: holder for name, holder in found.items() if holder is not None}

    def _box(self, address: Address) -> StoredMailbox:
        if address not in self.mailboxes:
            raise Refused(f"{address} does not exist", code="not_found")
        return self.mailboxes[address]

    def _do(self, address: Address, change: Change) -> Mapping[str, str]:
        given = change.arguments
        match change.kind:
            case ChangeKind.BUY:
                self._pay(1)
                return {
                    "bundle": self.add_pak(
                        address.domain, 10 if given.get("product") != "box" else 1
                    ).bundle
                }
            case ChangeKind.RENEW:
                self._pay(given["years"])
                pak = self._pak(address.domain, given["bundle"])
                self._put(address.domain, replace(pak, expires=pak.expires + given["years"] * YEAR))
            case ChangeKind.CREATE:
                self.create(address, given["bundle"], change.secret or "")
            case ChangeKind.SET_PASSWORD:
                self._box(address).password = _checked(change.secret or "")
            case ChangeKind.SUSPEND:
                box = self._box(address)
                box.services.update({name: "suspended" for name in given.get("services", ())})
                if given["with"] == "lock-out":
                    box.password = "nobody knows"  # noqa: S105  not even the tests
            case ChangeKind.RESTORE:
                self._box(address).services.update(given.get("services", {}))
            case ChangeKind.LOG_OUT:
                self._box(address).logged_out += 1
            case ChangeKind.SET_QUOTA:
                self._box(address).quota = given["quota_bytes"]
            case ChangeKind.SET_ALIASES:
                self._set_aliases(address, given["aliases"])
            case ChangeKind.SET_FORWARDING:
                self._box(address).forwarding = Forwarding.of(**given)
            case ChangeKind.PROVE_PASSWORD:
                if self._box(address).password != change.secret:
                    raise Refused("the mailbox does not sign in with this password")
            case ChangeKind.DELETE:
                self._delete(address)
        return {}

    def _pay(self, amount: int) -> None:
        if self.balance < amount:
            raise NoFunds()
        self.balance -= amount

    def _pak(self, domain: str, bundle: str) -> Pak:
        for pak in self.paks.get(domain, ()):
            if pak.bundle == bundle:
                return pak
        raise Refused(f"there is no pak {bundle}")

    def _put(self, domain: str, pak: Pak) -> None:
        self.paks[domain] = [pak if old.bundle == pak.bundle else old for old in self.paks[domain]]

    def create(self, address: Address, bundle: str, password: str) -> None:
        pak = self._pak(address.domain, bundle)
        if self.holder(str(address)) is not None:
            raise RefusalUnproven(Refused(f"{address} exists", code="not_ours"))
        if pak.free < 1 or pak.expires <= self.now():
            raise RefusalUnproven(Refused(f"pak {bundle} is full or has expired", code="pak_full"))
        self.mailboxes[address] = StoredMailbox(bundle, _checked(password))
        self._put(address.domain, replace(pak, free=pak.free - 1))

    def _set_aliases(self, address: Address, aliases: Sequence[str]) -> None:
        for name in aliases:
            if self.holder(name) not in (None, str(address)):
                raise RefusalUnproven(Refused(f"{name} exists", code="address_taken"))
        self._box(address).aliases = tuple(sorted(aliases))

    def _delete(self, address: Address) -> None:
        pak = self._pak(address.domain, self._box(address).bundle)
        if pak.expires <= self.now():
            raise Refused(f"pak {pak.bundle} has expired", code="conflict")
        self._bundles += 1
        self.gone.append((Deleted(address, str(self._bundles)), self.mailboxes.pop(address)))
        self._put(address.domain, replace(pak, free=pak.free + 1))


def _checked(password: str) -> str:
    if len(password) < 10:
        raise Refused("the password is too short", code="password_rejected")
    return password
