"""How Enom names a domain: SLD is its first label, TLD the rest [O]. Whether a domain can have
mail there, only Enom says."""

from functools import cache

from publicsuffixlist import PublicSuffixList


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


def split(domain: str) -> dict[str, str]:
    """SLD and TLD of a mail domain in A-labels.

    The one way to split that names this very domain, also under a suffix that no list has, such as uk.com: an SLD is one
    label. What is no domain of the account, Enom refuses.
    """
    sld, _, tld = domain.partition(".")
    return {"SLD": sld, "TLD": tld}


def perhaps_meant(domain: str) -> str:
    """The registered domain that this one may be a host of; empty where it may be one itself.

    A hint, for people only.
    """
    found = _suffixes().privatesuffix(domain)
    return found if found and found != domain else ""
