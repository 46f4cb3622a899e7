"""Takes over mailboxes that were there before the bridge: compared first, and only what is
nobody's is ever written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bridge.domain.account import Account
from bridge.domain.model import Address, State
from bridge.domain.ports import Assignment, Lookup, Owners
from bridge.domain.source import ANY, Source
from bridge.reconcile.matching import (
    NOT_PERMITTED,
    Finding,
    Group,
    Scan,
    ScanError,
    SourceView,
    match,
)
from bridge.reconcile.scan import OnProgress, Scanner, silent
from bridge.reconcile.service_list import Claim

BATCH = 200  # mailboxes in one transaction


@dataclass
class Takeover:
    lookup: Lookup
    scanner: Scanner
    owners: Owners
    sources: Mapping[str, Source]
    accounts: Mapping[str, Account]

    def compare(
        self, name: str, claims: Sequence[Claim], progress: OnProgress = silent
    ) -> list[Finding]:
        """Nothing is written.

        Domains that could not be read are findings; the others do not suffer from them.
        """
        source = self.sources[name]
        account = self.accounts[source.account]
        own = [
            address
            for address, record in self.lookup.records(account.name).items()
            if record.source == name
        ]
        addresses = (*own, *(claim.address for claim in claims))
        domains = {Address.parse(address).domain for address in addresses} | (
            source.domains - {ANY}
        )
        seen = self._survey(source, account, sorted(domains), progress)
        # Read after Enom, so that what a hook did meanwhile is known here.
        records, customers = (
            self.lookup.records(account.name),
            self.lookup.customers(account.name, name),
        )
        return match(SourceView(name, records, seen, account.terms, customers), claims)

    def take_over(
        self, source: str, findings: Sequence[Finding], progress: OnProgress = silent
    ) -> Mapping[str, str]:
        """Writes the ownership of what is to be taken over; gives the reason for each that was left
        out.

        Each batch stands when it is written: given again after a stop, the rest is done.
        """
        todo = [finding for finding in findings if finding.group is Group.TAKE_OVER]
        left: dict[str, str] = {}
        for begin in range(0, len(todo), BATCH):
            batch = [taking(finding) for finding in todo[begin : begin + BATCH]]
            left |= self.owners.take_over(self.sources[source].account, source, batch)
            progress(begin + len(batch), len(todo))
        return left

    def teach(self, source: str, findings: Sequence[Finding]) -> int:
        """Notes the customers that a list tells of mailboxes which are its services' already;
        how many."""
        progress = [finding for finding in findings if finding.teaches]
        noted = 0
        for begin in range(0, len(progress), BATCH):
            batch = progress[begin : begin + BATCH]
            named = {
                (each.address or "", each.service_id or ""): each.customer_id or ""
                for each in batch
            }
            noted += self.owners.teach(self.sources[source].account, source, named)
        return noted

    def sell(self, source: str, claims: Sequence[Claim]) -> None:
        """Notes how many mailboxes each service may have, where the list says so."""
        told = {each.service_id: each.seats for each in claims if each.seats is not None}
        names = sorted(told)
        for begin in range(0, len(names), BATCH):
            some = names[begin : begin + BATCH]
            self.owners.sell(source, {name: told[name] for name in some})

    def _survey(
        self, source: Source, account: Account, domains: Sequence[str], progress: OnProgress
    ) -> Mapping[str, Scan | ScanError]:
        allowed = [domain for domain in domains if source.may_touch(domain)]
        barred = {
            domain: ScanError(Group.NOT_PERMITTED, NOT_PERMITTED)
            for domain in domains
            if not source.may_touch(domain)
        }
        return barred | self.scanner.domains(account, allowed, progress)


def taking(finding: Finding) -> Assignment:
    known = (
        finding.address or "",
        finding.service_id or "",
        finding.state or State.UNKNOWN,
        finding.seen_at or 0.0,
    )
    return Assignment(*known, customer_id=finding.customer_id)


def without(findings: Sequence[Finding], left: Mapping[str, str]) -> list[Finding]:
    """The findings, each that was left out with the reason."""
    return [
        replace(each, detail=left[each.address]) if each.address and each.address in left else each
        for each in findings
    ]
