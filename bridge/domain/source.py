"""One billing system as the running bridge knows it: how its hooks are verified, what it may
touch, where it is called back."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from bridge.domain.model import Address
from hooks import (
    OwnWebhooks,
    Platform,
    Subscriptions,
    message,
    own_webhooks,
    signing,
    subscriptions,
)
from hooks.errors import HookError
from hooks.types import Delivery, EventMap, Ignored, Message, Verified

ANY = "*"


class Forbidden(HookError):
    """This source may not touch this mail domain."""

    status = 403


@dataclass(frozen=True)
class CallbackEndpoint:
    """Where a source hears from us.

    No url: nothing is sent, and the platform asks for `results`.
    """

    url: str
    secret: bytes = field(repr=False)


@dataclass(frozen=True)
class ApiAccess:
    """How a platform is asked and written to in the name of a source. No endpoint: it is not."""

    endpoint: str = ""
    key: str = field(default="", repr=False)


@dataclass(frozen=True)
class Source:
    """`account` is a name. `secrets` are keys, the oldest first; `domains` in A-labels, or "*"
    for any.

    Without `allow_from` its hooks may come from everywhere. `scheme` is how our format is signed,
    and means nothing to a platform that sends webhooks of its own.
    """

    name: str
    platform: Platform
    account: str
    secrets: Sequence[bytes] = field(repr=False)
    scheme: signing.Scheme
    domains: frozenset[str]
    callback: CallbackEndpoint
    allow_from: Sequence[IPv4Network | IPv6Network] = ()
    event_map: EventMap = field(default_factory=EventMap)
    api: ApiAccess = field(default_factory=ApiAccess)

    def admits(self, client: IPv4Address | IPv6Address | None) -> bool:
        """Whether hooks may come from there. An address that nobody knows is in no network."""
        return not self.allow_from or (
            client is not None and any(client in network for network in self.allow_from)
        )

    @cached_property
    def own_webhooks(self) -> OwnWebhooks | None:
        """Asked once: to compare with a protocol takes longer than to read a hook."""
        return own_webhooks(self.platform)

    @cached_property
    def subscriptions(self) -> Subscriptions | None:
        """The platform, where its events say a status and it can be asked."""
        return subscriptions(self.platform)

    def verify(self, delivery: Delivery, now: float) -> Verified:
        """Raises BadSignature or Stale."""
        if (own := self.own_webhooks) is not None:
            return signing.verify_webhook(delivery, self.secrets, own.SCHEME, now)
        return signing.verify(delivery, self.secrets, self.scheme, now)

    def parse(self, verified: Verified) -> Message | Ignored:
        """Raises Malformed. Only a platform with webhooks of its own has something to ignore."""
        if (own := self.own_webhooks) is not None:
            message.check_text(verified)
            return own.parse(verified, self.event_map)
        return message.read_message(verified)

    def may_touch(self, domain: str) -> bool:
        return ANY in self.domains or domain in self.domains

    def permit(self, address: str) -> None:
        """Raises Forbidden where the configuration does not give this source the address's
        domain."""
        self.permit_domain(Address.parse(address).domain)

    def permit_domain(self, domain: str) -> None:
        if not self.may_touch(domain):
            raise Forbidden(
                "This source may not use this mail domain. Add it to the source's `domains` in "
                "bridge.toml."
            )
