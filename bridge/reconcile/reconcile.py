"""Reads whole accounts at Enom and tells where they differ from the record: one look for each
domain, one for each suspect.

Rule 1: it changes nothing, neither at Enom nor of the record. What was shown can be repaired by a
person (store.OperatorActions).
Rule 2: of what Enom and the record show it holds no more than one batch, however large the account.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from typing import TypeVar

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
BATCH = 500  # domains, or single mailboxes, that are held and judged at a time
AT_ONCE = 32  # accounts that one process compares side by side
Progress = Callable[[str], OnProgress]

T = TypeVar("T")


class Stopped(Exception):
    """This process stops, so what takes long is given up."""


@dataclass
class Gathered:
    """What was found of one account so far.

    `under_way` are addresses that were not judged, `settles_at` is when the last of them settles.
    """

    domains: dict[str, Sequence[tuple[Pak, int]]] = field(default_factory=dict)
    barred: list[str] = field(default_factory=list)
    foreign: set[str] = field(default_factory=set)
    suspects: set[str] = field(default_factory=set)
    differences: list[Difference] = field(default_factory=list)
    mailboxes: int = 0
    looks: int = 0
    under_way: set[str] = field(default_factory=set)
    settles_at: float = 0.0

    def note_under_way(self, view: AccountView, names: Iterable[str]) -> None:
        for name in names:
            if view.under_way(name):
                self.under_way.add(name)
                self.settles_at = max(self.settles_at, view.settles_at(name))


@dataclass
class Reconcile:
    lookup: Lookup
    scanner: Scanner
    findings: Findings
    accounts: Mapping[str, Account]
    clock: Clock

    def side_by_side(
        self,
        names: Sequence[str],
        who: str,
        addresses: Sequence[str] = (),
        deep: bool = False,
        progress: Progress = lambda what: silent,
    ) -> list[Reconciliation | Exception]:
        """Several accounts at the same time; what came of each, in the order of `names`.

        An error in one is its answer, and ends no other.
        """
        over = threading.Event()
        pool = ThreadPoolExecutor(min(len(names), AT_ONCE) or 1, "reconcile")
        try:
            running = [
                pool.submit(self.account, name, who, addresses, deep, until(over, shown))
                for name in names
                for shown in [progress if len(names) == 1 else named(progress, name)]
            ]
            return [result(each, name) for each, name in zip(running, names, strict=True)]
        finally:
            over.set()
            pool.shutdown(cancel_futures=True)

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
        started, account, found = self.clock(), self.accounts[name], Gathered()
        if not addresses:
            self._read_domains(account, found, deep, progress(DOMAINS))
        self._read_mailboxes(account, found, {*addresses, *found.suspects}, progress(SUSPECTS))
        report = Reconciliation(
            account=name,
            started_at=started,
            ended_at=self.clock(),
            whole=not addresses,
            domains=dict(sorted(found.domains.items())),
            unread=sorted(found.barred),
            foreign=sorted(found.foreign),
            looked_at=list(addresses),
            mailboxes=found.looks if addresses else found.mailboxes,
            under_way=len(found.under_way),
            settles_at=found.settles_at,
            differences=drift.in_order(found.differences),
        )
        self.findings.keep(who, report)
        return report

    def _read_domains(
        self, account: Account, found: Gathered, deep: bool, progress: OnProgress
    ) -> None:
        """Every domain that the bridge knows of the account."""
        names = sorted({*account.domains, *self.lookup.domains(account.name)})
        with closing(self.scanner.each_domain(account, names, progress)) as scans:
            for batch in batches(scans):
                # Read after Enom, so that what a hook did meanwhile is known here.
                view = self._view(account, [domain for domain, _ in batch])
                known = by_domain(view.records)
                for domain, one in batch:
                    self._judge(account, view, domain, one, known.get(domain, ()), found)
                    if deep and isinstance(one, Scan):
                        found.suspects |= {str(address) for address in one.mailboxes}

    def _judge(
        self,
        account: Account,
        view: AccountView,
        domain: str,
        one: Scan | ScanError,
        known: Sequence[str],
        found: Gathered,
    ) -> None:
        found.note_under_way(view, known)
        if isinstance(one, Scan):
            found.domains[domain] = places(one)
            found.mailboxes += len(one.mailboxes)
            found.suspects |= {
                name
                for name in known
                if drift.needs_a_look(view.records[name]) and not view.under_way(name)
            }
            for each in drift.of_domain(view, domain, one, known):
                if each.address is None:
                    found.differences.append(each)
                else:
                    found.suspects.add(each.address)
        elif foreign(view, account, domain, one, known):
            found.foreign.add(domain)
        else:
            found.barred.append(domain)
            found.differences.append(drift.of_barred(domain, one))

    def _read_mailboxes(
        self, account: Account, found: Gathered, names: Iterable[str], progress: OnProgress
    ) -> None:
        addresses = [Address.parse(name) for name in sorted(names)]
        with closing(self.scanner.each_mailbox(account, addresses, progress)) as looks:
            for batch in batches(looks):
                view = self._view(account, sorted({address.domain for address, _ in batch}))
                known = by_domain(view.records)
                found.foreign |= {
                    address.domain
                    for address, one in batch
                    if isinstance(one, ScanError)
                    and address.domain not in found.domains
                    and foreign(view, account, address.domain, one, known.get(address.domain, ()))
                }
                for address, one in batch:
                    # As of the look: a read taken before a command was sure to show is not
                    # believed.
                    then = replace(view, now=one.at) if isinstance(one, Look) else view
                    found.note_under_way(then, [str(address)])
                    found.looks += isinstance(one, Look)
                    if address.domain not in found.foreign:
                        found.differences += looked_at(then, address, one)

    def _view(self, account: Account, domains: Sequence[str]) -> AccountView:
        return AccountView(
            self.lookup.records(account.name, domains),
            self.lookup.busy(account.name),
            account.terms,
            self.clock(),
        )


def looked_at(view: AccountView, address: Address, one: Look | ScanError) -> Iterator[Difference]:
    if isinstance(one, ScanError):
        yield drift.of_barred(address.domain, one, str(address))
    elif (found := drift.of_mailbox(view, address, one.seen)) is not None:
        yield found


def foreign(
    view: AccountView, account: Account, domain: str, one: ScanError, known: Sequence[str]
) -> bool:
    """Never one that the configuration names: that is expected to be there, whatever is on
    record."""
    return domain not in account.domains and drift.not_ours(view.records, one, known)


def by_domain(names: Iterable[str]) -> Mapping[str, Sequence[str]]:
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(Address.parse(name).domain, []).append(name)
    return found


def batches(items: Iterator[T]) -> Iterator[list[T]]:
    while batch := list(islice(items, BATCH)):
        yield batch


def named(progress: Progress, account: str) -> Progress:
    return lambda what: progress(f"{account}: {what}")


def until(over: threading.Event, progress: Progress) -> Progress:
    """The same progress, which raises Stopped once it is over."""
    return lambda what: partial(tell, over, progress(what))


def tell(over: threading.Event, progress: OnProgress, done: int, of: int) -> None:
    if over.is_set():
        raise Stopped
    progress(done, of)


def result(running: Future[Reconciliation], account: str) -> Reconciliation | Exception:
    try:
        return running.result()
    except Exception as error:  # of any kind: the other accounts are compared all the same
        error.add_note(f"It came while account {account} was compared.")
        return error


def places(shown: Scan) -> Sequence[tuple[Pak, int]]:
    """Each pak of a domain, and how many of the listed mailboxes are in it."""
    held = [seen.pak.bundle for seen in shown.mailboxes.values() if seen.pak is not None]
    return [(pak, held.count(pak.bundle)) for pak in shown.paks]


def counts(differences: Sequence[Difference]) -> dict[str, int]:
    """How many of each kind, in the order in which they are told."""
    kinds = [each.kind for each in differences]
    return {str(kind): kinds.count(kind) for kind in DifferenceKind if kind in kinds}
