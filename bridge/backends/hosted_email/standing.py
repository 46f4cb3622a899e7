"""What the credentials may do, and what the domains allow: for whoever sets the bridge up.

Asks, and changes nothing.
"""

from collections.abc import Collection, Iterator, Mapping

from bridge.backends.hosted_email.client import Client
from bridge.backends.hosted_email.settings import HostedEmailAccount
from bridge.domain.errors import BridgeError, Refused
from bridge.domain.model import Remark

MIB = 1 << 20
CANNOT: Mapping[str, str] = {
    "company": "",
    "domain": "It works in its own domain only.",
    "company_mail": "It cannot create or delete mailboxes, only change what is not billed.",
    "company_ro": "It can read, and change nothing.",
    "company_view": "It can read, and change nothing.",
    "company_token_only": "It can sign users in, and neither read nor change mailboxes.",
    "mail": "It is a mailbox, and can read only itself.",
}
"""The names [D]; what each cannot do is our reading of them [I]."""
LIMITED = frozenset({"domain"})
"""Roles that can do all the bridge needs, where they may do it at all."""
REMEDY = "Use an admin with the role company: docs/opensrs.md."


def remarks(
    client: Client, account: HostedEmailAccount, domains: Collection[str], sizes: Mapping[str, int]
) -> Iterator[Remark]:
    yield role(client)
    for domain in domains:
        yield from too_large(client, domain, sizes)
    if account.prove_passwords:
        yield Remark(
            "warn",
            "New passwords are proved by a sign-in (prove_passwords), which nobody has documented.",
            "Measure first that it works and locks nothing: "
            "enom-bridge doctor --probe --domain DOMAIN",
        )


def role(client: Client) -> Remark:
    """That a company's own data name the caller's role is inferred [I]."""
    try:
        shown = client.call("get_company").role
    except Refused:
        text = "The credentials may not read their company, so their role is none that can create."
        return Remark("FAIL", text, REMEDY)
    except BridgeError:
        shown = ""  # that it cannot be reached is said with the credentials
    if shown not in CANNOT:
        text = "Which role the credentials have is not shown."
        return Remark("warn", text, "enom-bridge doctor --probe --domain DOMAIN tries what it can.")
    text = f"The credentials have the role {shown}. {CANNOT[shown]}".rstrip()
    if shown == "company":
        return Remark("ok", text)
    return Remark("warn" if shown in LIMITED else "FAIL", text, REMEDY)


def too_large(client: Client, domain: str, sizes: Mapping[str, int]) -> Iterator[Remark]:
    try:
        most = client.call("get_domain", domain=domain).largest
    except BridgeError:
        return  # that a domain is not there is said with the domain
    over = sorted(name for name, size in sizes.items() if most and size > most * MIB)
    if over:
        yield Remark(
            "warn",
            f"{domain} allows mailboxes of {most} MB at most, less than the plan(s) "
            f"{', '.join(over)}: their hooks fail with `refused`.",
            "Raise the maximum of the domain in the control panel, or choose smaller plans.",
        )
