"""From observed to desired: the plan, and what each change leaves in the bridge's own record. Pure.

`diff` of a mailbox that is as desired is empty: that is the proof. Dry run, preview, real run and
reconciliation share it.
"""

from dataclasses import replace
from datetime import datetime

from bridge.domain.errors import Refused
from bridge.domain.model import (
    MAILBOX,
    NAMING,
    Change,
    ChangeKind,
    Desired,
    Forwarding,
    Mailbox,
    Plan,
    Record,
    State,
    Terms,
    to_rfc3339,
)


def diff(seen: Mailbox, record: Record, desired: Desired, terms: Terms, now: datetime) -> Plan:
    """What must be done, in order. Raises Refused or NeedsPerson when it may not be done."""
    if desired.exists is False:
        return Plan((deletion(seen),) if seen.exists else ())
    changes: list[Change] = []
    if desired.until is not None:
        changes += terms.products.renewal(seen, desired.until, terms.lifted)
    if desired.exists and not seen.exists:
        return Plan((*changes, *terms.products.creation(seen, desired, now)))
    if desired.password_digest is not None and record.password_digest != desired.password_digest:
        changes.append(Change(ChangeKind.SET_PASSWORD, secret=desired.password))
    if desired.suspended is False:
        changes += restoration(seen, record)
    if desired.quota is not None and seen.quota != desired.quota:
        changes.append(Change(ChangeKind.SET_QUOTA, {"quota_bytes": desired.quota}))
    changes += naming(seen, desired)
    if desired.suspended:
        changes += suspension(seen, record, terms)
    return Plan(tuple(changes))


def naming(seen: Mailbox, desired: Desired) -> list[Change]:
    """What gives the mailbox the names and the forwarding that are wanted."""
    changes = []
    if desired.aliases is not None and seen.aliases != desired.aliases:
        changes.append(Change(ChangeKind.SET_ALIASES, {"aliases": list(desired.aliases)}))
    if desired.forwarding is not None and seen.forwarding != desired.forwarding:
        changes.append(Change(ChangeKind.SET_FORWARDING, desired.forwarding.describe()))
    return changes


def suspension(seen: Mailbox, record: Record, terms: Terms) -> list[Change]:
    changes = []
    if not is_suspended(seen, record, terms):
        arguments: dict[str, object] = {"with": terms.suspend_with}
        if terms.suspend_with == "hosted-email":
            # Only what a read shows can be given back later.
            states = shown(seen, terms)
            arguments["services"] = [name for name, state in states.items() if state != "suspended"]
        changes.append(Change(ChangeKind.SUSPEND, arguments))
    ours = bool(changes) or record.suspended_with is not None
    if terms.suspend_with == "hosted-email" and ours and (changes or not record.sessions_ended):
        changes.append(Change(ChangeKind.LOG_OUT))
    return changes


def deletion(seen: Mailbox) -> Change:
    """The journal keeps when this mailbox was made: one that is there later, and was made at
    another time, is another."""
    made = {} if seen.made_at is None else {"mailbox_made": to_rfc3339(seen.made_at)}
    return Change(ChangeKind.DELETE, made)


def restoration(seen: Mailbox, record: Record) -> list[Change]:
    if record.suspended_with == "commands":
        return [Change(ChangeKind.RESTORE, {"with": "commands"})]
    if record.suspended_with != "hosted-email" or record.saved_services is None:
        return []  # a lock-out ends with the new password
    if seen.services is None:
        raise Refused(
            "The services were suspended through hosted email, which is no longer configured.",
            code="unsupported",
        )
    lost = {
        name: state
        for name, state in record.saved_services.items()
        if seen.services.get(name) != state
    }
    return [Change(ChangeKind.RESTORE, {"with": "hosted-email", "services": lost})] if lost else []


def is_suspended(seen: Mailbox, record: Record, terms: Terms) -> bool:
    """Suspended means: every service that we would suspend is; or our own mark, where no read
    can show it."""
    if record.suspended_with in ("lock-out", "commands"):
        return True
    states = shown(seen, terms)
    return bool(states) and all(state == "suspended" for state in states.values())


def shown(seen: Mailbox, terms: Terms) -> dict[str, str]:
    """The states of those services that a suspension of ours is about."""
    return (
        {name: seen.services[name] for name in terms.services if name in seen.services}
        if seen.services
        else {}
    )


def state_of(seen: Mailbox, record: Record, terms: Terms) -> State:
    if seen.exists is None or (seen.exists and seen.type != MAILBOX):
        return State.UNKNOWN
    if not seen.exists:
        return State.ABSENT
    return State.SUSPENDED if is_suspended(seen, record, terms) else State.ACTIVE


def believable(
    seen: Mailbox, record: Record, terms: Terms, observed_at: float, own_doubt: bool
) -> bool:
    """A read that may be stale (before `settles_at`) is believed only where it agrees with what was
    done last.

    `own_doubt`: what was done last was done by the job that asks; where that is not known, the journal decides instead.
    """
    if observed_at >= record.settles_at:
        return True
    if record.state is State.UNKNOWN:
        return own_doubt
    if state_of(seen, record, terms) is not record.state:
        return False
    wanted = (record.quota, record.aliases, record.forwarding)
    return all(
        was is None or now is None or was == now
        for was, now in zip(wanted, (seen.quota, seen.aliases, seen.forwarding), strict=True)
    )


def settles_at(before: float, ended_at: float, settle: float) -> float:
    """Until when reads may be stale after a command whose call ended, or must have ended, at
    `ended_at`.

    `before`: until when they may be so because of an earlier one. A smaller `settle` in the configuration does not shorten it.
    """
    return max(before, ended_at + settle)


# What must be remembered before a command is sent, and after the remote said yes.


def before_sending(record: Record, change: Change, seen: Mailbox, owner: tuple[str, str]) -> Record:
    """From here on the state is unknown until an answer or a read says otherwise."""
    match change.kind:
        case ChangeKind.CREATE:
            return Record(*owner, settles_at=record.settles_at)
        case ChangeKind.SUSPEND:
            fresh = record.suspended_with is None
            saved = (
                dict(seen.services)
                if fresh and seen.services is not None
                else record.saved_services
            )
            mark = (
                "hosted-email"
                if change.arguments["with"] == "hosted-email"
                else record.suspended_with
            )
            digest = None if change.arguments["with"] == "lock-out" else record.password_digest
            record = replace(
                record,
                suspended_with=mark,
                saved_services=saved,
                password_digest=digest,
                suspended_by=owner[0] if fresh else record.suspended_by,
            )
            return replace(record, state=State.UNKNOWN, sessions_ended=False)
        case ChangeKind.RESTORE | ChangeKind.DELETE:
            return replace(record, state=State.UNKNOWN)
        case ChangeKind.SET_QUOTA:
            return replace(record, quota=None)
        case ChangeKind.SET_ALIASES:
            return replace(record, aliases=tuple(change.arguments["aliases"]))
        case ChangeKind.SET_FORWARDING:
            return replace(record, forwarding=Forwarding.of(**change.arguments))
        case ChangeKind.SET_PASSWORD:
            return replace(record, password_digest=None)
    return record


def after_accepted(record: Record, change: Change, desired: Desired) -> Record:
    match change.kind:
        case ChangeKind.CREATE:
            return replace(record, state=State.ACTIVE, password_digest=desired.password_digest)
        case ChangeKind.SUSPEND:
            how = change.arguments["with"]
            digest = None if how == "lock-out" else record.password_digest
            return replace(
                record, state=State.SUSPENDED, suspended_with=how, password_digest=digest
            )
        case ChangeKind.RESTORE:
            mark = None if change.arguments["with"] == "commands" else record.suspended_with
            return replace(record, state=State.ACTIVE, suspended_with=mark)
        case ChangeKind.SET_PASSWORD:
            locked = record.suspended_with == "lock-out"
            record = replace(record, state=State.ACTIVE, suspended_with=None) if locked else record
            return replace(record, password_digest=desired.password_digest)
        case ChangeKind.SET_QUOTA:
            return replace(record, quota=desired.quota)
        case ChangeKind.LOG_OUT:
            return replace(record, sessions_ended=True)
        case ChangeKind.DELETE:
            return replace(record, state=State.ABSENT)
    return record


def after_no(record: Record, before: Record, change: Change) -> Record:
    """The record once the remote turned a command down, or it was not sent: of names and
    forwarding, what was wanted before. Should it have been done all the same, a read after `settle`
    says so."""
    if change.kind not in NAMING:
        return record
    return replace(record, aliases=before.aliases, forwarding=before.forwarding)


def at_end(record: Record, seen: Mailbox, desired: Desired, terms: Terms) -> Record:
    """The record of a job that succeeded: the proof has been seen."""
    if not seen.exists:
        return Record(state=State.ABSENT, settles_at=record.settles_at)
    if desired.suspended is False:
        record = replace(
            record,
            suspended_with=None,
            suspended_by=None,
            saved_services=None,
            sessions_ended=False,
            delete_after=None,
        )
    if desired.quota is not None:
        record = replace(
            record, quota=desired.quota
        )  # also where it was so already, and no command set it
    if desired.aliases is not None:
        record = replace(record, aliases=desired.aliases)
    if desired.forwarding is not None:
        record = replace(record, forwarding=desired.forwarding)
    if desired.delete_after is not None:
        record = replace(record, delete_after=desired.delete_after)
    return replace(record, state=state_of(seen, record, terms))


def after_failure(record: Record, seen: Mailbox | None, terms: Terms) -> Record:
    """The record of a job that was refused: what was noted for a command that did nothing is
    taken back."""
    if seen is None or seen.exists is None:
        return record
    if not seen.exists:
        # What was nobody's and is not there was not terminated either: one that turns up there
        # later is not billing's to end.
        return Record(
            state=State.ABSENT if record.source is not None else record.state,
            settles_at=record.settles_at,
        )
    if record.suspended_with == "hosted-email" and not restoration(seen, record):
        record = replace(record, suspended_with=None, saved_services=None, sessions_ended=False)
    return replace(record, state=state_of(seen, record, terms))
