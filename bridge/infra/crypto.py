"""Encryption and digests of what is stored, under keys derived for one purpose each.

Rule 1: no key of the configuration is used as it is; each purpose, and each use of it, has a key of
its own (HKDF-SHA256). Rule 2: a digest names its key, so that one can tell "of something else" from
"of a key that is gone".
"""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from enum import StrEnum
from functools import cached_property

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bridge.domain.digests import Digests


class Purpose(StrEnum):
    """What a derived key is for.

    A value is part of the derivation: changing one makes what was stored unreadable.
    """

    PASSWORD = "password"  # noqa: S105  a purpose, not a password
    CONTENT = "content"
    REQUEST = "request"
    SESSION = "session"
    LINK = "link"
    NOTE = "note"


class Unsealable(Exception):
    """No configured key opens this.

    Put the key it was sealed with back into bridge.keys, before the newest.
    """


class Sealer:
    """Seals with the newest key, opens and compares with every key.

    `keys` are oldest first, 32 random bytes each.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys:
            raise ValueError("keys: at least one is needed")
        self._keys = tuple(keys)
        self._derived: dict[bytes, list[bytes]] = {}
        self._fernets: dict[Purpose, MultiFernet] = {}

    @cached_property
    def key_ids(self) -> tuple[str, ...]:
        """Eight hex digits for each key, oldest first; they name it and tell nothing of it."""
        return tuple(
            HKDF(SHA256(), 4, salt=None, info=b"enom-bridge/key-id").derive(key).hex()
            for key in self._keys
        )

    def seal(self, purpose: Purpose, text: str) -> str:
        return self._fernet(purpose).encrypt(text.encode()).decode()

    def open(self, purpose: Purpose, token: str) -> str:
        """The text that was sealed for the same purpose. Raises Unsealable, whatever `token` is."""
        try:
            return self._fernet(purpose).decrypt(token.encode()).decode()
        except (InvalidToken, UnicodeError):
            raise Unsealable(Unsealable.__doc__) from None

    def reseal(self, purpose: Purpose, token: str) -> str | None:
        """The same text under the newest key, None when it is so already. Raises Unsealable."""
        newest = Fernet(urlsafe_b64encode(self.keys(purpose, "seal")[-1]))
        try:
            newest.decrypt(token.encode())
        except (InvalidToken, UnicodeError):
            return self.seal(purpose, self.open(purpose, token))
        return None

    def digest(self, purpose: Purpose, content: bytes, known: str | None = None) -> str:
        """HMAC-SHA256 with the newest key, after that key's name. Compare with `matches`, which
        also knows older keys.

        `known` itself where it is a digest of the same content, so that a change of key makes nothing look changed.
        """
        if known is not None and self.matches(purpose, content, known):
            return known
        return _named(self.key_ids[-1], self.keys(purpose, "digest")[-1], content)

    def digests(self, purpose: Purpose, content: bytes) -> Digests:
        """With every key, and as version 0.1 made them, which named no key."""
        keys = self.keys(purpose, "digest")
        named = [_named(name, key, content) for name, key in zip(self.key_ids, keys, strict=True)]
        return Digests(
            named[-1], (*named, *(_hmac(key, content).hex() for key in keys)), self.key_ids
        )

    def matches(self, purpose: Purpose, content: bytes, digest: str) -> bool:
        """Whether `digest` was made of the same content with any key."""
        return self.digests(purpose, content).made(digest)

    def keys(self, purpose: Purpose, use: str = "sign") -> list[bytes]:
        """The derived keys, oldest first: the order that itsdangerous expects for rotation."""
        info = f"enom-bridge/{purpose.value}/{use}".encode()
        if info not in self._derived:
            self._derived[info] = [
                HKDF(SHA256(), 32, salt=None, info=info).derive(key) for key in self._keys
            ]
        return self._derived[info]

    def _fernet(self, purpose: Purpose) -> MultiFernet:
        if purpose not in self._fernets:
            newest_first = reversed(self.keys(purpose, "seal"))
            keys = [Fernet(urlsafe_b64encode(key)) for key in newest_first]
            self._fernets[purpose] = MultiFernet(keys)
        return self._fernets[purpose]


def _named(name: str, key: bytes, content: bytes) -> str:
    return f"{name}.{urlsafe_b64encode(_hmac(key, content)).decode()}"


def _hmac(key: bytes, content: bytes) -> bytes:
    return hmac.digest(key, content, "sha256")


def note_secret(sealer: Sealer) -> bytes:
    """Signs notes that go out as webhooks; `enom-bridge config note-secret` shows it to whoever
    has to verify them."""
    return sealer.keys(Purpose.NOTE)[-1]
