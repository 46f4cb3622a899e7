"""Signed reads, answered at once; recorded is only who tested the connection.

What is another source's does not exist.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bridge import __version__
from bridge.domain import plan
from bridge.domain.account import Account
from bridge.domain.aliases import facts_of
from bridge.domain.errors import BridgeError, NotPossible, Refused, UnknownThing
from bridge.domain.model import Address, Record
from bridge.domain.ports import AccountState, Backend, Clock, Lookup, Services
from bridge.maildns.check import MailDns
from bridge.pipeline.service_events import NearlyFull
from bridge.reporting.times import with_times
from hooks.errors import Invalid
from hooks.standard.fields import PLACE_RULE, moment
from hooks.types import Question, Verified

PAGE = 200
FROM_THE_RECORD = frozenset({"mailbox.list", "service.mailboxes", "job", "results"})
"""Questions that ask nobody outside. Only so many of all others are answered at a time."""
SIGN_IN_KEPT = (
    600.0  # seconds; longer than a signature is valid, so that a replayed query opens nothing
)


@dataclass
class Queries:
    lookup: Lookup
    account_state: AccountState
    accounts: Mapping[str, Account]
    clock: Clock
    services: Services
    mail_dns: MailDns | None = None
    nearly_full: NearlyFull | None = None

    def answer(
        self, source: str, account: str, verified: Verified, question: Question
    ) -> dict[str, Any]:
        """The answer's `data`. Raises UnknownThing, NotPossible, BridgeError."""
        answer: Callable[[Query], dict[str, Any]] = QUESTIONS[question.type]
        return answer(Query(self, source, self.accounts[account], verified, question.arguments))


@dataclass(frozen=True)
class Query:
    queries: Queries
    source: str
    account: Account
    verified: Verified
    arguments: Mapping[str, str]

    @property
    def address(self) -> Address:
        return Address.parse(self.arguments["address"])

    def own_record(self) -> Record:
        """The record of the mailbox asked for, which must be this service's own."""
        owner = self.source, self.arguments["service_id"]
        record = self.queries.lookup.record(self.account.name, self.arguments["address"], owner)
        if not record.owned_by(*owner):
            raise UnknownThing("This service has no mailbox with this address.")
        return record

    def call(self, ask: Callable[[Backend], Any]) -> Any:
        """One call to Enom, within the account's limit of calls in flight."""
        account = self.account
        # A look may take two calls, one to each API.
        with self.queries.account_state.call_slot(
            account.name, account.max_in_flight, 2 * account.call_limit
        ):
            return ask(account.backend)

    def noticed(self, used: int | None, quota: int | None) -> None:
        """That a read showed how full the mailbox asked for is."""
        if used is not None:
            self.queries.services.saw_usage(self.account.name, self.arguments["address"], used)
        if nearly_full := self.queries.nearly_full:
            service = self.arguments["service_id"], self.arguments["address"]
            nearly_full.saw(self.source, self.account.name, service, used, quota)

    def receives_mail(self) -> dict[str, Any] | None:
        mail_dns = self.queries.mail_dns
        return mail_dns.receives_mail(self.account.name, self.address.domain) if mail_dns else None

    def page(self) -> str:
        return self.arguments.get("after", "")


def connection_test(query: Query) -> dict[str, Any]:
    paused = query.queries.account_state.account_paused(query.account.name)
    reachable, problem = True, None
    try:
        query.call(lambda backend: backend.probe())
    except (BridgeError, NotPossible) as error:
        reachable, problem = False, getattr(error, "code", "busy")
    if sender := query.arguments.get("sender"):
        query.queries.account_state.heard(query.source, sender)
    return {
        "version": __version__,
        "clock_skew": round(query.queries.clock() - query.verified.timestamp),
        "account": {"reachable": reachable, "problem": problem, "paused": paused},
        "plans": {
            name: {"quota_gb": size // 2**30}
            for name, size in sorted(query.account.terms.plans.items())
        },
    }


def mailbox_status(query: Query) -> dict[str, Any]:
    query.own_record()  # before the look: nobody is shown another's mailbox
    seen = query.call(lambda backend: backend.observe(query.address))
    record = query.own_record()  # and after it, so that both are of the same time
    query.noticed(seen.used, seen.quota)
    return {
        "address": query.arguments["address"],
        "service_id": query.arguments["service_id"],
        "state": str(plan.state_of(seen, record, query.account.terms)),
        "recorded_state": str(record.state),
        "suspended_with": record.suspended_with,
        "services": dict(seen.services) if seen.services is not None else None,
        "quota_bytes": seen.quota,
        "used_bytes": seen.used,
        "expires": seen.pak and seen.pak.expires.isoformat(),
        "receives_mail": query.receives_mail(),
        **facts_of(seen.aliases, seen.forwarding),
    }


def mailbox_list(query: Query) -> dict[str, Any]:
    items, after = query.queries.lookup.mailboxes(query.source, query.page(), PAGE)
    plans = query.account.terms.plans
    named = [with_times(item) | {"plan": plan_of(item["quota_bytes"], plans)} for item in items]
    return {"items": named, "next": after}


def plan_of(quota: int | None, plans: Mapping[str, int]) -> str | None:
    """The one plan of this size; None where there is none, or several that cannot be told apart."""
    named = [name for name, size in plans.items() if size == quota]
    return named[0] if len(named) == 1 else None


def mailbox_usage(query: Query) -> dict[str, Any]:
    query.own_record()
    found = dict(query.call(lambda backend: backend.usage(query.address)))
    query.noticed(found.get("used_bytes"), found.get("quota_bytes"))
    return found


def mailbox_sign_in(query: Query) -> dict[str, Any]:
    query.own_record()
    if not query.queries.account_state.first_use(query.source, query.verified.id, SIGN_IN_KEPT):
        raise NotPossible("This query was already answered; a sign-in needs a new webhook-id.")
    return {"url": query.call(lambda backend: backend.sign_in(query.address))}


def service_mailboxes(query: Query) -> dict[str, Any]:
    service = query.arguments["service_id"]
    services = query.queries.services
    rows, after = services.mailboxes(query.source, service, query.page(), PAGE)
    of = services.service(query.source, service)
    plans = query.account.terms.plans
    items = [
        {
            "address": row["address"],
            "state": row["state"],
            "plan": plan_of(row["quota"], plans),
            "quota_bytes": row["quota"],
            "used_bytes": row["used"],
            "used_at": row["used_at"],
            "aliases": row["aliases"],
            "forwarding": row["forwarding"],
            "delete_after": row["delete_after"],
            "checked_at": row["observed_at"],
        }
        for row in rows
    ]
    return {
        "service_id": service,
        "seats": of["seats"],
        "used": of["used"],
        "suspended": of["suspended_at"] is not None,
        "items": [with_times(item) for item in items],
        "next": after,
    }


def domain_readiness(query: Query) -> dict[str, Any]:
    domain, account = query.arguments["domain"], query.account.name
    if not query.queries.lookup.has_mailbox_in(query.source, account, domain):
        raise UnknownThing("This source has no mailbox in this domain.")
    mail_dns = query.queries.mail_dns
    found = mail_dns.readiness(account, domain) if mail_dns else None
    if found is None:
        raise Refused(
            "DNS is not checked for this account: its mail_hosts is [].", code="unsupported"
        )
    return found


def job(query: Query) -> dict[str, Any]:
    wanted = query.arguments.get("job") or query.arguments["hook"]
    return query.queries.lookup.receipt(query.source, wanted).describe()


def results(query: Query) -> dict[str, Any]:
    place = query.page()
    begin = moment(place)
    try:
        receipts, after = query.queries.lookup.results(
            query.source, f"{begin.timestamp()!r}/" if begin else place, PAGE
        )
    except ValueError:
        raise Invalid(
            {"data.after": [f"Not a valid position in the results. {PLACE_RULE}"]}
        ) from None
    return {"items": [receipt.describe() for receipt in receipts], "next": after}


QUESTIONS: Mapping[str, Callable[[Query], dict[str, Any]]] = {
    "connection.test": connection_test,
    "mailbox.status": mailbox_status,
    "mailbox.list": mailbox_list,
    "mailbox.usage": mailbox_usage,
    "mailbox.sign_in": mailbox_sign_in,
    "service.mailboxes": service_mailboxes,
    "domain.readiness": domain_readiness,
    "job": job,
    "results": results,
}
