"""Who sent this, and when? Standard Webhooks `v1` both ways, the same promise made with
itsdangerous, and the schemes of platforms with webhooks of their own.

Rule 1: nothing is parsed before its signature was right; `Verified` is made here and nowhere else.
Rule 2: whatever a stranger sends, only BadSignature or Stale comes out.

Times are epoch seconds that the caller passes in. `id.timestamp.body` cannot be read in two ways,
because neither an id nor a timestamp may hold a dot.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Literal, TypeAlias

from itsdangerous import BadData, Signer, base64_decode, base64_encode

from hooks import message, schemes
from hooks.errors import BadSignature, Malformed, Stale, Unsigned
from hooks.schemes import WebhookScheme
from hooks.types import Delivery, Verified

Key: TypeAlias = bytes  # a decoded secret, as `decode_secret` gives it
Scheme: TypeAlias = Literal["standard", "itsdangerous"]
_Fits: TypeAlias = Callable[[Key], bool]

WINDOW = 300  # seconds that a delivery's time may be off, either way
SALT = b"enom-bridge.hook"

_PREFIX = "whsec_"
_ID = re.compile(r"[A-Za-z0-9_:-]{1,128}")
_HEADERS = {
    "webhook-id": (_ID, "1 to 128 characters of A-Za-z0-9_:-"),
    "webhook-timestamp": (re.compile(r"[0-9]{1,12}"), "the seconds since 1970 of this attempt"),
    "webhook-signature": (re.compile(r"[ -~]{1,4096}"), "v1,<base64>, several separated by spaces"),
    "x-signature": (
        re.compile(r"([\w-]{1,12})\.([\w-]{43})", re.ASCII),
        "timestamp.signature of TimestampSigner",
    ),
}


def decode_secret(text: str) -> Key:
    """The key in `whsec_<base64>`; ValueError tells the fault without repeating the secret.

    The prefix is required.
    """
    if not text.startswith(_PREFIX):
        raise ValueError("a secret starts with whsec_; paste it whole, prefix included")
    try:
        key = base64.b64decode(text[len(_PREFIX) :], validate=True)
    except ValueError:
        raise ValueError(
            "after whsec_ comes standard base64; paste the secret whole, with its = signs"
        ) from None
    _check_length(key)
    return key


def new_secret(random: bytes) -> str:
    """`random` (24 to 64 bytes from a cryptographic source) in the form that `decode_secret`
    reads."""
    _check_length(random)
    return _PREFIX + base64.b64encode(random).decode()


def sign(id: str, timestamp: int, body: bytes, secret: Key) -> dict[str, str]:
    """The three headers of Standard Webhooks 1.0.0.

    ValueError for an id that no receiver of ours would take.
    """
    _check_id(id)
    signature = _standard_signature(id, str(timestamp), body, secret)
    return {"webhook-id": id, "webhook-timestamp": str(timestamp), "webhook-signature": signature}


def sign_itsdangerous(id: str, timestamp: int, body: bytes, secret: Key) -> dict[str, str]:
    """The two headers of the alternative scheme; the time travels inside `x-signature`.

    ValueError as in `sign`.
    """
    _check_id(id)
    time = base64_encode(timestamp.to_bytes((timestamp.bit_length() + 7) // 8, "big"))
    signature = _signer(secret).get_signature(_dotted(id, body, time))
    return {"webhook-id": id, "x-signature": b".".join((time, signature)).decode()}


def verify(delivery: Delivery, secrets: Sequence[Key], scheme: Scheme, now: float) -> Verified:
    """The delivery as one that a holder of a secret made within the last (or next) 300 s.

    Raises BadSignature or Stale and nothing else, whatever the headers and body hold. Every secret is tried, the one
    that fits is reported. Does *not* check whether the id was seen before, nor look into the body.
    """
    id = _header(delivery, "webhook-id").group()
    timestamp, fits = SCHEMES[scheme](delivery, id)
    index = _fitting(secrets, fits)
    _check_time(timestamp, now)
    return Verified(id, timestamp, delivery.body, index)


def verify_webhook(
    delivery: Delivery, keys: Sequence[Key], scheme: WebhookScheme, now: float
) -> Verified:
    """As `verify`, of a platform that signs its own way. Where it signs no time, a delivery is of
    the time when it came: whoever calls this must know the ids that came before.

    An event without an id in its body, or with one that is not plain, gets the digest of what was
    signed: a repetition of it is still known again.
    """
    claim = schemes.read(scheme, delivery)
    index = _fitting(
        keys,
        lambda key: _is_among(schemes.signature(scheme, claim.signed, key), claim.signatures),
    )
    if claim.time is not None:
        _check_time(claim.time, now)
    timestamp = int(now) if claim.time is None else claim.time
    id = f"sha256_{hashlib.sha256(claim.signed).hexdigest()}"
    verified = Verified(id, timestamp, delivery.body, index)
    return replace(verified, id=_event_id(verified, scheme.event_id) or id)


def _event_id(verified: Verified, field: str) -> str:
    """What the body itself, which is proved by now, calls its event; empty if that is no id."""
    try:
        found = message.read_object(verified).get(field) if field else None
    except Malformed:  # is refused when it is parsed
        return ""
    return found if isinstance(found, str) and _ID.fullmatch(found) else ""


def _fitting(keys: Sequence[Key], fits: _Fits) -> int:
    """Which key made the signature. Each is tried, also after one that fits."""
    fitting = [index for index, key in enumerate(keys) if fits(key)]
    if not fitting:
        raise BadSignature
    return fitting[0]


def _check_time(timestamp: int, now: float) -> None:
    if not abs(now - timestamp) <= WINDOW:
        raise Stale(
            f"Signed {abs(now - timestamp):.0f} s off this clock, {WINDOW} s are allowed. Set "
            "both clocks by NTP."
        )


def _standard(delivery: Delivery, id: str) -> tuple[int, _Fits]:
    time = _header(delivery, "webhook-timestamp").group()
    entries = _header(delivery, "webhook-signature").group().split(" ")[: schemes.MOST_ENTRIES]

    return int(time), lambda secret: _is_among(
        _standard_signature(id, time, delivery.body, secret), entries
    )


def _is_among(expected: str, entries: Sequence[str]) -> bool:
    # A list, not a generator: `any` would end at the first that fits, and its time would tell.
    return any([hmac.compare_digest(expected, entry) for entry in entries])


def _itsdangerous(delivery: Delivery, id: str) -> tuple[int, _Fits]:
    """TimestampSigner itself is not asked: max_age refuses a sender one second ahead, and
    OverflowError can come out."""
    time, signature = (part.encode() for part in _header(delivery, "x-signature").groups())
    signed = _dotted(id, delivery.body, time)
    try:
        timestamp = int.from_bytes(base64_decode(time), "big")
    except BadData:
        raise Unsigned("The time in x-signature is not URL-safe base64.") from None
    return timestamp, lambda secret: _signer(secret).verify_signature(signed, signature)


SCHEMES: Mapping[str, Callable[[Delivery, str], tuple[int, _Fits]]] = {
    "standard": _standard,
    "itsdangerous": _itsdangerous,
}


def _header(delivery: Delivery, name: str) -> re.Match[str]:
    pattern, form = _HEADERS[name]
    match = pattern.fullmatch(delivery.headers.get(name, ""))
    if match is None:
        raise Unsigned(f"The header {name} is missing or malformed. Send {form}.")
    return match


def _standard_signature(id: str, time: str, body: bytes, secret: Key) -> str:
    digest = hmac.digest(secret, _dotted(id, time.encode(), body), "sha256")
    return "v1," + base64.b64encode(digest).decode()


def _signer(secret: Key) -> Signer:
    return Signer(secret, salt=SALT, key_derivation="hmac", digest_method=hashlib.sha256)


def _dotted(id: str, *parts: bytes) -> bytes:
    return b".".join((id.encode(), *parts))


def _check_id(id: str) -> None:
    if not _ID.fullmatch(id):
        raise ValueError("a webhook-id is 1 to 128 characters of A-Za-z0-9_:-")


def _check_length(key: bytes) -> None:
    if not 24 <= len(key) <= 64:
        raise ValueError(
            f"a secret is 24 to 64 bytes before base64, this one is {len(key)}; make a new one"
        )
