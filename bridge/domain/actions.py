"""What each hook wants to be true. One line of ACTIONS is one action; a hook says what should be,
never what to do.

An action is pure: from the intent, the mailbox as seen and the bridge's own record it gives the
desired mailbox, or raises Refused or NeedsPerson when no plan could make it so.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bridge.domain.aliases import (
    Surroundings,
    own_names,
    refuse_own,
    refuse_ring,
    refuse_taken,
)
from bridge.domain.errors import Limit, NeedsPerson, Refused
from bridge.domain.model import (
    ALIAS,
    MAILBOX,
    Desired,
    Fact,
    Forwarding,
    Mailbox,
    Record,
    Terms,
    to_rfc3339,
)
from bridge.domain.plan import is_suspended
from hooks.types import Intent


@dataclass(frozen=True)
class Request:
    """An intent with what only the bridge knows about it: who sent it, when, and the keyed
    digest of its password."""

    source: str
    intent: Intent
    password_digest: str | None
    now: float
    purge: bool = False
    around: Surroundings = field(default_factory=Surroundings)
    """Other mailboxes, as far as aliases and forwarding need them."""
    customer_id: str | None = None
    """The mailbox's customer, as this source's own hooks told it."""
    creating: bool = False
    """A creation was sent for this hook, so what is there may be of its making."""


Action = Callable[[Request, Mailbox, Record, Terms], Desired]


def create(wish: Request, seen: Mailbox, record: Record, terms: Terms) -> Desired:
    if seen.exists:
        require_owner(wish, seen, record)
        refuse_foreign_suspension(seen, record)
    require_confirmed_domain(wish, seen, terms)
    quota = None
    if wish.intent.plan is not None:
        size = plan_size(wish.intent.plan, terms)
        quota = size if terms.hosted_email else None
    if wish.intent.password is None:
        raise Refused(
            "The password of this hook has been wiped. Send the hook again with a password.",
            code="password_needed",
        )
    return Desired(
        exists=True,
        suspended=False,
        password=wish.intent.password,
        password_digest=wish.password_digest,
        display_name=wish.intent.display_name,
        quota=quota,
    )


def suspend(wish: Request, seen: Mailbox, record: Record, terms: Terms) -> Desired:
    require_mailbox(wish, seen, record)
    if terms.suspend_with == "refuse":
        raise Refused('The account is configured with suspend_with = "refuse".', code="unsupported")
    return Desired(suspended=True)


def unsuspend(wish: Request, seen: Mailbox, record: Record, terms: Terms) -> Desired:
    require_mailbox(wish, seen, record)
    if terms.suspend_with == "refuse" and record.suspended_with is None:
        raise Refused('The account is configured with suspend_with = "refuse".', code="unsupported")
    if record.suspended_with == "lock-out" and wish.intent.password is None:
        raise Refused(
            (
                "The mailbox is suspended with a random password (lock-out); the hook must bring a "
                "new password."
            ),
            code="password_needed",
        )
    refuse_foreign_suspension(seen, record)
    return Desired(
        suspended=False, password=wish.intent.password, password_digest=wish.password_digest
    )


def terminate(wish: Request, seen: Mailbox, record: Record, terms: Terms) -> Desired:
    if not seen.exists:
        return Desired(exists=False)
    require_owner(wish, seen, record)
    if wish.purge and record.delete_after is None:
        return Desired()  # the customer came back within the grace
    if terms.grace and not wish.purge:
        return Desired(suspended=True, delete_after=record.delete_after or wish.now + terms.grace)
    return Desired(exists=False)


def change_password(wish: Request, seen: Mailbox, record: Record, terms: Terms) -> Desired:
    require_mailbox(wish, seen, record)
    if record.suspended_with == "lock-out":
        raise Refused(
            (
                "The mailbox is suspended (lock-out), and a new password would reactivate it. "
                "Unsuspend it first."
            ),
            code="conflict",
        )
    if wish.intent.password is None:
        raise Refused(
            "The password of this hook has been wiped. Send the hook again with a password.",
            code="password_needed",
        )
    return Desired(password=wish.intent.password, password_digest=wish.password_digest)


def change_plan(wish: Request, seen: Mailbox, record: Record, terms: Terms) -> Desired:
    require_mailbox(wish, seen, record)
    size = plan_size(wish.intent.plan or "", terms)
    if not terms.hosted_email:
        raise Refused(
            "Changing a plan needs [accounts.….hosted_email] in the configuration.",
            code="unsupported",
        )
    return Desired(quota=size)


def renew(wish: Request, seen: Mailbox, record: Record, terms: Terms) -> Desired:
    require_mailbox(wish, seen, record)
    paid = terms.products.paid_until(seen)
    return Desired(until=None if paid is None else wish.intent.until)


def set_aliases(wish: Request, seen: Mailbox, record: Record, terms: Terms) -> Desired:
    require_mailbox(wish, seen, record)
    require_shown(terms, "Aliases", seen.aliases)
    aliases = wish.intent.aliases or ()
    refuse_taken(wish.source, aliases, wish.around)
    own = own_names(wish.intent.address, aliases)
    refuse_own(own, seen.forwarding)
    refuse_ring(own, record.forwarding, wish.around.neighbours)
    return Desired(aliases=aliases)


def set_forwarding(wish: Request, seen: Mailbox, record: Record, terms: Terms) -> Desired:
    require_mailbox(wish, seen, record)
    require_shown(terms, "Forwarding", seen.forwarding)
    wanted = Forwarding.of(wish.intent.forward_to or (), wish.intent.keep_copy)
    own = own_names(wish.intent.address, seen.aliases, record.aliases)
    refuse_own(own, wanted)
    refuse_ring(own, wanted, wish.around.neighbours)
    return Desired(forwarding=wanted)


def change_service(wish: Request, seen: Mailbox, record: Record, terms: Terms) -> Desired:
    """It is of this service instead of another one of the same source; nothing of it is changed."""
    if not seen.exists:
        raise Refused("The mail provider does not list this mailbox.", code="not_found")
    refuse_grace(record)
    if record.owned_by(wish.source, wish.intent.from_service_id or ""):
        require_type(seen)
        refuse_other_customer(wish)
    else:
        require_owner(wish, seen, record)
    return Desired(exists=True)


def ensure(wish: Request, seen: Mailbox, record: Record, terms: Terms) -> Desired:
    """It is there, active, and of this plan. Its password is given only to what has none yet."""
    if seen.exists:
        if not takes_over(wish, record):
            require_owner(wish, seen, record)
        require_type(seen)
        refuse_foreign_suspension(seen, record)
        refuse_suspension_of_others(wish, seen, record, terms)
    require_confirmed_domain(wish, seen, terms)
    plan = wish.intent.plan
    size = plan_size(plan, terms) if plan is not None else None
    without = wish.creating and record.password_digest is None
    new = not seen.exists or without or record.suspended_with == "lock-out"
    return Desired(
        exists=True,
        suspended=False,
        password=wish.intent.password if new else None,
        password_digest=wish.password_digest if new else None,
        quota=size if terms.hosted_email else None,
    )


ACTIONS: Mapping[str, Action] = {
    "mailbox.create": create,
    "mailbox.ensure": ensure,
    "mailbox.suspend": suspend,
    "mailbox.unsuspend": unsuspend,
    "mailbox.terminate": terminate,
    "mailbox.change_password": change_password,
    "mailbox.change_plan": change_plan,
    "mailbox.renew": renew,
    "mailbox.set_aliases": set_aliases,
    "mailbox.set_forwarding": set_forwarding,
    "mailbox.change_service": change_service,
}


CREATES = ("mailbox.create", "mailbox.ensure")
"""Those that make a mailbox where there is none."""
GAINS = frozenset({*CREATES, "mailbox.change_service"})
"""Those after which a service may have one mailbox more."""
PLACE_ACTIONS = frozenset({*CREATES, "mailbox.terminate", "mailbox.renew", "mailbox.set_aliases"})
"""Those that may take, give back or pay for a place or an address of a domain, at one backend or
another."""


def decides(action: str, *, password: bool = False) -> frozenset[Fact]:
    """The facts that a hook of this action decides. `password`: whether an unsuspend brings one."""
    match action:
        case "mailbox.create":
            return frozenset({Fact.EXISTENCE, Fact.SUSPENSION, Fact.PASSWORD, Fact.PLAN})
        case "mailbox.ensure":
            return frozenset({Fact.EXISTENCE, Fact.SUSPENSION, Fact.PLAN})
        case "mailbox.suspend":
            return frozenset({Fact.SUSPENSION})
        case "mailbox.unsuspend":
            return (
                frozenset({Fact.SUSPENSION, Fact.PASSWORD})
                if password
                else frozenset({Fact.SUSPENSION})
            )
        case "mailbox.terminate":
            return frozenset(Fact)
        case "mailbox.change_service":
            return frozenset({Fact.EXISTENCE})
        case "mailbox.change_password":
            return frozenset({Fact.PASSWORD})
        case "mailbox.change_plan":
            return frozenset({Fact.PLAN})
        case "mailbox.renew":
            return frozenset({Fact.EXPIRY})
        case "mailbox.set_aliases":
            return frozenset({Fact.ALIASES})
        case "mailbox.set_forwarding":
            return frozenset({Fact.FORWARDING})
    raise KeyError(action)


def require_owner(wish: Request, seen: Mailbox, record: Record) -> None:
    require_type(seen)
    if record.owned_by(wish.source, wish.intent.service_id):
        return
    refuse_grace(record)
    # One source learns nothing of another's services.
    others = {None: "no known service", wish.source: f"service {record.service_id}"}
    owner = others.get(record.source, "another source")
    raise Refused(f"The mailbox exists and belongs to {owner}.", code="not_ours")


def refuse_grace(record: Record) -> None:
    if record.delete_after is not None and record.source is not None:
        raise Refused(
            (
                "The mailbox of a terminated service is kept until "
                f"{to_rfc3339(record.delete_after)} (safety.terminate_grace_days)."
            ),
            code="conflict",
        )


def refuse_other_customer(wish: Request) -> None:
    told, known = wish.intent.customer_id, wish.customer_id
    if told is not None and known is not None and told != known:
        raise Refused(
            f"The mailbox is of customer {known}, and the service is to be of customer {told}. A "
            "mailbox changes its service within one customer only.",
            code="conflict",
        )


def takes_over(wish: Request, record: Record) -> bool:
    """Whether this is the mailbox of another subscription of the same customer, whose new one takes
    its place."""
    customer = wish.intent.customer_id
    return (
        record.source == wish.source
        and record.service_id != wish.intent.service_id
        and customer is not None
        and customer == wish.customer_id
    )


def refuse_suspension_of_others(wish: Request, seen: Mailbox, record: Record, terms: Terms) -> None:
    """A status says nothing of what somebody else suspended for."""
    ours = record.suspended_with is None or record.suspended_by == wish.source
    parts = "suspended" in (seen.services or {}).values()
    if not ours and (parts or is_suspended(seen, record, terms)):
        raise NeedsPerson(
            "The mailbox is suspended, and not by a status of this source: it stays so. Unsuspend it "
            "at the mail provider, then retry.",
            code="conflict",
        )


def require_confirmed_domain(wish: Request, seen: Mailbox, terms: Terms) -> None:
    """Of a domain that is not there yet nobody can tell whose it is: whoever gets its first
    mailbox has it."""
    if (
        seen.domain_missing
        and not wish.intent.domain_confirmed
        and Limit.DOMAIN_OF_ANOTHER not in terms.lifted
    ):
        raise NeedsPerson(
            f"{seen.address.domain} is no mail domain yet, and would be made for this customer "
            "(create_domains). Check that "
            "the domain is the customer's.",
            code="domain_of_another",
        )


def require_type(seen: Mailbox) -> None:
    """What has the address and is no mailbox is not the service's, whatever is on record: it is
    left alone."""
    if seen.exists and seen.type == ALIAS:
        raise Refused(
            f"{seen.address} is no mailbox there, but of type alias, a name of another mailbox: it "
            "is left as it is. Remove it there (mailbox.set_aliases), or choose another address.",
            code="conflict",
        )
    if seen.exists and seen.type != MAILBOX:
        raise Refused(
            f"{seen.address} is no mailbox there, but of type {seen.type}: it is left as it is.",
            code="conflict",
        )


def require_shown(terms: Terms, what: str, now: object) -> None:
    """What no read shows could never be proved to be done."""
    if not terms.hosted_email:
        raise Refused(
            f"{what} can be set with hosted email only: set [accounts.….hosted_email] in the "
            "configuration.",
            code="unsupported",
        )
    if now is None:
        raise Refused(
            f"{what} cannot be set: the mail provider does not show it in a form that is known.",
            code="unsupported",
        )


def require_mailbox(wish: Request, seen: Mailbox, record: Record) -> None:
    if not seen.exists:
        raise Refused("The mail provider does not list this mailbox.", code="not_found")
    require_owner(wish, seen, record)


def refuse_foreign_suspension(seen: Mailbox, record: Record) -> None:
    """What Enom (weak password) or a higher admin (abuse) suspended is not ours to lift."""
    foreign = sorted(name for name, state in (seen.services or {}).items() if state == "suspended")
    if foreign and record.suspended_with is None:
        raise NeedsPerson(
            f"Not suspended by this bridge: {', '.join(foreign)}. Check and unsuspend it at the "
            "mail provider.",
            code="conflict",
        )


def plan_size(plan: str, terms: Terms) -> int:
    if plan not in terms.plans:
        known = ", ".join(sorted(terms.plans)) or "none"
        raise Refused(
            f"The configuration has no plan of this name (known: {known}).", code="plan_unknown"
        )
    return terms.plans[plan]
