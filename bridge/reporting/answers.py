"""What senders and receivers are told as JSON. One class makes it and describes it in
`/openapi.json`.

Rule 1: what leaves is what `dump` lets through, so no field can be sent that is not described.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from marshmallow import EXCLUDE, Schema
from marshmallow.fields import Boolean, Dict, Field, Integer, List, Nested, String
from marshmallow.validate import Equal, Length, OneOf, Range

from bridge.domain.errors import CODES
from bridge.domain.jobs import STATES, WaitingFor
from bridge.domain.model import Proof, State
from hooks.standard.schemas import ACTIONS, NATIVE

PLAIN: Mapping[type, type] = {String: str, Integer: int, Boolean: bool}

PAGE = 200
"""Rows of a list at a time, at most."""


class Answer(Schema):
    """What is `required` is always there.

    Fields may be added, so nobody has to refuse one that is not described.
    """

    class Meta:
        unknown = EXCLUDE


def _text(*choices: str, required: bool = True, null: bool = False) -> String:
    """One of `choices`, if there are any."""
    one_of = OneOf(choices) if choices else None
    return String(required=required, allow_none=null, validate=one_of)


def _time(*, required: bool = True, null: bool = False) -> String:
    """In RFC 3339, in UTC."""
    return String(required=required, allow_none=null, metadata={"format": "date-time"})


def _bytes(*, required: bool = True, null: bool = False) -> Integer:
    return Integer(required=required, allow_none=null, validate=Range(min=0))


class PublicError(Answer):
    """An error as a receiver of callbacks is told it: nothing that Enom said."""

    code = _text(*CODES)
    message = _text()
    detail = _text(required=False)


class StaffError(PublicError):
    detail = _text()
    remote = Dict(String(), String())


class WouldBe(Answer):
    """In observe mode: how the job would have ended."""

    status = _text("failed", "held")
    code = _text(*CODES)
    detail = _text()


class ServiceMailbox(Answer):
    """Of a job of a whole service: how one of its mailboxes stands."""

    address = _text()
    job = _text()
    status = _text(*STATES)
    state = _text(*State)
    error = Nested(StaffError, required=True, allow_none=True)


class ToldMailbox(ServiceMailbox):
    error = Nested(PublicError, required=True, allow_none=True)


class Receipt(Answer):
    job = _text()
    hook = _text()
    action = _text(*dict.fromkeys((*ACTIONS, *NATIVE)))
    address = _text(required=False)
    service_id = _text()
    sequence = Integer(required=True, validate=Range(min=1))
    status = _text(*STATES)
    waiting_for = _text(*WaitingFor, null=True)
    state = _text(*State)
    changed = Boolean(required=True)
    verified = Dict(String(), _text(*Proof), required=True)
    message = _text()
    error = Nested(StaffError, required=True, allow_none=True)
    finished_at = _time(required=False)
    delete_after = _time(required=False)
    restored_at = _time(required=False)
    observed_only = Boolean()
    plan = List(Dict(String()))
    would_be = Nested(WouldBe)
    first_password = Boolean()
    unknown_fields = List(String())
    from_service_id = _text(required=False)
    mailboxes = List(Nested(ServiceMailbox))


class CallbackData(Receipt):
    """How a job ended. The callback's type says the status."""

    class Meta(Answer.Meta):
        exclude = ("status", "waiting_for")

    error = Nested(PublicError, required=True, allow_none=True)
    mailboxes = List(Nested(ToldMailbox))
    password_link = String(metadata={"format": "uri"})


class NearlyFullData(Answer):
    """A mailbox is nearly full: an event that a source has to ask for in the configuration."""

    address = _text()
    service_id = _text()
    plan = _text(null=True)
    used_bytes = _bytes()
    quota_bytes = _bytes()
    percent = Integer(required=True, validate=Range(min=0))
    threshold = Integer(required=True, validate=Range(min=1, max=100))


class Dismissal(Answer):
    hook = _text()
    status = String(required=True, validate=Equal("dismissed"))


class Ignored(Answer):
    """Of a platform with webhooks of its own: an event that means nothing to the bridge."""

    status = String(required=True, validate=Equal("ignored"))


class Problem(Answer):
    """RFC 9457.

    `errors`: the faults of each field. `code`: why Enom did not do it, or what has been stopped.
    """

    type = _text()
    title = _text()
    status = Integer(required=True)
    detail = _text()
    errors = Dict(String(), List(String()))
    code = _text(*CODES, "suspensions_stopped", required=False)


class Alive(Answer):
    status = String(required=True, validate=Equal("alive"))


class Ready(Answer):
    ready = Boolean(required=True)
    reasons = List(String(), required=True)


class AccountAnswer(Answer):
    reachable = Boolean(required=True)
    problem = _text(null=True)
    paused = _text(null=True)


class PlanAnswer(Answer):
    quota_gb = Integer(required=True)


class ConnectionTestAnswer(Answer):
    version = _text()
    clock_skew = Integer(required=True)
    account = Nested(AccountAnswer, required=True)
    plans = Dict(String(), Nested(PlanAnswer), required=True)


class ReceivesMail(Answer):
    """What DNS says of the mailbox's domain. `records`: what to set there."""

    status = _text("ready", "not_ready", "unknown")
    reason = _text()
    records = List(String(), required=True)
    checked_at = _time()


class ForwardingAnswer(Answer):
    """Empty `forward_to`: off."""

    forward_to = List(String(), required=True)
    keep_copy = Boolean(required=True)


class Names(Answer):
    """Aliases and forwarding of a mailbox, wherever one is shown; null: not known."""

    aliases = List(String(), required=True, allow_none=True)
    forwarding = Nested(ForwardingAnswer, required=True, allow_none=True)


class MailboxStatusAnswer(Names):
    address = _text()
    service_id = _text()
    state = _text(*State)
    recorded_state = _text(*State)
    suspended_with = _text(null=True)
    services = Dict(String(), String(), required=True, allow_none=True)
    quota_bytes = _bytes(null=True)
    used_bytes = _bytes(null=True)
    expires = _time(null=True)
    receives_mail = Nested(ReceivesMail, required=True, allow_none=True)


class MailboxListed(Names):
    address = _text()
    service_id = _text()
    customer_id = _text(null=True)
    state = _text(*State)
    quota_bytes = _bytes(null=True)
    created_at = _time(null=True)
    delete_after = _time(null=True)
    checked_at = _time(null=True)
    plan = _text(null=True)


class MailboxListAnswer(Answer):
    items = List(Nested(MailboxListed), required=True, validate=Length(max=PAGE))
    next = _text(null=True)


class ServiceMailboxListed(Names):
    """As recorded. `used_bytes`: as `mailbox.usage` or `mailbox.status` last read them."""

    address = _text()
    state = _text(*State)
    plan = _text(null=True)
    quota_bytes = _bytes(null=True)
    used_bytes = _bytes(null=True)
    used_at = _time(null=True)
    delete_after = _time(null=True)
    checked_at = _time(null=True)


class ServiceMailboxesAnswer(Answer):
    """The mailboxes of one service. `seats`: how many it may have, null if none were sold."""

    service_id = _text()
    seats = Integer(required=True, allow_none=True, validate=Range(min=1))
    used = Integer(required=True, validate=Range(min=0))
    suspended = Boolean(required=True)
    items = List(Nested(ServiceMailboxListed), required=True, validate=Length(max=PAGE))
    next = _text(null=True)


class MailboxUsageAnswer(Answer):
    """Sizes in bytes. What Enom does not show is left out."""

    used_bytes = _bytes(required=False)
    quota_bytes = _bytes(required=False)


class SignInAnswer(Answer):
    url = String(required=True, metadata={"format": "uri"})


class DnsRecord(Answer):
    """One record that a domain's mail needs. `value`: what to set, by whom: `set_by`."""

    purpose = _text("mx", "spf", "dkim", "dmarc", "autodiscovery")
    type = _text()
    name = _text()
    value = _text(null=True)
    found = List(String(), required=True)
    state = _text("ok", "missing", "wrong", "advised", "unknown")
    reason = _text()
    set_by = _text("dns", "provider", null=True)


class DomainReadinessAnswer(Answer):
    """Whether mail of a domain works, as its DNS says."""

    domain = _text()
    receives = _text("ready", "not_ready", "unknown")
    sends = _text("ready", "not_ready", "unknown")
    records = List(Nested(DnsRecord), required=True)
    name_servers = List(String(), required=True)
    checked_at = _time()


class ResultsAnswer(Answer):
    items = List(Nested(Receipt), required=True, validate=Length(max=PAGE))
    next = _text(null=True)


ANSWERS: Mapping[str, type[Answer]] = {
    "connection.test": ConnectionTestAnswer,
    "mailbox.status": MailboxStatusAnswer,
    "mailbox.list": MailboxListAnswer,
    "mailbox.usage": MailboxUsageAnswer,
    "mailbox.sign_in": SignInAnswer,
    "service.mailboxes": ServiceMailboxesAnswer,
    "domain.readiness": DomainReadinessAnswer,
    "job": Receipt,
    "results": ResultsAnswer,
}
"""The `data` of each query's answer."""


def dump(schema: type[Answer], content: Mapping[str, Any]) -> dict[str, Any]:
    """As JSON: what the schema knows, and nothing else."""
    shown: dict[str, Any] = {}
    for name, field, plain in _fields(schema):
        if name in content:
            value = content[name]
            as_it_is = value is None or type(value) is plain
            shown[name] = value if as_it_is else field.serialize(name, content)
    return shown


@cache
def _fields(schema: type[Answer]) -> Sequence[tuple[str, Field[Any], type | None]]:
    """Each field that is shown, and of which type a value is that it would show as it is: most are,
    and to ask the field for each of them costs more than all the rest.
    """
    # Once: making a schema copies all of its fields.
    shown = schema().dump_fields.items()
    return [(name, field, PLAIN.get(type(field))) for name, field in shown]
