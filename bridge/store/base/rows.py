"""Rows to our words and back. Pure: no query stands here."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bridge.domain.aliases import facts_of
from bridge.domain.errors import (
    CODES,
    AccountFault,
    BridgeError,
    Limit,
    MalformedReply,
    NeedsPerson,
    NoFunds,
    OutcomeUnknown,
    Overtaken,
    RefusalUnproven,
    Refused,
    Unavailable,
    Withdrawn,
)
from bridge.domain.jobs import ENDED, Status, WaitingFor
from bridge.domain.model import Forwarding, Outcome, Record, State, Step, to_rfc3339
from bridge.domain.ports import Job, ObservedJob, Receipt
from bridge.reporting.receipts import WAITING
from hooks.types import Intent

Row = sa.RowMapping

RECORD = [field.name for field in fields(Record)]


def to_record(row: Row) -> Record:
    values = {name: row[name] for name in RECORD} | {"state": State(row["state"])}
    return Record(**values | to_names(row))


def to_names(row: Row) -> dict[str, Any]:
    """The two columns of `mailboxes` that hold other addresses, in our words."""
    aliases, forwarding = row["aliases"], row["forwarding"]
    return {
        "aliases": None if aliases is None else tuple(aliases),
        "forwarding": None if forwarding is None else Forwarding.of(**forwarding),
    }


def record_values(record: Record) -> dict[str, Any]:
    """The columns of `mailboxes` that hold a record."""
    saved = dict(record.saved_services) if record.saved_services is not None else None
    names = facts_of(record.aliases, record.forwarding)
    return {name: getattr(record, name) for name in RECORD} | {
        "state": str(record.state),
        "saved_services": saved,
        **names,
    }


def intent_values(intent: Intent) -> dict[str, Any]:
    """An intent as JSON, without its password, which is stored encrypted or not at all."""
    until = to_rfc3339(intent.until) if intent.until else None
    values: dict[str, Any] = {
        "display_name": intent.display_name,
        "plan": intent.plan,
        "reason": intent.reason,
        "until": until,
    }
    values |= {
        "customer_id": intent.customer_id,
        "domain_confirmed": intent.domain_confirmed or None,
        "seats": intent.seats,
        "from_service_id": intent.from_service_id,
        "aliases": None if intent.aliases is None else list(intent.aliases),
        "status": intent.status,
        "final": intent.final or None,
    }
    if intent.forward_to is not None:
        values |= {"forward_to": list(intent.forward_to), "keep_copy": intent.keep_copy}
    kept = {name: value for name, value in values.items() if value is not None}
    return kept | {"timestamp": intent.timestamp.isoformat(), "unknown": list(intent.unknown)}


def to_intent(row: Row, password: str | None) -> Intent:
    kept: Mapping[str, Any] = row["intent"]
    return Intent(
        action=row["action"],
        timestamp=datetime.fromisoformat(kept["timestamp"]),
        service_id=row["service_id"],
        address=row["address"],
        password=password,
        display_name=kept.get("display_name"),
        plan=kept.get("plan"),
        reason=kept.get("reason"),
        until=datetime.fromisoformat(kept["until"]) if "until" in kept else None,
        customer_id=kept.get("customer_id"),
        domain_confirmed=kept.get("domain_confirmed", False),
        seats=kept.get("seats"),
        from_service_id=kept.get("from_service_id"),
        aliases=tuple(kept["aliases"]) if "aliases" in kept else None,
        forward_to=tuple(kept["forward_to"]) if "forward_to" in kept else None,
        keep_copy=kept.get("keep_copy", True),
        status=kept.get("status"),
        final=kept.get("final", False),
        unknown=tuple(kept["unknown"]),
    )


def to_step(row: Row) -> Step:
    lost = row["outcome"] == Outcome.INTENT
    return Step(
        id=row["id"],
        kind=row["kind"],
        outcome=Outcome.UNKNOWN if lost else Outcome(row["outcome"]),
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        trust_after=row["trust_after"],
        interrupted=lost,
        error=to_error(row["error"]),
        mailbox_made=row["arguments"].get("mailbox_made"),
    )


def to_job(
    row: Row, mailbox: Row, journal: Sequence[Row], open_sealed: Callable[[str], str | None]
) -> Job:
    password = open_sealed(row["sealed"]) if row["sealed"] else None
    return Job(
        id=row["id"],
        token=row["token"],
        hook=row["hook_id"],
        source=row["source"],
        account=row["account"],
        intent=to_intent(row, password),
        mailbox=row["mailbox_id"],
        sequence=row["sequence"],
        record=to_record(mailbox),
        journal=tuple(to_step(step) for step in journal),
        created_at=row["created_at"],
        undecided_since=row["undecided_since"],
        tries=row["tries"],
        lifted=to_limits(row["lifted"]),
        purge=row["purge"],
        replaces=row["replaces"],
        customer_id=mailbox["customer_id"] if mailbox["customer_source"] == row["source"] else None,
    )


def to_observed(row: Row) -> ObservedJob:
    would = row["extra"].get("would_be")
    ended = (would["status"], would["detail"]) if would else None
    return ObservedJob(
        row["id"],
        row["hook_id"],
        to_intent(row, None),
        row["facts"].split(),
        row["created_at"],
        ended,
    )


ERRORS = (
    BridgeError,
    Refused,
    Unavailable,
    OutcomeUnknown,
    MalformedReply,
    RefusalUnproven,
    AccountFault,
    NoFunds,
    NeedsPerson,
    Overtaken,
    Withdrawn,
)
KINDS: Mapping[str, Any] = {each.kind: each for each in ERRORS}
"""Every error that a row can hold, by what it is stored as."""
KINDS_OF_0_1 = {
    "BridgeError": "other",
    "Refused": "refused",
    "Unavailable": "unavailable",
    "Unclear": "outcome_unknown",
    "Garbled": "malformed_reply",
    "Doubted": "refusal_unproven",
    "AccountFault": "account_fault",
    "NoFunds": "no_funds",
    "NeedsPerson": "needs_person",
}
"""What rows of 0.1 have instead: the name of a class of that time."""


def error_values(error: BridgeError | None) -> Any:
    if error is None:
        return None
    limit = {"limit": str(error.limit)} if isinstance(error, NeedsPerson) and error.limit else {}
    return {
        "kind": error.kind,
        "code": error.code,
        "detail": error.detail,
        "remote": error.remote,
        **limit,
    }


def error_columns(error: BridgeError | None) -> dict[str, Any]:
    """The columns of `jobs` that hold an error: whole, and its code by itself, for lists."""
    return {"error": error_values(error), "code": error and error.code}


def to_error(kept: Mapping[str, Any] | None) -> BridgeError | None:
    if kept is None:
        return None
    said: dict[str, Any] = {"code": kept["code"], "remote": kept["remote"]}
    kind = KINDS[kept["kind"] if "kind" in kept else KINDS_OF_0_1[kept["class"]]]
    if kind is RefusalUnproven:
        return RefusalUnproven(Refused(kept["detail"], **said))
    if kind is NeedsPerson:
        said["limit"] = to_limit(kept)
    error: BridgeError = kind(kept["detail"], **said)
    return error


def to_limit(error: Mapping[str, Any] | None) -> Limit | None:
    """What held a job, of its error as it is stored; None where nothing can be lifted."""
    named = (error or {}).get("limit")
    return Limit(named) if named else None


def to_limits(lifted: str | None) -> frozenset[Limit]:
    return frozenset(map(Limit, (lifted or "").split()))


def to_receipt(row: Row) -> Receipt:
    # What the last try met is told while the job waits because of it, and when it has ended.
    error = (
        row["error"]
        if row["status"] in ENDED or row["waiting_for"] in ("retry", "account")
        else None
    )
    extra = dict(row["extra"] or {})
    if row["intent"]["unknown"]:
        extra["unknown_fields"] = row["intent"]["unknown"]
    if "from_service_id" in row["intent"]:
        extra["from_service_id"] = row["intent"]["from_service_id"]
    return Receipt(
        job=row["id"],
        hook=row["hook_id"],
        action=row["action"],
        address=row["address"],
        service_id=row["service_id"],
        sequence=row["sequence"],
        status=Status(row["status"]),
        waiting_for=WaitingFor(row["waiting_for"]) if row["waiting_for"] else None,
        state=row["state"],
        changed=row["changed"],
        verified=row["verified"] or {},
        message=row["message"] or WAITING[row["waiting_for"]],
        error=error
        and {"code": error["code"], "message": CODES[error["code"]], **without_class(error)},
        finished_at=row["finished_at"],
        extra=extra,
    )


def without_class(error: Mapping[str, Any]) -> dict[str, Any]:
    shown = {"detail": error["detail"]}
    return shown | ({"remote": error["remote"]} if error["remote"] else {})
