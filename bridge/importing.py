"""Takes over mailboxes that were there before the bridge: compared first, and only what is nobody's is ever written.

One read for each domain, side by side up to the account's limit of calls; the last of them is left to whoever else works.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace

from bridge.comparison import NOT_PERMITTED, Barred, Finding, Group, Shown, View, compare
from bridge.errors import AccountFault, BridgeError, NotNow, Refused
from bridge.model import Address, State, Terms
from bridge.ports import Backend, Clock, Lookup, Owners, Standing, Taking
from bridge.roster import Claim

BATCH = 200  # mailboxes in one transaction
PAUSE, PATIENCE = 0.5, 600.0  # seconds, while all calls of the account are in use
TRIES = 2

Told = Callable[[int, int], None]
"""Called with how many of how many are done."""


@dataclass(frozen=True)
class Party:
    """A source with its account. `domains` in A-labels, or "*" for any; `call_limit` in seconds."""

    source: str
    account: str
    domains: frozenset[str]
    backend: Backend
    terms: Terms
    most_calls: int
    call_limit: float

    def may_touch(self, domain: str) -> bool:
        return "*" in self.domains or domain in self.domains


@dataclass
class Importing:
    lookup: Lookup
    standing: Standing
    owners: Owners
    parties: Mapping[str, Party]
    clock: Clock
    pause: Callable[[float], None] = time.sleep

    def compare(self, source: str, claims: Sequence[Claim] | None, told: Told = lambda done, of: None) -> list[Finding]:
        """Nothing is written. Without claims, what is on record for the source is compared with Enom.

        Domains that could not be read are findings; the others do not suffer from them.
        """
        party = self.parties[source]
        own = [
            Claim(record.service_id or "", address)
            for address, record in self.lookup.records(party.account).items()
            if record.source == source
        ]
        claims = own if claims is None else claims
        domains = {Address.parse(claim.address).domain for claim in (*own, *claims)} | (party.domains - {"*"})
        seen = self._survey(party, sorted(domains), told)
        # Read after Enom, so that what a hook did meanwhile is known here.
        return compare(View(source, self.lookup.records(party.account), seen, party.terms, self.clock()), claims)

    def take_over(self, source: str, findings: Sequence[Finding], told: Told = lambda done, of: None) -> Mapping[str, str]:
        """Writes the ownership of what is to be taken over; gives the reason for each that was left out.

        Each batch stands when it is written: given again after a stop, the rest is done.
        """
        todo = [finding for finding in findings if finding.group is Group.TAKE_OVER]
        left: dict[str, str] = {}
        for begin in range(0, len(todo), BATCH):
            batch = [taking(finding) for finding in todo[begin : begin + BATCH]]
            left |= self.owners.take_over(self.parties[source].account, source, batch)
            told(begin + len(batch), len(todo))
        return left

    def _survey(self, party: Party, domains: Sequence[str], told: Told) -> Mapping[str, Shown | Barred]:
        seen: dict[str, Shown | Barred] = {}
        for domain in domains:
            if not party.may_touch(domain):
                seen[domain] = Barred(Group.NOT_PERMITTED, NOT_PERMITTED)
        most, halted = max(1, party.most_calls - 1), list[Barred]()
        for _ in range(TRIES):
            todo = [domain for domain in domains if unknown(seen.get(domain)) and not halted]
            pool = ThreadPoolExecutor(most, "survey")
            try:
                running = {pool.submit(self._look, party, domain, most, halted): domain for domain in todo}
                for done, look in enumerate(as_completed(running), 1):
                    seen[running[look]] = look.result()
                    told(done, len(todo))
            finally:
                pool.shutdown(cancel_futures=True)
        return seen

    def _look(self, party: Party, domain: str, most: int, halted: list[Barred]) -> Shown | Barred:
        if halted:
            return halted[0]
        try:
            return self._survey_one(party, domain, most)
        except Refused as error:
            group = Group.NOT_IN_ACCOUNT if error.code == "domain_not_in_account" else Group.UNREAD
            return Barred(group, error.detail)
        except BridgeError as error:
            barred = Barred(Group.UNREAD, error.detail)
            if isinstance(error, AccountFault):
                halted.append(barred)  # no other domain would be answered
            return barred
        except NotNow as error:
            return Barred(Group.UNREAD, str(error))

    def _survey_one(self, party: Party, domain: str, most: int) -> Shown:
        waited = 0.0
        while True:
            try:
                with self.standing.call_slot(party.account, most, 2 * party.call_limit):
                    at = self.clock()
                    return Shown({seen.address: seen for seen in party.backend.survey(domain)}, at)
            except NotNow:
                if waited >= PATIENCE:
                    raise
            self.pause(PAUSE)
            waited += PAUSE


def unknown(shown: Shown | Barred | None) -> bool:
    return shown is None or (isinstance(shown, Barred) and shown.group is Group.UNREAD)


def taking(finding: Finding) -> Taking:
    return Taking(finding.address or "", finding.service_id or "", finding.state or State.UNKNOWN, finding.seen_at or 0.0)


def without(findings: Sequence[Finding], left: Mapping[str, str]) -> list[Finding]:
    """The findings, each that was left out with the reason."""
    return [replace(each, detail=left[each.address]) if each.address and each.address in left else each for each in findings]
