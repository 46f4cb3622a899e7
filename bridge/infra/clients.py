"""Whose request it is: the one place that reads addresses of clients, whether a socket, a proxy
or a person wrote them."""

import re
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Client = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

UNKNOWN = "unknown"
"""How logs and counts name a client whose address nobody knows."""

_WITH_PORT = re.compile(r"(?:\[([^\[\]]+)\]|([0-9.]+))(?::[0-9]{1,5})?")
_KEPT = 64  # characters of a text whose address is kept: strangers choose the texts
_MAPPED = 96  # bits before the IPv4 address in ::ffff:0:0/96


def read(text: str) -> Client | None:
    """The address: plain, with a port, in brackets, with a zone, or IPv4 written as IPv6.

    None: it is no address.
    """
    return _read(text) if len(text) <= _KEPT else _read.__wrapped__(text)


@lru_cache(1024)
def _read(text: str) -> Client | None:
    text = text.strip(" \t")
    found = _WITH_PORT.fullmatch(text)
    try:
        address = ip_address((found[1] or found[2]) if found else text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        return address.ipv4_mapped or IPv6Address(
            int(address)
        )  # without the zone, which names a card of this machine
    return address


def of(peer: str, forwarded: str, trusted: Iterable[Network]) -> Client | None:
    """The nearest address that is not one of our own proxies; what lies behind it could be made up.

    `forwarded` is X-Forwarded-For, several headers joined by commas. None: the nearest one is no address (`unknown`).
    """
    trusted = tuple(trusted)
    client = read(peer)
    hops = [hop for hop in forwarded.split(",") if hop.strip(" \t")]
    while hops and within(client, trusted):
        client = read(hops.pop())
    return client


def within(client: Client | None, networks: Iterable[Network]) -> bool:
    """Whether it is in one of them; nobody is where the address is not known."""
    return client is not None and any(client in network for network in networks)


def named(client: Client | None) -> str:
    return UNKNOWN if client is None else str(client)


def counted_as(client: Client | None) -> str:
    """What is limited together: an address; of IPv6 the 64 bits that one customer is given."""
    return (
        str(IPv6Network((client, 64), strict=False))
        if isinstance(client, IPv6Address)
        else named(client)
    )


def network(text: str) -> Network:
    """A network or one address, as a person writes it.

    Raises ValueError with what to write instead.
    """
    if "%" in text:
        raise ValueError('has a zone ("%..."), which counts on one machine only; leave it out')
    try:
        found = ip_network(text, strict=False)
    except ValueError:
        raise ValueError(
            'must be a network such as "192.0.2.0/24" or one address, without a port'
        ) from None
    alone = ip_address(text.partition("/")[0])
    if alone != found.network_address:
        raise ValueError(
            f'has bits set after the prefix; write "{found}" for '
            f'the network, or "{alone}" for one address'
        )
    if (
        isinstance(found, IPv6Network)
        and found.prefixlen >= _MAPPED
        and (mapped := found.network_address.ipv4_mapped)
    ):
        return IPv4Network((mapped, found.prefixlen - _MAPPED))
    return found
