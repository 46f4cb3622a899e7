"""Encryption and digests of what is stored, under keys derived for one purpose each.

Rule 1: no key of the configuration is used as it is; each purpose, and each use of it, has a key of its own (HKDF-SHA256).
"""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from enum import StrEnum

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


class Purpose(StrEnum):
    """What a derived key is for. A value is part of the derivation: changing one makes what was stored unreadable."""

    PASSWORD = "password"  # noqa: S105  a purpose, not a password
    CONTENT = "content"
    REQUEST = "request"
    SESSION = "session"
    LINK = "link"
    NOTE = "note"


class Unsealable(Exception):
    """No configured key opens this. Put the key it was sealed with back into bridge.keys, before the newest."""


class Sealer:
    """Seals with the newest key, opens and compares with every key. `keys` are oldest first, 32 random bytes each."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys:
            raise ValueError("keys: at least one is needed")
        self._keys = tuple(keys)
        self._derived: dict[bytes, list[bytes]] = {}

    def seal(self, purpose: Purpose, text: str) -> str:
        return self._fernet(purpose).encrypt(text.encode()).decode()

    def open(self, purpose: Purpose, token: str) -> str:
        """The text that was sealed for the same purpose. Raises Unsealable, whatever `token` is."""
        try:
            return self._fernet(purpose).decrypt(token.encode()).decode()
        except (InvalidToken, UnicodeError):
            raise Unsealable(Unsealable.__doc__) from None

    def digest(self, purpose: Purpose, content: bytes) -> str:
        """HMAC-SHA256 in hex with the newest key. Compare with `matches`, which also knows digests of older keys."""
        return _hmac(self.keys(purpose, "digest")[-1], content)

    def matches(self, purpose: Purpose, content: bytes, digest: str) -> bool:
        """Whether `digest` was made of the same content with any key; every key is tried, each in constant time."""
        given = digest.encode(errors="replace")
        found = [hmac.compare_digest(_hmac(key, content).encode(), given) for key in self.keys(purpose, "digest")]
        return any(found)

    def keys(self, purpose: Purpose, use: str = "sign") -> list[bytes]:
        """The derived keys, oldest first: the order that itsdangerous expects for rotation."""
        info = f"enom-bridge/{purpose.value}/{use}".encode()
        if info not in self._derived:
            self._derived[info] = [HKDF(SHA256(), 32, salt=None, info=info).derive(key) for key in self._keys]
        return self._derived[info]

    def _fernet(self, purpose: Purpose) -> MultiFernet:
        newest_first = reversed(self.keys(purpose, "seal"))
        return MultiFernet([Fernet(urlsafe_b64encode(key)) for key in newest_first])


def _hmac(key: bytes, content: bytes) -> str:
    return hmac.new(key, content, "sha256").hexdigest()
