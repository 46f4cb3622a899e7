"""Reads whole accounts at Enom and tells where they differ from the record: one look for each
domain, one for each suspect.

Rule 1: it changes nothing, neither at Enom nor of the record. What was shown can be repaired by a
person (store.OperatorActions).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from bridge.domain.account import Account
from bridge.domain.differences import Difference, DifferenceKind
from bridge.domain.model import Address, Pak
from bridge.domain.ports import Clock, Findings, Lookup, Reconciliation
from bridge.reconcile import drift
from bridge.reconcile.drift import AccountView
from bridge.reconcile.matching import Scan, ScanError
from bridge.reconcile.scan import OnProgress, Scanner, silent
from bridge.steps.look_and_plan import Look

DOMAINS, SUSPECTS = "Reading domains at the mail provider", "Reading single mailboxes"
Progress = Callable[[str], OnProgress]


@dataclass
class Reconcile:
    lookup: Lookup
    scanner: Scanner
    findings: Findings
    accounts: Mapping[str, Account]
    clock: Clock

    def account(
        self,
        name: str,
        who: str,
        addresses: Sequence[str] = (),
        deep: bool = False,
        progress: Progress = lambda what: silent,
    ) -> Reconciliation:
        """Reads and judges one account, or some addresses of it, and keeps what it found.

        `deep`: looks at every mailbox.
        """
        started, account = self.clock(), self.accounts[name]
        known = self._known(account)
        shown: Mapping[str, Scan | ScanError] = {}
        if not addresses:
            shown = self.scanner.domains(account, sorted(known), progress(DOMAINS))
        read = {domain: each for domain, each in shown.items() if isinstance(each, Scan)}
        barred = {domain: each for domain, each in shown.items() if isinstance(each, ScanError)}
        # Read after Enom, so that what a hook did meanwhile is known here.
        view = self._view(account)
        listed = [
            each
            for domain, one in read.items()
            for each in drift.of_domain(view, domain, one, known[domain])
        ]
        everyone = (
            [str(address) for one in read.values() for address in one.mailboxes] if deep else []
        )
        todo = sorted({*addresses, *everyone, *(each.address for each in listed if each.address)})
        looks = self.scanner.mailboxes(
            account, [Address.parse(one) for one in todo], progress(SUSPECTS)
        )
        found = [each for each in listed if each.address is None]
        view = self._view(account)
        unread = barred | {
            each.domain: look
            for each, look in looks.items()
            if isinstance(look, ScanError) and each.domain not in read
        }
        foreign = sorted(
            domain
            for domain, one in unread.items()
            if self._foreign(view, account, domain, one, known)
        )
        found += self._looked_at(
            view,
            {address: look for address, look in looks.items() if address.domain not in foreign},
        )
        found += [
            drift.of_barred(domain, one) for domain, one in barred.items() if domain not in foreign
        ]
        judged = addresses or [each for names in known.values() for each in names]
        report = Reconciliation(
            account=name,
            started_at=started,
            ended_at=self.clock(),
            whole=not addresses,
            domains={domain: places(one) for domain, one in read.items()},
            unread=sorted(set(barred) - set(foreign)),
            foreign=foreign,
            looked_at=list(addresses),
            mailboxes=(
                sum(isinstance(look, Look) for look in looks.values())
                if addresses
                else sum(len(one.mailboxes) for one in read.values())
            ),
            under_way=sum(map(view.under_way, judged)),
            settles_at=max(map(view.settles_at, judged), default=0.0),
            differences=drift.in_order(found),
        )
        self.findings.keep(who, report)
        return report

    def _known(self, account: Account) -> dict[str, list[str]]:
        """Every domain that the bridge knows of the account, with its addresses on record."""
        known: dict[str, list[str]] = {domain: [] for domain in account.domains}
        for address in self.lookup.records(account.name):
            known.setdefault(Address.parse(address).domain, []).append(address)
        return known

    def _foreign(
        self,
        view: AccountView,
        account: Account,
        domain: str,
        one: ScanError,
        known: Mapping[str, Sequence[str]],
    ) -> bool:
        """Never one that the configuration names: that is expected to be there, whatever is on
        record."""
        return domain not in account.domains and drift.not_ours(
            view.records, one, known.get(domain, ())
        )

    def _view(self, account: Account) -> AccountView:
        return AccountView(
            self.lookup.records(account.name),
            self.lookup.busy(account.name),
            account.terms,
            self.clock(),
        )

    def _looked_at(
        self, view: AccountView, looks: Mapping[Address, Look | ScanError]
    ) -> Iterable[Difference]:
        for address, look in looks.items():
            if isinstance(look, ScanError):
                yield drift.of_barred(address.domain, look, str(address))
                continue
            # As of the look: a read taken before a command was sure to show is not believed.
            found = drift.of_mailbox(replace(view, now=look.at), address, look.seen)
            if found is not None:
                yield found


def places(shown: Scan) -> Sequence[tuple[Pak, int]]:
    """Each pak of a domain, and how many of the listed mailboxes are in it."""
    held = [seen.pak.bundle for seen in shown.mailboxes.values() if seen.pak is not None]
    return [(pak, held.count(pak.bundle)) for pak in shown.paks]


def counts(differences: Sequence[Difference]) -> dict[str, int]:
    """How many of each kind, in the order in which they are told."""
    kinds = [each.kind for each in differences]
    return {str(kind): kinds.count(kind) for kind in DifferenceKind if kind in kinds}
