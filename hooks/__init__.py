"""The billing side of the wire.

Pure: bytes, keys and times go in; values or `hooks.errors` come out.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Protocol, runtime_checkable

from marshmallow import Schema

from hooks import fossbilling, paymenter, standard, stripe, whmcs
from hooks.schemes import WebhookScheme
from hooks.signing import decode_secret
from hooks.types import (
    ApiCall,
    EventMap,
    Ignored,
    Intent,
    Message,
    Question,
    Report,
    Verified,
    Withdrawal,
)

__all__ = [
    "PLATFORMS",
    "OurPlugin",
    "OwnWebhooks",
    "Platform",
    "SubscriptionApi",
    "Subscriptions",
    "connection_test",
    "key_of",
    "own_webhooks",
    "subscriptions",
]


class Platform(Protocol):
    """What a platform's folder offers. Its hooks are signed as the source's `signature` says, and
    their bodies are of our format.

    `read`, `withdraw` and `ask` raise only UnknownAction and Invalid.
    """

    @property
    def ACTIONS(self) -> Mapping[str, type[Schema]]: ...
    @property
    def QUESTIONS(self) -> Mapping[str, type[Schema]]: ...
    @property
    def WITHDRAWALS(self) -> Mapping[str, type[Schema]]: ...

    def read(self, message: Message, verified: Verified, /) -> Intent: ...
    def withdraw(self, message: Message, verified: Verified, /) -> Withdrawal: ...
    def ask(self, message: Message, verified: Verified, /) -> Question: ...
    def write(self, report: Report, /) -> bytes: ...
    def form(self, url: str, source: str, secret: str, /) -> Mapping[str, str]:
        """What to fill into the platform's own form, field by field; `url` is the bridge's,
        without a path."""


@runtime_checkable
class OwnWebhooks(Platform, Protocol):
    """What the folder of a platform offers besides, if it sends webhooks of its own."""

    @property
    def SCHEME(self) -> WebhookScheme:
        """How it signs. `signing.verify_webhook` verifies by this: nobody else makes a Verified."""

    def parse(self, verified: Verified, event_map: EventMap, /) -> Message | Ignored:
        """The event as a message of our format, its `type` one of ACTIONS, for `read`; or that it
        means nothing here. Raises only Malformed.

        Headers are not shown to it: they are not signed. `event_map` is the source's own.
        """


@runtime_checkable
class OurPlugin(Platform, Protocol):
    """What the folder of a platform offers besides, if a plug-in of ours is in it."""

    @property
    def CONNECTION_TEST(self) -> str:
        """How an admin starts the plug-in's connection test, as a sentence."""


def connection_test(platform: Platform) -> str:
    """How an admin starts it; empty if the platform has no plug-in of ours."""
    return platform.CONNECTION_TEST if isinstance(platform, OurPlugin) else ""


@runtime_checkable
class SubscriptionApi(Protocol):
    """What a platform's API is asked, as calls that somebody else makes and answers that he brings.

    A subscription is what the API calls so, as JSON. Whatever an answer holds, only ValueError
    comes out.
    """

    @property
    def ENDPOINT(self) -> str: ...
    @property
    def PREFIX(self) -> str:
        """Of the names under which the bridge writes its own notes: no field is read from there."""

    def check_key(self, key: str, /) -> None:
        """Raises ValueError for what can be no key; it does not repeat the key."""

    def is_live(self, key: str, /) -> bool: ...
    def check_secret(self, secret: str, /) -> None:
        """The same for the secret of its webhooks."""

    def look(self, service_id: str, key: str, /) -> ApiCall: ...
    def seen(self, body: bytes, /) -> Mapping[str, Any]:
        """The subscription of an answer to `look`."""

    def listing(self, after: str, key: str, /) -> ApiCall:
        """A page of all subscriptions, ended ones too; "" for the first."""

    def listed(self, body: bytes, /) -> tuple[Sequence[Mapping[str, Any]], str]:
        """The subscriptions of a page, and what to ask the next one with; "" where it was the
        last."""

    def note(self, service_id: str, notes: Mapping[str, str], key: str, /) -> ApiCall:
        """Writes these notes into a subscription; "" takes one away."""

    def may_write(self, key: str, /) -> ApiCall:
        """Changes nothing: 404 means that this key may write notes."""

    def status(self, subscription: Mapping[str, Any], /) -> str: ...
    def message(
        self, subscription: Mapping[str, Any], at: float, event_map: EventMap, /
    ) -> Message | Ignored:
        """What it says now, as an event of that time would."""


@runtime_checkable
class Subscriptions(OwnWebhooks, Protocol):
    """What the folder of a platform offers besides, if its events say the status of a subscription."""

    @property
    def FIELDS(self) -> Mapping[str, str]:
        """Which fields a map may have, and where each stands if it is not mapped; "": nowhere."""

    @property
    def STATUSES(self) -> Mapping[str, str]:
        """What each status means: ensure, nothing, suspend or terminate. `ensure` cannot be changed."""

    @property
    def api(self) -> SubscriptionApi: ...


def own_webhooks(platform: Platform) -> OwnWebhooks | None:
    """The platform, if it sends webhooks of its own; None if it speaks our format."""
    return platform if isinstance(platform, OwnWebhooks) else None


def subscriptions(platform: Platform) -> Subscriptions | None:
    """The platform, if its events say the status of a subscription."""
    return platform if isinstance(platform, Subscriptions) else None


def key_of(platform: Platform, secret: str) -> bytes:
    """The key in a secret of this platform, as an admin pastes it; ValueError tells the fault
    without repeating the secret."""
    own = own_webhooks(platform)
    return decode_secret(secret) if own is None else own.SCHEME.key(secret)


PLATFORMS: Mapping[str, Platform] = MappingProxyType(
    {
        "fossbilling": fossbilling,
        "paymenter": paymenter,
        "standard": standard,
        "stripe": stripe,
        "whmcs": whmcs,
    }
)
