"""What a GetPOP3 answer says of a domain: its mailboxes and its paks. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from bridge.backends.enom.wire import Envelope, Row
from bridge.domain.errors import MalformedReply
from bridge.domain.model import Pak

MEBIBYTE = 1 << 20
DATE_FORMS = ("%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y")


@dataclass(frozen=True)
class ListedMailbox:
    """A mailbox of the list; `quota` and `used` in bytes, as far as given."""

    bundle: str
    quota: int | None
    used: int | None


@dataclass(frozen=True)
class Listing:
    """`complete`: the answer shows as many mailboxes as it says there are, so one that is not shown
    is not there.

    `unreadable`: where a mailbox is listed under a name that cannot be read; the list is not complete then.
    """

    mailboxes: dict[str, ListedMailbox]
    paks: tuple[Pak, ...]
    complete: bool
    unreadable: str = ""

    def incomplete(self) -> MalformedReply:
        if self.unreadable:
            return MalformedReply(
                f"Enom's list of mailboxes holds a name that cannot be read, at {self.unreadable}."
            )
        return MalformedReply("Enom's list of mailboxes is not complete.")

    def pak(self, bundle: str) -> Pak | None:
        return next((pak for pak in self.paks if pak.bundle == bundle), None)


def listing(envelope: Envelope) -> Listing:
    """Raises MalformedReply when a pak cannot be read: a plan that overlooks one would buy
    another."""
    mailboxes = {}
    for row in envelope.mailboxes:
        local = row.get("username", "").partition("@")[0].lower()
        mailboxes[local] = ListedMailbox(
            row.get("bundleid", ""), _bytes(row.get("quota")), _bytes(row.get("quotaused"))
        )
    announced = envelope.fields.get("emailcount", "")
    complete = (
        int(announced) <= len(envelope.mailboxes)
        if is_number(announced)
        else envelope.paks is not None
    )
    unreadable = ", ".join(envelope.unreadable[:3])
    return Listing(
        mailboxes,
        tuple(_pak(row) for row in envelope.paks or ()),
        complete and not unreadable,
        unreadable,
    )


@lru_cache(256)
def read_date(text: str) -> datetime:
    """Enom's dates carry no zone.

    They are taken as UTC [I]; the zone of its servers is up to eight hours behind.
    """
    for form in DATE_FORMS:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    raise MalformedReply("Enom's answer holds a date that cannot be read.")


def is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 16


def _pak(row: Row) -> Pak:
    bundle, free = row.get("bundleid", ""), row.get("qtyavailable", "")
    if not bundle or not is_number(free):
        raise MalformedReply("Enom's answer holds a pak that cannot be read.")
    # QtyAvailable is what is left: the samples show it, although the prose says the opposite [S].
    return Pak(bundle, int(free), read_date(row.get("expdate", "")))


def _bytes(text: str | None) -> int | None:
    return int(text) * MEBIBYTE if text and is_number(text) else None
