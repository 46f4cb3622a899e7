"""A remote in a dictionary, written from CONTRIBUTING.md alone: as little as a backend can be.

A mailbox is sold by the month, as with hosted email, so nothing is bought in advance.
"""

from dataclasses import dataclass, field

from bridge.backends.hosted_email.products import ByTheMonth
from bridge.domain.errors import OutcomeUnknown, RefusalUnproven, Refused
from bridge.domain.model import Address, Answer, ChangeKind, Deleted, Fact, Mailbox, Proof, Survey

SERVICES = ("imap", "pop", "receiving", "sending", "webmail_sending", "webmail")


@dataclass
class Box:
    password: str = field(repr=False)
    quota: int = 1 << 30
    services: dict = field(default_factory=lambda: dict.fromkeys(SERVICES, "enabled"))


class SmallBackend:
    provider = "the small one"
    products = ByTheMonth()
    services = SERVICES
    proves_passwords = False
    proofs = dict.fromkeys(Fact, Proof.VERIFIED) | {
        Fact.PASSWORD: Proof.ACCEPTED,
        **dict.fromkeys((Fact.EXPIRY, Fact.ALIASES, Fact.FORWARDING), Proof.UNSUPPORTED),
    }

    def __init__(self, domain: str = "example.com") -> None:
        self.domain, self.lost = domain, set()
        self.boxes: dict[Address, Box] = {}
        self.bin: list[tuple[Deleted, Box]] = []

    # What is so.

    def observe(self, address, about=tuple(Fact)):
        self._own(address.domain)
        return self._shown(address)

    def survey(self, domain):
        self._own(domain)
        return Survey(tuple(self._shown(each) for each in sorted(self.boxes, key=str)))

    def holders(self, domain, names):
        raise Refused("Nothing here has aliases.", code="unsupported")

    def usage(self, address):
        return {"used_bytes": 0, "quota_bytes": self._box(address).quota}

    def deleted(self, domain):
        return [kept for kept, _ in reversed(self.bin) if kept.address.domain == domain]

    def probe(self):
        pass

    def remarks(self, domains, sizes):
        return ()

    # What changes it.

    def command(self, change):
        if change.kind not in COMMANDS:
            raise Refused(f"Nothing here does {change.kind}.", code="unsupported")
        return f"small_{change.kind}"

    def apply(self, address, change, seen):
        command = self.command(change)
        COMMANDS[change.kind](self, address, change)
        if change.kind in self.lost:
            self.lost.discard(change.kind)
            raise OutcomeUnknown("The answer was lost.")
        return Answer(command)

    def undelete(self, found):
        for number, (kept, box) in enumerate(self.bin):
            if kept == found and found.address not in self.boxes:
                self.boxes[found.address] = box
                del self.bin[number]
                return
        raise Refused("It is not kept.", code="not_found")

    def new_password(self, address, choose):
        return "".join(choose("abcdefghij") for _ in range(20))

    def sign_in(self, address):
        self._box(address)
        return f"https://mail.example.test/?user={address}"

    # Each change.

    def _create(self, address, change):
        if address in self.boxes:
            raise RefusalUnproven(Refused("It exists.", code="not_ours"))
        self.boxes[address] = Box(self._taken(change))

    def _set_password(self, address, change):
        self._box(address).password = self._taken(change)

    def _set_services(self, address, change):
        states = change.arguments["services"]
        if change.kind is ChangeKind.SUSPEND:
            states = dict.fromkeys(states, "suspended")
        self._box(address).services.update(states)

    def _set_quota(self, address, change):
        self._box(address).quota = change.arguments["quota_bytes"]

    def _delete(self, address, change):
        box = self._box(address)
        del self.boxes[address]
        self.bin.append((Deleted(address, str(len(self.bin))), box))

    def _shown(self, address):
        if (box := self.boxes.get(address)) is None:
            return Mailbox(address, False)
        return Mailbox(address, True, dict(box.services), box.quota, 0)

    def _own(self, domain):
        if domain != self.domain:
            raise Refused(f"{domain} is not here.", code="domain_not_in_account")

    def _box(self, address):
        if address not in self.boxes:
            raise Refused(f"{address} does not exist.", code="not_found")
        return self.boxes[address]

    def _taken(self, change):
        if not change.secret or len(change.secret) < 10:
            raise Refused("It wants ten characters.", code="password_rejected")
        return change.secret


COMMANDS = {
    ChangeKind.CREATE: SmallBackend._create,
    ChangeKind.SET_PASSWORD: SmallBackend._set_password,
    ChangeKind.SUSPEND: SmallBackend._set_services,
    ChangeKind.RESTORE: SmallBackend._set_services,
    ChangeKind.SET_QUOTA: SmallBackend._set_quota,
    ChangeKind.LOG_OUT: lambda backend, address, change: backend._box(address),
    ChangeKind.DELETE: SmallBackend._delete,
}
