"""One spelling for each mailbox: two ways to write an address must not become two mailboxes."""

import re

import idna

LOCAL_RULE = (
    "The part before the @ is not a name for a mailbox. Send 1 to 64 characters of A-Z, 0-9, "
    "dot, underscore and "
    "hyphen, a letter or digit first, no two dots in a row."
)
DOMAIN_RULE = (
    "The part after the @ is not a domain. Send one of at least two labels, like example.com."
)

# Length and characters are those of the hosted-email platform [D]. SetUpPOP3User documents 30 [D],
# but mailboxes made another way may be longer: whether it makes one, it says itself.
_LOCAL = re.compile(r"(?!.*\.\.)[0-9A-Za-z][0-9A-Za-z._-]{0,63}")
# Whom mail is sent on to may be anywhere, so its name may be any dot-atom of RFC 5322.
_ATOM = r"[0-9A-Za-z!#$%&'*+/=?^_`{|}~-]+"
_TARGET = re.compile(rf"(?=.{{1,64}}\Z){_ATOM}(?:\.{_ATOM})*")
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?=.{{1,253}}\Z)(?:{_LABEL}\.)+(?![0-9]+\Z){_LABEL}")
SHAPE = r"^(?!.*\.\.)[0-9A-Za-z][0-9A-Za-z._-]{0,63}@[^@\s]+$"
"""As far as one pattern can say it, for a description: whether the domain is one is asked of
IDNA."""
_LONGEST = 320  # before the domain is encoded


def normalise(address: str) -> str:
    """The address in lower case, its domain in A-labels (UTS 46); ValueError names the rule
    broken, not the address."""
    local, at, domain = address.rpartition("@")
    if not at or len(address) > _LONGEST:
        raise ValueError(
            f"Not an address of at most {_LONGEST} characters. Send one like john@example.com."
        )
    if not _LOCAL.fullmatch(local):
        raise ValueError(LOCAL_RULE)
    return f"{local.lower()}@{normalise_domain(domain)}"


def normalise_target(address: str) -> str:
    """The same of an address elsewhere, whose part before the @ may hold more signs."""
    local, at, domain = address.rpartition("@")
    if not at or len(address) > _LONGEST or not _TARGET.fullmatch(local):
        raise ValueError("Not an address.")
    return f"{local.lower()}@{normalise_domain(domain)}"


def normalise_domain(domain: str) -> str:
    """The domain in lower case and A-labels (UTS 46); ValueError names the rule broken, not the
    domain."""
    lowered = domain.lower()
    if not domain.isascii() or "xn--" in lowered:
        try:
            lowered = idna.encode(domain, uts46=True).decode()
        except UnicodeError:
            lowered = ""
    if not _DOMAIN.fullmatch(lowered):
        raise ValueError(DOMAIN_RULE)
    return lowered
