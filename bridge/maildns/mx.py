"""Whether mail for a domain goes to its account's hosts. Pure."""

from collections.abc import Sequence

from bridge.maildns.expected import MX_OF, ExpectedDns, is_ours

Mx = tuple[int, str]
"""Preference and host; an empty host takes no mail (RFC 7505)."""


def mx_of(domain: str, wanted: ExpectedDns) -> str:
    documented = MX_OF.format(domain=domain)
    return documented if is_ours(documented, wanted) else wanted.hosts[0]


def mx_fault(found: Sequence[Mx], wanted: ExpectedDns) -> str:
    """What is wrong; empty where nothing is."""
    if not found:
        return "It has no MX record, so it receives no mail."
    ours = [preference for preference, host in found if is_ours(host, wanted)]
    foreign = sorted((preference, host) for preference, host in found if not is_ours(host, wanted))
    if not ours:
        return f"Its mail goes to another server: {foreign[0][1] or 'none'}."
    # The lowest number is tried first (RFC 5321, 5.1); with equal ones senders choose at random. A
    # foreign server behind ours is a backup, and no fault.
    if foreign and foreign[0][0] <= min(ours):
        return (
            f"Some of its mail goes to {foreign[0][1]}, which has the same or a higher "
            "priority. Remove that MX record."
        )
    return ""


def mx_from(values: Sequence[str]) -> tuple[Mx, ...]:
    """Of the texts of a reply, sorted."""
    pairs = (value.partition(" ") for value in values)
    return tuple(sorted((int(preference), host) for preference, _, host in pairs))
