"""What Enom sells a mailbox's place with: paks of ten and single boxes, each paid until a day.

Pure.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from bridge.domain.actions import PLACE_ACTIONS
from bridge.domain.differences import Difference, DifferenceKind
from bridge.domain.errors import Limit, NeedsPerson, Refused
from bridge.domain.model import ENDS_SOON, Change, ChangeKind, Desired, Mailbox, Pak, to_rfc3339

BOX_SIZES = (10, 25, 50)
"""Capacities in GB that Enom sells a single mailbox with [D]."""

MOST_YEARS = 3
"""A renewal over more years is held for a person: a mistyped date must not spend the account's
money."""

RENEW = "Renew it at Enom, or have billing send a renewal (mailbox.renew)."
BUY = 'Buy a pak at Enom, or set purchase = "paks" for this account.'


@dataclass(frozen=True)
class Paks:
    """`purchase` as in the configuration: what may be bought."""

    purchase: str = "never"

    @property
    def monthly(self) -> bool:
        return False

    @property
    def exclusive_actions(self) -> frozenset[str]:
        return PLACE_ACTIONS

    def creation(self, seen: Mailbox, desired: Desired, now: datetime) -> Sequence[Change]:
        room = [pak for pak in seen.paks if pak.expires > now and pak.free > 0]
        if room:
            # The pak that lives longest, so that a new customer's mailbox is not the next to run
            # out.
            bundle = max(room, key=lambda pak: (pak.expires, pak.bundle)).bundle
            given = {"bundle": bundle, "display_name": desired.display_name}
            return [Change(ChangeKind.CREATE, given, secret=desired.password)]
        if self.purchase == "never":
            full = any(pak.expires > now for pak in seen.paks)
            raise Refused(
                "The domain has no free mailbox slot, and the "
                "configuration does not allow buying one "
                '(accounts.….purchase = "never"): buy a pak at Enom, or allow it.',
                code="pak_full" if full else "purchase_needed",
            )
        # The bundle's number is known only once it is bought: the plan after the purchase holds the
        # creation.
        return [Change(ChangeKind.BUY, self._to_buy(desired))]

    def renewal(
        self, seen: Mailbox, until: datetime, lifted: Collection[Limit]
    ) -> Sequence[Change]:
        pak = seen.pak
        if pak is None or pak.expires >= until:
            return []
        years = next((n for n in range(1, 100) if years_later(pak.expires, n) >= until), 100)
        if self.purchase == "never":
            raise Refused(
                f"Pak {pak.bundle} expires {to_rfc3339(pak.expires)}, and the configuration does "
                "not allow renewing it "
                '(accounts.….purchase = "never").',
                code="purchase_needed",
            )
        if years > MOST_YEARS and Limit.RENEWAL not in lifted:
            raise NeedsPerson(
                (
                    f"Renewing until {to_rfc3339(until)} takes {years} years of pak {pak.bundle}; "
                    f"more than {MOST_YEARS} need approval."
                ),
                limit=Limit.RENEWAL,
            )
        product = "pak" if self.purchase == "paks" else "box"
        return [
            Change(ChangeKind.RENEW, {"bundle": pak.bundle, "years": years, "product": product})
        ]

    def paid_until(self, seen: Mailbox) -> datetime | None:
        if seen.pak is None:
            raise Refused("Enom does not show which pak holds this mailbox.", code="unsupported")
        return seen.pak.expires

    def place(self, seen: Mailbox) -> str:
        return (
            f"pak {seen.pak.bundle}, paid until {to_rfc3339(seen.pak.expires)[:10]}"
            if seen.pak
            else ""
        )

    def notices(self, domain: str, paks: Sequence[Pak], now: datetime) -> Iterator[Difference]:
        for pak in paks:
            end = to_rfc3339(pak.expires)[:10]
            left = (pak.expires - now).total_seconds()
            if left <= 0:
                text = (
                    f"Pak {pak.bundle} expired on {end}: Enom's own "
                    "commands cannot change its mailboxes."
                )
                yield Difference(DifferenceKind.PAK_ENDED, domain, text, RENEW)
            elif left < ENDS_SOON:
                yield Difference(
                    DifferenceKind.PAK_ENDING, domain, f"Pak {pak.bundle} expires on {end}.", RENEW
                )
        current = [pak for pak in paks if pak.expires > now]
        if self.purchase == "never" and current and not any(pak.free for pak in current):
            bundles = ", ".join(pak.bundle for pak in current)
            text = f"No pak has a free slot ({bundles}): the next mailbox cannot be created."
            yield Difference(DifferenceKind.PAK_FULL, domain, text, BUY)

    def _to_buy(self, desired: Desired) -> dict[str, object]:
        if self.purchase == "paks":
            return {"product": "pak", "quantity": 1}
        size = (desired.quota or 0) // 2**30
        capacity = {"capacity": size} if size in BOX_SIZES else {}
        return {"product": "box", "quantity": 1, **capacity}


def years_later(moment: datetime, years: int) -> datetime:
    try:
        return moment.replace(year=moment.year + years)
    except ValueError:  # 29 February
        return moment.replace(year=moment.year + years, day=28)
