"""What is answered, as JSON Schema: the receipt, the answer to each question, every problem."""

from collections.abc import Mapping
from typing import Any

from bridge.domain.errors import CODES
from bridge.domain.jobs import STATES, WaitingFor
from bridge.domain.model import Proof, State
from hooks.standard.schemas import ACTIONS

Described = dict[str, Any]

TEXT, FLAG, COUNT = {"type": "string"}, {"type": "boolean"}, {"type": "integer"}
TIME = {"type": "string", "format": "date-time"}
BYTES = {"type": "integer", "minimum": 0}
STATE = {"type": "string", "enum": [str(state) for state in State]}
CODE = {"type": "string", "enum": list(CODES)}
RECEIPT = {"$ref": "#/components/schemas/Receipt"}


def either(one: Mapping[str, Any], nothing: str = "null") -> Described:
    """This, or null."""
    shown = {**one, "type": [one["type"], nothing]}
    return shown | ({"enum": [*one["enum"], None]} if "enum" in one else {})


def table(required: Mapping[str, Any], **optional: Any) -> Described:
    return {"type": "object", "properties": {**required, **optional}, "required": list(required)}


def of_each(value: Mapping[str, Any]) -> Described:
    return {"type": "object", "additionalProperties": value}


def page_of(item: Mapping[str, Any]) -> Described:
    return table({"items": {"type": "array", "maxItems": 200, "items": item}, "next": either(TEXT)})


def receipt() -> Described:
    error = table({"code": CODE, "message": TEXT, "detail": TEXT}, remote=of_each(TEXT))
    return table(
        {
            "job": TEXT,
            "hook": TEXT,
            "action": {"type": "string", "enum": list(ACTIONS)},
            "address": TEXT,
            "service_id": TEXT,
            "sequence": {"type": "integer", "minimum": 1},
            "status": {"type": "string", "enum": list(STATES)},
            "waiting_for": {"enum": [*WaitingFor, None]},
            "state": STATE,
            "changed": FLAG,
            "verified": of_each({"type": "string", "enum": [str(proof) for proof in Proof]}),
            "message": TEXT,
            "error": either(error),
        },
        finished_at=TIME,
        delete_after=TIME,
        restored_at=TIME,
        observed_only=FLAG,
        plan={"type": "array"},
        would_be=TEXT,
        unknown_fields={"type": "array", "items": TEXT},
    )


def dismissal() -> Described:
    return table({"hook": TEXT, "status": {"const": "dismissed"}})


def answers() -> Mapping[str, Described]:
    """The `data` of each question's answer."""
    account = table({"reachable": FLAG, "problem": either(TEXT), "paused": either(TEXT)})
    plan = table({"quota_gb": COUNT})
    owned = {"address": TEXT, "service_id": TEXT}
    status = {
        **owned,
        "state": STATE,
        "recorded_state": STATE,
        "suspended_with": either(TEXT),
        "services": either(of_each(TEXT)),
        "quota_bytes": either(BYTES),
        "used_bytes": either(BYTES),
        "expires": either(TIME),
    }
    listed = {**owned, "customer_id": either(TEXT), "state": STATE, "quota_bytes": either(BYTES), "plan": either(TEXT)}
    times = {"created_at": either(TIME), "delete_after": either(TIME), "checked_at": either(TIME)}
    return {
        "connection.test": table({"version": TEXT, "clock_skew": COUNT, "account": account, "plans": of_each(plan)}),
        "mailbox.status": table(status),
        "mailbox.list": page_of(table({**listed, **times})),
        "mailbox.usage": table({}, used_bytes=BYTES, quota_bytes=BYTES),
        "mailbox.sign_in": table({"url": {"type": "string", "format": "uri"}}),
        "job": RECEIPT,
        "results": page_of(RECEIPT),
    }


def problem() -> Described:
    faults = of_each({"type": "array", "items": TEXT})
    return table({"type": TEXT, "title": TEXT, "status": COUNT, "detail": TEXT}, errors=faults, code=CODE)
