"""How billing platforms sign webhooks of their own: a row each, and one function that reads a row.

Rule 1: whatever a stranger sends, only BadSignature comes out.
Rule 2: what a delivery is known by (its time, its id) is taken from what is signed, never from a
header beside it.

Each is an HMAC-SHA256 over the body, most with a time before it. Our own format is in `signing`.
"""

import base64
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from hooks.errors import Unsigned
from hooks.types import Delivery

MOST_ENTRIES = 16  # a sender that rotates keys sends two
SHORTEST = 16  # characters of a secret that is used as text

_VALUE = re.compile(r"[ -~]{1,4096}")
_TIME = re.compile(r"[0-9]{1,12}", re.ASCII)


def as_text(secret: str) -> bytes:
    """The key of a platform that uses its secret as it is written, whatever it begins with.

    ValueError tells the fault without repeating the secret.
    """
    if len(secret) < SHORTEST or secret != secret.strip() or not secret.isprintable():
        raise ValueError(
            f"must be the secret as the platform shows it, of {SHORTEST} characters or more, "
            "without a space before or after it"
        )
    return secret.encode()


@dataclass(frozen=True)
class WebhookScheme:
    """How one platform signs.

    `header` is the signature in `digits`; with `between`, a list of `name=value`, in which each
    entry called `signature` is one and the entry called `time` is the time. `time_header`: the time
    has a header of its own. What is signed is time, `join`, body; the body alone where there is no
    time. `event_id` is the field of the body that names the event; without one, what is signed
    names it. `key` makes the key of the secret that an admin pastes; ValueError if it cannot.
    """

    header: str
    digits: Callable[[bytes], str] = bytes.hex
    between: str = ""
    signature: str = ""
    time: str = ""
    time_header: str = ""
    join: bytes = b""
    event_id: str = ""
    key: Callable[[str], bytes] = as_text

    @property
    def timed(self) -> bool:
        return bool(self.time or self.time_header)


def in_base64(digest: bytes) -> str:
    return base64.b64encode(digest).decode()


WEBHOOK_SCHEMES: Mapping[str, WebhookScheme] = {
    "stripe": WebhookScheme(
        "stripe-signature",
        between=",",
        signature="v1",
        time="t",
        join=b".",
        event_id="id",
    ),
    "paddle": WebhookScheme(
        "paddle-signature",
        between=";",
        signature="h1",
        time="ts",
        join=b":",
        event_id="event_id",
    ),
    "hostbill": WebhookScheme("hb-signature", time_header="hb-timestamp"),
    "upmind": WebhookScheme("x-webhook-signature", event_id="webhook_event_id"),
    "woocommerce": WebhookScheme("x-wc-webhook-signature", in_base64),
}
"""By the platform that signs so; a folder of `hooks/` takes its row from here."""


@dataclass(frozen=True)
class Claim:
    """What the headers say of a delivery; nothing of it is proved. `time` in epoch seconds, None
    where the scheme has none."""

    time: int | None
    signed: bytes = field(repr=False)
    signatures: Sequence[str]


def read(scheme: WebhookScheme, delivery: Delivery) -> Claim:
    """Raises Unsigned."""
    value = _header(delivery, scheme.header, _VALUE)
    signatures, times = [value], []
    if scheme.between:
        entries = [entry.partition("=") for entry in value.split(scheme.between)[:MOST_ENTRIES]]
        signatures = [given for name, _, given in entries if name == scheme.signature]
        times = [given for name, _, given in entries if name == scheme.time]
    if scheme.time_header:
        times = [_header(delivery, scheme.time_header, _TIME)]
    if not signatures:
        raise Unsigned(f"The header {scheme.header} has no {scheme.signature}.")
    if not scheme.timed:
        return Claim(None, delivery.body, signatures)
    if len(times) != 1 or not _TIME.fullmatch(times[0]):  # of two, each reader could take another
        raise Unsigned(f"The header {scheme.header} has no time, or several.")
    signed = times[0].encode() + scheme.join + delivery.body
    return Claim(int(times[0]), signed, signatures)


def signature(scheme: WebhookScheme, signed: bytes, key: bytes) -> str:
    return scheme.digits(hmac.digest(key, signed, "sha256"))


def _header(delivery: Delivery, name: str, form: re.Pattern[str]) -> str:
    value = delivery.headers.get(name, "")
    if not form.fullmatch(value):
        raise Unsigned(f"The header {name} is missing or malformed.")
    return value
