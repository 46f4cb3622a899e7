"""Where mail of an account's domains has to go, and what is known of the platform there. Pure.

Sources: Enom documents the MX `mx.DOMAIN.cust.a.hostedemail.com` [D: support.enom.com, "Hostedemail
Spam and Rejections Guide"]; the `b` cluster and older names without a letter end alike [O].
`include:_spf.hostedemail.com` is documented for both clusters [D: support.opensrs.com, SPF]; Enom's
own page for its email names `_spf.emfwd.name-services.com` [D: support.enom.com, "Set up DMARC for
Enom email"]. The names of DKIM keys are in `dkim`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

MX_OF = "mx.{domain}.cust.a.hostedemail.com"
PLATFORM = "hostedemail.com"


@dataclass(frozen=True)
class ExpectedDns:
    """No `hosts`: nothing is checked; no `spf_includes`: no SPF is. Any one of them will do; the first is proposed."""

    hosts: Sequence[str]
    spf_includes: Sequence[str] = ()

    @property
    def on_platform(self) -> bool:
        """Whether the mail is on Enom's and OpenSRS's platform, whose other names are known."""
        return is_ours(PLATFORM, self)


def is_ours(host: str, wanted: ExpectedDns) -> bool:
    return ends_with(host, wanted.hosts)


def ends_with(host: str, suffixes: Sequence[str]) -> bool:
    name = host.lower().rstrip(".")
    return any(name == suffix or name.endswith(f".{suffix}") for suffix in suffixes)
