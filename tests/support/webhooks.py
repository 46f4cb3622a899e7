"""The sending side of platforms with webhooks of their own, written anew: what signs here shares
nothing with what verifies."""

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

from hooks.schemes import WEBHOOK_SCHEMES
from tests.support import example_shop

Sign = Callable[[bytes, int, str], dict[str, str]]


def digest(secret: str, *parts: bytes) -> bytes:
    return hmac.new(secret.encode(), b"".join(parts), hashlib.sha256).digest()


def stripe(body: bytes, time: int, secret: str) -> dict[str, str]:
    signature = digest(secret, f"{time}.".encode(), body).hex()
    return {"stripe-signature": f"t={time},v1={signature},v0=6ffbb59b2300aae63f272406069a9788"}


def paddle(body: bytes, time: int, secret: str) -> dict[str, str]:
    return {
        "paddle-signature": f"ts={time};h1={digest(secret, f'{time}:'.encode(), body).hex()}",
    }


def hostbill(body: bytes, time: int, secret: str) -> dict[str, str]:
    signature = digest(secret, str(time).encode(), body).hex()
    return {"hb-timestamp": str(time), "hb-signature": signature, "hb-hook": "7"}


def upmind(body: bytes, time: int, secret: str) -> dict[str, str]:
    return {"x-webhook-signature": digest(secret, body).hex()}


def woocommerce(body: bytes, time: int, secret: str) -> dict[str, str]:
    return {
        "x-wc-webhook-signature": base64.b64encode(digest(secret, body)).decode(),
        "x-wc-webhook-delivery-id": "1",
    }


SIGNERS: Mapping[str, Sign] = {
    "stripe": stripe,
    "paddle": paddle,
    "hostbill": hostbill,
    "upmind": upmind,
    "woocommerce": woocommerce,
}


def shop_signing_as(name: str) -> Any:
    """The shop of docs/platforms.md as a platform that signs by this row of the table."""
    return SimpleNamespace(**vars(example_shop) | {"SCHEME": WEBHOOK_SCHEMES[name]})
