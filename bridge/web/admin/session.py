"""Who is signed in, by a signed cookie.

It ends when idle, after eight hours, and with the passwords that it began under.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from itsdangerous import BadData, URLSafeSerializer

from bridge.config import Admin
from bridge.domain.ports import Clock
from bridge.infra.crypto import Purpose, Sealer

COOKIE, BEFORE, NOTE = "enom_bridge_admin", "enom_bridge_before", "enom_bridge_note"
IDLE, LONGEST = 1800.0, 8 * 3600.0  # seconds
NOTE_LASTS = 60.0
STRONG: dict[str, Any] = {"key_derivation": "hmac", "digest_method": hashlib.sha256}


@dataclass(frozen=True)
class Person:
    """`id` names the session, `who` stands in the audit trail; without `acts` everything is seen
    and nothing changed.
    """

    id: str
    who: str
    acts: bool
    began: float


def signer(keys: Sequence[bytes], use: str) -> URLSafeSerializer:
    """Signs with the newest key and knows every key, for one use."""
    return URLSafeSerializer(list(keys), salt=f"enom-bridge.admin.{use}", signer_kwargs=STRONG)


class Sessions:
    def __init__(self, sealer: Sealer, admin: Admin, clock: Clock) -> None:
        keys = sealer.keys(Purpose.SESSION)
        self._cookie, self._form, self._note = (
            signer(keys, use) for use in ("cookie", "form", "note")
        )
        hashes = [
            each.reveal() if each else ""
            for each in (admin.password_hash, admin.view_password_hash)
        ]
        self._bound = hashlib.sha256("\n".join(hashes).encode()).hexdigest()[:16]
        self._clock = clock

    def begin(self, who: str, acts: bool) -> Person:
        return Person(secrets.token_urlsafe(12), who, acts, self._clock())

    def cookie(self, person: Person) -> str:
        """Good from now on until it was idle for too long."""
        return str(
            self._cookie.dumps({**vars(person), "seen": self._clock(), "bound": self._bound})
        )

    def read(self, cookie: str) -> Person | None:
        try:
            kept = self._cookie.loads(cookie)
            seen, bound = kept.pop("seen"), kept.pop("bound")
            person = Person(**kept)
        except (BadData, TypeError, KeyError, AttributeError):
            return None
        now = self._clock()
        fresh = now - seen <= IDLE and now - person.began <= LONGEST
        return person if fresh and secrets.compare_digest(bound, self._bound) else None

    def left(self, person: Person) -> float:
        """Seconds until the session ends even if it is used."""
        return max(0.0, person.began + LONGEST - self._clock())

    # Forms: a token is of one session, so nobody else's page can have one.

    def form_token(self, id: str) -> str:
        return str(self._form.dumps([id, self._clock()]))

    def is_ours(self, id: str, token: str) -> bool:
        try:
            given, at = self._form.loads(token)
        except (BadData, TypeError, ValueError):
            return False
        return self._clock() - at <= LONGEST and secrets.compare_digest(
            str(given).encode(), id.encode()
        )

    # One sentence for the page that follows.

    def note(self, text: str) -> str:
        return str(self._note.dumps([text, self._clock()]))

    def read_note(self, cookie: str) -> str | None:
        try:
            text, at = self._note.loads(cookie)
        except (BadData, TypeError, ValueError):
            return None
        return str(text) if self._clock() - at <= NOTE_LASTS else None
