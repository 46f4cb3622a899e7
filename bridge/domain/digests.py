"""What tells two deliveries of one id apart, made before the transaction that asks: keyed
digests of what was said."""

import hmac
import re
from dataclasses import dataclass

from bridge.domain.ports import Forgotten


@dataclass(frozen=True)
class Digests:
    """Of one content: `newest` is the one to be stored, `every` those with each key, `keys` the
    names of these keys."""

    newest: str
    every: tuple[str, ...]
    keys: tuple[str, ...]

    def made(self, stored: str) -> bool:
        """Whether `stored` is a digest of this content, with any of the keys.

        Each is compared in constant time.
        """
        given = stored.encode(errors="replace")
        found = [hmac.compare_digest(each.encode(), given) for each in self.every]
        return any(found)

    def same(self, stored: str) -> bool:
        """As `made`. Raises Forgotten where the key of `stored` is gone, and nobody can tell."""
        name = key_id(stored)
        if name is not None and name not in self.keys:
            raise Forgotten
        return self.made(stored)


def key_id(digest: str) -> str | None:
    """The name of the key that a digest was made with; None for one of version 0.1, which does
    not tell."""
    found = re.match(r"([0-9a-f]{8})\.", digest)
    return found[1] if found else None
