"""How Enom names a domain: SLD is its first label, TLD the rest [O]."""

from functools import cache

from publicsuffixlist import PublicSuffixList

from bridge.errors import Refused


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList(only_icann=True)


def split(domain: str) -> dict[str, str]:
    """SLD and TLD of a mail domain in A-labels. Raises Refused for anything but a registrable domain."""
    if _suffixes().privatesuffix(domain) != domain:
        raise Refused(
            f"{domain} is not a registrable domain, and Enom has mailboxes only directly under one: correct the address.",
            code="domain_not_in_account",
        )
    sld, _, tld = domain.partition(".")
    return {"SLD": sld, "TLD": tld}
