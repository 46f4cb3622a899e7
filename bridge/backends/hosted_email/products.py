"""Nothing is bought in advance: a mailbox costs by the month, from its creation to its deletion.

Pure.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from bridge.domain.actions import PLACE_ACTIONS
from bridge.domain.differences import Difference
from bridge.domain.errors import Limit
from bridge.domain.model import Change, ChangeKind, Desired, Mailbox, Pak


class ByTheMonth:
    monthly = True
    # A place of a domain is one of its `limit_users`; nobody pays for one in advance.
    exclusive_actions = PLACE_ACTIONS - {"mailbox.renew"}

    def creation(self, seen: Mailbox, desired: Desired, now: datetime) -> Sequence[Change]:
        """One command that carries name, size and password; before it one that makes the domain,
        where it is not there."""
        given = {"display_name": desired.display_name, "quota_bytes": desired.quota}
        domain = [Change(ChangeKind.MAKE_DOMAIN)] if seen.domain_missing else []
        return [*domain, Change(ChangeKind.CREATE, given, secret=desired.password)]

    def renewal(
        self, seen: Mailbox, until: datetime, lifted: Collection[Limit]
    ) -> Sequence[Change]:
        return []

    def paid_until(self, seen: Mailbox) -> datetime | None:
        return None

    def place(self, seen: Mailbox) -> str:
        return ""

    def notices(self, domain: str, paks: Sequence[Pak], now: datetime) -> Iterable[Difference]:
        return ()
