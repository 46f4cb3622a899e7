"""What a note to the admin says, and what stands in the audit trail: sentences of facts. Pure."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from bridge.domain.model import to_rfc3339
from bridge.reporting.lists import first
from bridge.reporting.subjects import subject

SHOWN = 10  # differences in a note
LONGEST_OF_DNS = 500  # characters of a line that repeats what a stranger's DNS says


class Row(Protocol):
    """A row of the store, or a plain mapping."""

    def __getitem__(self, name: str, /) -> Any: ...


def restored(at: float) -> str:
    """Why an account stands still after a restore. `at` 0: before that was kept."""
    when = f" on {to_rfc3339(at)}" if at else ""
    return (
        f"The database was restored{when}. It does not contain "
        "anything that happened after the backup."
    )


def paused_how(code: str) -> str:
    """How an account was paused, to stand behind the word "paused"."""
    return {"person": "by an admin", "restored": "after a restore"}.get(code, f"({code})")


def paused(code: str, detail: str) -> str:
    """That an account is paused, and why. A reason that nobody gave says itself who it was."""
    reason = detail.rstrip(".")
    return (
        f"{reason}." if reason.startswith("Paused by ") else f"Paused {paused_how(code)}: {reason}."
    )


def paused_why(detail: str | None) -> str:
    """The reason in brackets, to stand behind the word "paused"; nothing without one."""
    return f" ({detail.removeprefix('Paused ').rstrip('.')})" if detail else ""


def paused_by_restore(account: str, at: float) -> str:
    return (
        f"Account {account} is paused, its jobs wait: {restored(at)}\n"
        f"Compare it with the mail provider: enom-bridge reconcile --account {account}. "
        f"Then: enom-bridge resume account {account}"
    )


def account_paused(account: str, detail: str) -> str:
    return (
        f"Account {account} is paused, its jobs wait: {detail}\nThe bridge retries every 5 minutes."
    )


def account_works(account: str) -> str:
    return f"Account {account} works again; its jobs continue."


def account_resumed(account: str, who: str) -> str:
    return f"Account {account} was resumed by {who}; its jobs continue."


def purchases_paused(account: str, detail: str) -> str:
    return f"Purchases of account {account} are paused: {detail}"


def purchases_go_on(account: str) -> str:
    return f"Purchases of account {account} resumed."


def held(job: Row, detail: str, remote: Mapping[str, Any] | None) -> str:
    answer = json.dumps(remote) if remote else "nothing"
    return (
        f"{job['action']} of {job['address'] or 'all mailboxes'} (service {job['service_id']} of "
        f"{job['source']}) is held: {detail}\n"
        f"Answer of the mail provider: {answer}\nWhat to do: enom-bridge jobs explain {job['id']}"
    )


def awaits_password(address: str) -> str:
    return (
        f"{address} was created, and nobody knows its password. Send the customer a link to set "
        f"one: enom-bridge mailboxes password-link {address}"
    )


def subscriptions_differ(source: str, differences: int) -> str:
    return (
        f"{differences} subscription(s) or mailbox(es) of source {source} differ, and the bridge does "
        f"not correct that by itself. To see them: enom-bridge subscriptions --source {source}"
    )


def subscriptions_agree(source: str) -> str:
    return f"Subscriptions and mailboxes of source {source} agree again."


def not_held(job: Row, message: str) -> str:
    return f"{job['action']} of {subject(job)} is no longer held. {message}"


def tried_again(job: Row, new: str) -> str:
    return f"{job['action']} of {subject(job)} is retried as {new}."


def purchase_looked_up(job: str) -> str:
    return f"The purchase of {job} was settled; newer hooks replaced the rest of the job."


# The brake for suspensions


def too_many_suspensions(count: int, mailboxes: int, share: float, floor: int) -> str:
    """Why suspensions are refused. `share` of all mailboxes is the limit; `floor` of them always
    pass."""
    rule = f"safety.max_suspended_share = {share:g}"
    limit = rule if count > floor else f"{floor} are always allowed"
    return f"{count:,} suspensions within an hour, of {mailboxes:,} mailboxes ({limit})"


def suspensions_stopped(source: str, account: str, why: str) -> str:
    return (
        f"Source {source} sent {why}. Further suspensions are refused for now; "
        "billing sends them again later. Everything else continues.\n"
        f"If they are right (end of the month, for example): enom-bridge resume source {source}\n"
        "If they are wrong, first stop those already accepted: "
        f"enom-bridge pause account {account}\n"
        "Then fix billing, cancel the waiting jobs (docs/suspension.md, "
        '"When too many come at once"), have billing unsuspend what was suspended, and resume '
        "account and source."
    )


def suspensions_accepted(source: str) -> str:
    return f"Suspensions of source {source} are accepted again."


def suspensions_released(why: str) -> str:
    return f"its suspensions, which were refused: {why}"


def source_stopped(source: Row) -> str:
    """Why a source stands still, or a part of it."""
    if source["paused"]:
        return str(source["detail"] or "by an admin")
    return f"only its suspensions: it sent {source['suspensions_paused']}"


# The mail of domains


def mail_subject(domain: str, id: str) -> str:
    """What a note about a domain's mail is about: the domain, as far as there is room for it."""
    return f"mail:{domain}" if len(domain) <= 100 else f"mail:{domain[:90]}…{id}"


def mail_stopped(
    domain: str, ways: Sequence[str], reasons: Sequence[str], to_set: Sequence[str]
) -> str:
    """`ways`: receive, send or both."""
    lines = [f"{domain} no longer {' and '.join(f'{way}s' for way in ways)} mail; it did before."]
    lines += [reason[:LONGEST_OF_DNS] for reason in reasons]
    lines += [f"Set in its DNS: {line[:LONGEST_OF_DNS]}" for line in to_set]
    return "\n".join([*lines, f"Its mailboxes: enom-bridge mailboxes list --domain {domain}"])


def mail_works(domain: str) -> str:
    return f"The mail of {domain} works again."


def mail_unwatched(domain: str) -> str:
    return f"No service has a mailbox in {domain} any more; its mail is not checked any more."


# Comparisons with Enom


def drift(account: str, new: Sequence[Mapping[str, Any]], in_all: int) -> str:
    """A note of what a reconciliation found, at most SHOWN of the `new` rows of differences."""
    lines = [f"- {each['address'] or each['domain']}: {each['detail']}" for each in new]
    counts = f"{len(new)} new differences, {in_all} in all"
    head = f"Account {account} was compared with the mail provider: {counts}."
    foot = f"To see all: enom-bridge reconcile --account {account}"
    return "\n".join([head, *first(lines, SHOWN, "and {} more"), foot])


def no_drift(account: str) -> str:
    return f"No more differences between the bridge and account {account}."


def compared(last: Mapping[str, Any]) -> str:
    """A reconciliation of a whole account in a sentence, for whoever ends a restore."""
    found = sum(count for kind, count in last["found"].items() if kind != "under_way")
    unread, left = last["unread"], last["found"].get("under_way", 0)
    result = [
        f"found {found or 'no'} difference{'s' * (found != 1)}",
        f"{unread} domain{'s' * (unread != 1)} could not be read"
        if unread
        else "all domains were read",
    ]
    if left:
        were = "mailbox with an open job was" if left == 1 else "mailboxes with open jobs were"
        result.append(f"{left} {were} left out")
    return f"The comparison of {to_rfc3339(last['ended_at'])} {'; '.join(result)}."


# Customers


def domain_confirmed(customer: str | None, hook: str, passed: tuple[str, str] | None) -> str:
    """For the audit trail. `passed`: code and detail of what would have stood against it."""
    against = f"it overrode {passed[0]}: {passed[1]}" if passed else "no check objected"
    return f"domain_confirmed for customer {customer or '(unknown)'} in hook {hook}; {against}"


# What a note is about, in words that are the same for all of one cause


def cause_of_job(account: str, code: str) -> str:
    return f"jobs of account {account}, {code}"


def cause_of_account(account: str) -> str:
    return f"account {account}"


def cause_of_mail() -> str:
    return "domains whose mail works no more"


def cause_of_money(account: str) -> str:
    return f"purchases of account {account}"
