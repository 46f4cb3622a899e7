"""The billing side of the wire.

Pure: bytes, keys and times go in; values or `hooks.errors` come out.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol, runtime_checkable

from marshmallow import Schema

from hooks import fossbilling, paymenter, standard, whmcs
from hooks.schemes import WebhookScheme
from hooks.signing import decode_secret
from hooks.types import Ignored, Intent, Message, Question, Report, Verified, Withdrawal

__all__ = [
    "PLATFORMS",
    "OurPlugin",
    "OwnWebhooks",
    "Platform",
    "connection_test",
    "key_of",
    "own_webhooks",
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

    def parse(self, verified: Verified, /) -> Message | Ignored:
        """The event as a message of our format, its `type` one of ACTIONS, for `read`; or that it
        means nothing here. Raises only Malformed.

        Headers are not shown to it: they are not signed.
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


def own_webhooks(platform: Platform) -> OwnWebhooks | None:
    """The platform, if it sends webhooks of its own; None if it speaks our format."""
    return platform if isinstance(platform, OwnWebhooks) else None


def key_of(platform: Platform, secret: str) -> bytes:
    """The key in a secret of this platform, as an admin pastes it; ValueError tells the fault
    without repeating the secret."""
    own = own_webhooks(platform)
    return decode_secret(secret) if own is None else own.SCHEME.key(secret)


PLATFORMS: Mapping[str, Platform] = MappingProxyType(
    {"fossbilling": fossbilling, "paymenter": paymenter, "standard": standard, "whmcs": whmcs}
)
