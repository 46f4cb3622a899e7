"""The hosted-email API's bytes, both ways.

Pure. Whatever comes in, only a Result or MalformedReply comes out.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from bridge.backends.text import clean, line_and_column, mask_of, utf8_or_latin1
from bridge.domain.errors import MalformedReply
from bridge.domain.model import MAILBOX, Forwarding

SERVICES: Mapping[str, str] = MappingProxyType(
    {
        "imap": "service_imap4",
        "pop": "service_pop3",
        "receiving": "service_smtpin",
        "sending": "service_smtprelay",
        "webmail_sending": "service_smtprelay_webmail",
        "webmail": "service_webmail",
    }
)
"""Our word -> theirs.

The documents call smtpin sending; the control panel and its clients, receiving [I].
"""

DELETED = "deleted"
"""The status of a user that is kept for 30 days after its deletion [D]."""
CLIENT = "enom-bridge"
YES_OR_NO = {"true": True, "1": True, "false": False, "0": False, "": False}
STATES = frozenset({"enabled", "disabled", "suspended"})


@dataclass(frozen=True)
class User:
    """`quota` and `used` in bytes.

    `type` is mailbox, alias, forward or filter; where none is shown it is a mailbox [I]. `account`
    is the user's own name, which is not the one that was asked for where that is an alias.
    """

    services: Mapping[str, str]
    quota: int | None
    used: int | None
    type: str = MAILBOX
    account: str = ""
    made_at: float | None = None
    aliases: tuple[str, ...] | None = ()
    """As shown, whole addresses or local parts [I]. None: in a form that is not known, on which no
    look may fail; the same of `forwarding`."""
    forwarding: Forwarding | None = field(default_factory=Forwarding)


@dataclass(frozen=True)
class ListLine:
    """A line of a list: `status` and `type` in their words, "" where it shows none. `id`
    outlives a deletion."""

    local: str
    status: str
    type: str
    id: str = ""
    target: str = ""
    """Of an alias: the local part of the mailbox that it is a name of."""

    @property
    def is_mailbox(self) -> bool:
        """An alias is a name of one; a forward and a filter have no mail of their own."""
        return self.type in ("", MAILBOX)

    @property
    def deleted(self) -> bool:
        return self.status == DELETED

    @property
    def suspended(self) -> bool:
        """The platform says so where all of its services are [D]."""
        return self.status == "suspended"


@dataclass(frozen=True)
class Result:
    """One answer. `user` is None where the answer shows none, `number` and `total` where it gives
    none.

    `total` counts what there is of what `listed` shows a part of.
    """

    success: bool
    number: int | None = None
    text: str = ""
    user: User | None = None
    listed: tuple[ListLine, ...] = ()
    total: int | None = None
    token: str = field(default="", repr=False)
    role: str = ""
    """The caller's, where the answer about its company names it [I]."""
    largest: int | None = None
    """MB that the largest mailbox of a domain may have [D]."""
    changed_by: frozenset[str] = frozenset()
    """The programs that have changed a user, as they name themselves (`client`) [I]."""
    faulty: frozenset[str] = frozenset()
    """The fields that a no names as the reason."""


def encode(user: str, password: str, arguments: Mapping[str, Any]) -> bytes:
    credentials = {"user": user, "password": password, "client": CLIENT}
    return json.dumps({"credentials": credentials, **arguments}).encode()


def decode(body: bytes, secrets: Iterable[str] = ()) -> Result:
    """Reads an answer. `secrets` are values that no text of it may carry. Raises MalformedReply."""
    document = _object(_json(body))
    success = document.get("success")
    if success not in (True, False, 0, 1, "true", "false", "0", "1"):
        raise MalformedReply("The hosted-email answer does not say whether it succeeded.")
    yes = success in (True, 1, "true", "1")
    token, hints = document.get("token"), document.get("hints")
    attributes = document.get("attributes")
    attributes = attributes if isinstance(attributes, dict) else {}
    hints = hints if isinstance(hints, dict) else {}
    return Result(
        success=yes,
        number=_number(document.get("error_number")),
        text=_text(document.get("error"), hints, secrets),
        user=_user(document) if yes else None,
        listed=_listed(document) if yes else (),
        total=_number(document.get("total_count")) if yes else None,
        token=token if isinstance(token, str) else "",
        role=str(attributes.get("role") or "") if yes else "",
        largest=_number(attributes.get("quota_maximum")) if yes else None,
        changed_by=_changed_by(document) if yes else frozenset(),
        faulty=frozenset() if yes else frozenset(str(name)[:40] for name in hints),
    )


def _text(error: Any, hints: Mapping[str, Any], secrets: Iterable[str]) -> str:
    """What it says, and in brackets what is wrong with which field [D]."""
    said = error if isinstance(error, str) else ""
    why = "; ".join(
        f"{name}: {reason}" for name, reason in hints.items() if isinstance(reason, str)
    )
    if not said and not why:
        return ""  # as every yes: without the time that it takes to make a mask
    return clean(f"{said} ({why})" if why else said, mask_of(secrets))


def _json(body: bytes) -> Any:
    text = utf8_or_latin1(body).removeprefix("\ufeff").rstrip("\x00 \t\r\n")
    place = ""
    try:
        return json.loads(text, strict=False)  # a control character in a text can only be itself
    except json.JSONDecodeError as error:
        place = f" at {line_and_column(error.lineno, error.colno)}"
    except (ValueError, RecursionError):
        pass
    raise MalformedReply(f"The hosted-email answer is not JSON{place}.")


def _object(value: Any) -> Mapping[str, Any]:
    if isinstance(value, dict):
        return value
    raise MalformedReply("The hosted-email answer has an undocumented format.")


def _user(document: Mapping[str, Any]) -> User | None:
    """None without metadata: so the platform answers for a mailbox that could be made, but is
    not there [D]. One that is kept after its deletion is not there either."""
    if not document.get("metadata"):
        return None
    metadata = _object(document["metadata"])
    if _is_deleted(metadata):
        return None
    attributes = _object(document.get("attributes") or {})
    quota = _object(metadata.get("quota") or {})
    services = {
        ours: _state(attributes[theirs])
        for ours, theirs in SERVICES.items()
        if theirs in attributes
    }
    largest = _number(quota.get("bytes_max"))
    size = largest if largest is not None else _number(attributes.get("quota"))
    used, account = _number(quota.get("bytes_used")), str(attributes.get("account") or "").lower()
    made_at = _epoch(metadata.get("createtime"))
    aliases, forwarding = _texts(attributes.get("aliases")), _forwarding(attributes)
    kind = _type(document, attributes)
    return User(services, size, used, kind, account, made_at, aliases, forwarding)


def _forwarding(attributes: Mapping[str, Any]) -> Forwarding | None:
    """Its recipients may stay on record while it is off."""
    recipients = _texts(attributes.get("forward_recipients"))
    on = YES_OR_NO.get(str(attributes.get("delivery_forward") or "0").lower())
    keeps = YES_OR_NO.get(str(attributes.get("delivery_local", "1")).lower())
    if recipients is None or on is None or keeps is None:
        return None
    return Forwarding.of(recipients if on else (), keeps)


def _texts(value: Any) -> tuple[str, ...] | None:
    """Without any, the platform may show none or leave them out [I]. None for any other form."""
    texts = value or []
    if isinstance(texts, list) and all(isinstance(each, str) for each in texts):
        return tuple(texts)
    return None


def _is_deleted(shown: Mapping[str, Any]) -> bool:
    return str(shown.get("status") or "").lower() == DELETED


def _type(document: Mapping[str, Any], attributes: Mapping[str, Any]) -> str:
    shown = document.get("type") or attributes.get("type") or MAILBOX
    if isinstance(shown, str) and shown.lower().isascii() and shown.isalpha():
        return shown.lower()[:20]
    raise MalformedReply("The hosted-email answer shows a user of a type that is not documented.")


def _listed(document: Mapping[str, Any]) -> tuple[ListLine, ...]:
    rows = document.get("users") or ()
    if not isinstance(rows, list | tuple):
        raise MalformedReply("The hosted-email answer has an undocumented format.")
    return tuple(_line(_object(row)) for row in rows)


def _changed_by(document: Mapping[str, Any]) -> frozenset[str]:
    rows = document.get("changes")
    shown = (
        [row.get("application") for row in rows if isinstance(row, dict)]
        if isinstance(rows, list)
        else []
    )
    return frozenset(name for name in shown if isinstance(name, str))


def _line(row: Mapping[str, Any]) -> ListLine:
    user = row.get("user")
    local = user.partition("@")[0].lower() if isinstance(user, str) else ""
    if not local.isprintable():
        raise MalformedReply(
            "The hosted-email answer lists a mailbox under a name that cannot be read."
        )
    if not local:
        raise MalformedReply("The hosted-email answer lists a mailbox without its name.")
    id = row.get("id")
    kept = str(id)[:64] if isinstance(id, str | int) and not isinstance(id, bool) else ""
    target = str(row.get("alias_target") or "").partition("@")[0].lower()
    status, type = str(row.get("status") or "").lower(), str(row.get("type") or "").lower()
    return ListLine(local, status, type, kept, target)


def _state(value: Any) -> str:
    if isinstance(value, str) and value.lower() in STATES:
        return value.lower()
    raise MalformedReply(
        "The hosted-email answer shows a service in a state that is not documented."
    )


def _epoch(value: Any) -> float | None:
    """Seconds [I]; None for any other form of a time, on which no look may fail."""
    text = str(value)
    return float(text) if text.isascii() and text.isdigit() and len(text) < 12 else None


def _number(value: Any) -> int | None:
    """A whole number, also one in quotes; None when there is none."""
    if value is None or value == "":
        return None
    text = str(value)
    if (
        isinstance(value, int | str)
        and not isinstance(value, bool)
        and text.isascii()
        and text.isdigit()
    ):
        return int(text[:18])
    raise MalformedReply("The hosted-email answer has no number where one is expected.")
