"""The link by which a customer sets the first password of a mailbox: made when it is sent, so that
only whoever gets it has it.

Rule 1: a token is in the callback or on the terminal, and nowhere else: not stored, not logged.
"""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from bridge.domain.ports import PasswordLinks

PATH = "/password"


def new_token() -> str:
    return secrets.token_urlsafe(32)


def digest_of(token: str) -> str:
    """What is stored of a token. It is random and long, so no key is needed."""
    return hashlib.sha256(token.encode()).hexdigest()


@dataclass(frozen=True)
class FirstPassword:
    """`public_url` is the bridge's."""

    links: PasswordLinks
    public_url: str
    token: Callable[[], str] = new_token

    def for_callback(self, job: str) -> str | None:
        """A link for the mailbox that this job made, while nobody has set a password."""
        token = self.token()
        return self._url(token) if self.links.issue_for_job(job, digest_of(token)) else None

    def for_address(self, address: str, who: str) -> str:
        """Raises UnknownThing, NotPossible."""
        token = self.token()
        self.links.issue(address, digest_of(token), who)
        return self._url(token)

    def _url(self, token: str) -> str:
        return f"{self.public_url}{PATH}/{token}"
