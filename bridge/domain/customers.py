"""A domain is a customer's: what another customer of the same billing may be given in it without a
person. Pure.

Only customers that are known count: a mailbox whose customer nobody has told neither refuses nor
permits.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from bridge.domain.errors import NeedsPerson
from bridge.domain.model import Address, to_rfc3339

RESERVED = frozenset(
    {
        "postmaster",
        "hostmaster",
        "webmaster",
        "admin",
        "administrator",
        "abuse",
        "security",
        "ssl-admin",
        "root",
    }
)
"""Who reads the mail of one of these can get a certificate for the domain, or speak for it (RFC
2142)."""

REMEMBERED = 30 * 86400.0
"""Seconds that a domain stays its customer's after the last mailbox has gone."""

ANOTHERS, RESERVED_NAME = "domain_of_another", "reserved_name"
MOST = 3  # customers that are named


@dataclass(frozen=True)
class Presence:
    """What one customer has in a domain.

    `creates`: a creation is under way, so that nobody else may take it for empty. `gone_at` (epoch seconds): when the last
    of its mailboxes was seen to be gone.
    """

    customer_id: str
    has: bool = False
    creates: bool = False
    gone_at: float | None = None


def objection(
    customer_id: str,
    address: Address,
    present: Sequence[Presence],
    now: float,
    lifted: Collection[str] = (),
) -> NeedsPerson | None:
    """Why a person must look before this customer gets this address; None when nothing stands
    against it.

    `lifted`: codes that a person approved. Whoever agrees to another customer's domain has agreed to the name in it, too.
    """
    if ANOTHERS in lifted or any(each.has for each in present if each.customer_id == customer_id):
        return None
    reserved = address.local in RESERVED
    if theirs := others(customer_id, address.domain, present, now):
        besides = (
            f" {address.local} is also a name that proves control of a domain." if reserved else ""
        )
        text = (
            f"{theirs} This hook is for customer {customer_id}, who has no mailbox there.{besides}"
        )
        return NeedsPerson(text, code=ANOTHERS)
    if reserved and RESERVED_NAME not in lifted:
        return NeedsPerson(
            f"{address.local} is a name that proves control of a domain, for example to get a "
            "certificate, and customer "
            f"{customer_id} has no mailbox in {address.domain} yet.",
            code=RESERVED_NAME,
        )
    return None


def others(customer_id: str, domain: str, present: Sequence[Presence], now: float) -> str:
    """Whose the domain is, where it is another's; "" where it is not.

    The words name customers and no address.
    """
    having = sorted(
        each.customer_id
        for each in present
        if each.customer_id != customer_id and (each.has or each.creates)
    )
    if having:
        return f"{domain} has mailboxes of {named(having)}."
    gone = [(each.gone_at, each.customer_id) for each in present if each.gone_at is not None]
    # Of two that went at the same moment, the one that is this customer's own decides.
    at, last = max(
        gone, key=lambda each: (each[0], each[1] == customer_id), default=(0.0, customer_id)
    )
    if last == customer_id or at <= now - REMEMBERED:
        return ""
    return f"The last mailboxes of {domain}, deleted {to_rfc3339(at)}, belonged to customer {last}."


def named(customers: Sequence[str]) -> str:
    more = f" and {len(customers) - MOST} more" if len(customers) > MOST else ""
    return f"customer{'s' * (len(customers) > 1)} {', '.join(customers[:MOST])}{more}"
