"""One account of the hosted-email API as a backend needs it. Secrets are plain here, and never part of a repr."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class HostedEmailAccount:
    """The base URL without a slash at the end, and an admin's credentials.

    `keep_receiving`: mail still arrives while a mailbox is suspended. `prove_passwords`: a new password is tried in the
    mailbox's own name. `create_domains`: a domain that is not there is made with its first mailbox.
    """

    endpoint: str
    user: str
    password: str = field(repr=False)
    keep_receiving: bool = False
    prove_passwords: bool = False
    create_domains: bool = False
