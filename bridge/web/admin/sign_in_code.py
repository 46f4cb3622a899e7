"""A code that signs in once, made by whoever may use the command line.

Its use is remembered until it has run out.
"""

import secrets
from dataclasses import dataclass

from itsdangerous import BadData

from bridge.infra.crypto import Purpose, Sealer
from bridge.store import AccountState
from bridge.store.admin.sign_ins import LINKS
from bridge.web.admin.session import signer

MARGIN = 60.0  # seconds that its use is remembered beyond its end: clocks of two processes differ


@dataclass(frozen=True)
class SignInCode:
    id: str
    who: str
    acts: bool
    until: float


def make(sealer: Sealer, who: str, acts: bool, until: float) -> str:
    code = SignInCode(secrets.token_urlsafe(12), who, acts, until)
    return str(signer(sealer.keys(Purpose.LINK), "link").dumps(vars(code)))


def read(sealer: Sealer, text: str, now: float) -> SignInCode | None:
    """The code that this text is of, if one of our keys made it and its time is not over."""
    try:
        code = SignInCode(**signer(sealer.keys(Purpose.LINK), "link").loads(text.strip()))
    except (BadData, TypeError):
        return None
    return code if now <= code.until else None


def use(account_state: AccountState, code: SignInCode, now: float) -> bool:
    """Uses up a code, for all processes; False when it was used before."""
    return account_state.first_use(LINKS, code.id, max(0.0, code.until - now) + MARGIN)
