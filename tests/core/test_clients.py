"""Addresses of clients, however they are written: read in one place, never an error, never a
proxy of ours for the client."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.infra import clients

TRUSTED = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))
IPV4 = st.ip_addresses(v=4)
IPV6 = st.ip_addresses(v=6).filter(
    lambda address: isinstance(address, IPv6Address) and address.ipv4_mapped is None
)
SPACES = st.text(" \t", max_size=3)
PORT = st.integers(0, 65535)


@st.composite
def written(
    draw: st.DrawFn, addresses: st.SearchStrategy[Any] = IPV4 | IPV6
) -> tuple[clients.Client, str]:
    """An address, and one of the ways in which proxies and sockets write it."""
    address = draw(addresses)
    if isinstance(address, IPv4Address):
        mapped = IPv6Address(0xFFFF_0000_0000 | int(address))
        forms = [
            f"{address}",
            f"{address}:{draw(PORT)}",
            f"::ffff:{address}",
            f"[::ffff:{address}]:{draw(PORT)}",
            f"{mapped}",
        ]
    else:
        long = address.exploded
        forms = [
            f"{address}",
            f"[{address}]",
            f"[{address}]:{draw(PORT)}",
            f"{address}%eth0",
            long,
            long.upper(),
        ]
    return address, draw(SPACES) + draw(st.sampled_from(forms)) + draw(SPACES)


@given(written())
def test_every_way_to_write_an_address_is_that_address(pair: tuple[clients.Client, str]) -> None:
    address, text = pair
    assert clients.read(text) == address


@given(st.text() | st.from_regex(r"\A[0-9a-f.:\[\]%/ ]{0,40}\Z"))
def test_whatever_is_written_is_an_address_or_none(text: str) -> None:
    found = clients.read(text)
    assert found is None or clients.read(str(found)) == found


NONE = [
    "", " ", "unknown", "_hidden", "<script>", "localhost", "203.0.113", "203.0.113.256", "203.0.113.5/32", "203.0.113.05",
    "203.0.113.5:", "203.0.113.5:x", "203.0.113.5:123456", "203.0.113.5%eth0", "[203.0.113.5", "2001:db8::7]", "[]", "[]:443",
    "[2001:db8::7]443", "[[2001:db8::7]]", "2001:db8:::7", "for=203.0.113.5", '"203.0.113.5"', "203.0.113.5, 203.0.113.6",
    "٢٠٣.0.113.5",
]  # fmt: skip


@pytest.mark.parametrize("text", NONE)
def test_what_is_no_address_is_none(text: str) -> None:
    assert clients.read(text) is None


@given(st.lists(written(), max_size=5), written(), st.text(max_size=30), st.integers(1, 3))
def test_the_client_is_the_nearest_that_is_not_a_proxy_of_ours(
    chain: list[tuple[clients.Client, str]],
    peer: tuple[clients.Client, str],
    made_up: str,
    headers: int,
) -> None:
    """Whatever stands behind it, and into however many headers a proxy put it."""
    hops = [*chain, peer]
    outer = [
        index for index, (address, _) in enumerate(hops) if not clients.within(address, TRUSTED)
    ]
    nearest = outer[-1] if outer else 0
    behind = made_up.replace(",", "") + "," if outer else ""
    forwarded = behind + ("," * headers).join(text for _, text in chain)
    assert clients.of(peer[1], forwarded, TRUSTED) == hops[nearest][0]


@given(st.text(max_size=60), written(st.just(IPv4Address("203.0.113.5"))))
def test_what_a_stranger_writes_changes_nothing(
    forwarded: str, peer: tuple[clients.Client, str]
) -> None:
    assert clients.of(peer[1], forwarded, TRUSTED) == peer[0]


@pytest.mark.parametrize("hop", ["unknown", "_hidden", "<script>", "203.0.113.5:x"])
def test_where_the_proxy_does_not_say_who_it_is_nobody_knows(hop: str) -> None:
    found = clients.of("10.0.0.1", f"203.0.113.5, {hop}", TRUSTED)
    assert (found, clients.named(found), clients.counted_as(found)) == (None, "unknown", "unknown")
    assert not clients.within(found, (ip_network("0.0.0.0/0"), ip_network("::/0")))


def test_of_ipv6_the_network_of_one_customer_is_counted() -> None:
    assert {clients.counted_as(clients.read(f"2001:db8::{tail}")) for tail in ("1", "2:3")} == {
        "2001:db8::/64"
    }
    assert clients.counted_as(clients.read("::ffff:203.0.113.5")) == "203.0.113.5"


NETWORKS = {
    "192.0.2.0/24": "192.0.2.0/24",
    "192.0.2.7": "192.0.2.7/32",
    "2001:db8::/32": "2001:db8::/32",
    "::ffff:192.0.2.0/120": "192.0.2.0/24",
    "::ffff:192.0.2.7": "192.0.2.7/32",
    "::/0": "::/0",
}


@pytest.mark.parametrize("text", NETWORKS)
def test_a_network_is_read_in_the_form_in_which_clients_are(text: str) -> None:
    assert clients.network(text) == ip_network(NETWORKS[text])


FAULTS = {
    "192.0.2.7/24": (
        'bits set after the prefix; write "192.0.2.0/24" for '
        'the network, or "192.0.2.7" for one address'
    ),
    "2001:db8::7/64": 'write "2001:db8::/64" for the network, or "2001:db8::7" for one address',
    "fe80::1%eth0": "zone",
    "fe80::%eth0/64": "zone",
    "192.0.2.7:443": "without a port",
    "[2001:db8::7]": "without a port",
    "all": "must be a network",
    "192.0.2.0/33": "must be a network",
}


@pytest.mark.parametrize("text", FAULTS)
def test_a_network_that_is_none_is_told_with_what_to_write(text: str) -> None:
    with pytest.raises(ValueError) as caught:
        clients.network(text)
    assert FAULTS[text] in str(caught.value)


@given(st.text() | st.from_regex(r"\A[0-9a-f.:%/]{0,40}\Z"))
def test_whatever_the_configuration_says_is_a_network_or_a_value_error(text: str) -> None:
    try:
        found = clients.network(text)
    except ValueError:
        return
    assert ip_address(found.network_address) in found
