"""Whether mail programs find their servers by themselves (RFC 6186, RFC 8314). Pure.

OpenSRS names `mail.hostedemail.com` and `mail.emailhome.com` for all mail programs [D:
support.opensrs.com, "Cluster A migration"]. The platform documents no Autodiscover of Outlook's
kind, so none is proposed; one that leads elsewhere is shown.
"""

from collections.abc import Iterator

from bridge.maildns.expected import ExpectedDns, ends_with
from bridge.maildns.records import Purpose, Record, RecordState, SetBy, unknown
from bridge.maildns.replies import Question, Replies, reply_to

CLIENT_HOST = "mail.hostedemail.com"
CLIENT_HOSTS = ("hostedemail.com", "emailhome.com")
SERVICES = {"_imaps._tcp": 993, "_submissions._tcp": 465}
OUTLOOK = "autodiscover"


def questions(domain: str, wanted: ExpectedDns, replies: Replies) -> Iterator[Question]:
    if not wanted.on_platform:
        return
    yield f"{OUTLOOK}.{domain}", "CNAME"
    for service in SERVICES:
        name = f"{service}.{domain}"
        yield name, "SRV"
        # A name of the reseller's own may be an alias of the platform's.
        for host in hosts(replies, name)[:1]:
            if host and not ends_with(host, CLIENT_HOSTS):
                yield host, "CNAME"


def hosts(replies: Replies, name: str) -> list[str]:
    """Where the programs are sent; an empty one says that there is no such service."""
    values = reply_to(replies, name, "SRV").values
    in_order = sorted(values, key=lambda value: int(value.split(" ")[0]))
    return [value.split(" ")[3] for value in in_order]


def records(domain: str, wanted: ExpectedDns, replies: Replies) -> list[Record]:
    if not wanted.on_platform:
        return []
    found = [_service(f"{service}.{domain}", port, replies) for service, port in SERVICES.items()]
    return found + _outlook(f"{OUTLOOK}.{domain}", replies)


def _service(name: str, port: int, replies: Replies) -> Record:
    reply = reply_to(replies, name, "SRV")
    if reply.problem:
        return unknown(Purpose.AUTODISCOVERY, "SRV", name, reply.problem)
    first = hosts(replies, name)[:1]
    state, reason = RecordState.ADVISED, "Mail programs have to be set up by hand."
    if first:
        aliases = reply_to(replies, first[0], "CNAME").values
        if any(ends_with(host, CLIENT_HOSTS) for host in (*first, *aliases)):
            reason = "Mail programs find the provider's servers."
            return Record(Purpose.AUTODISCOVERY, "SRV", name, RecordState.OK, reason, reply.values)
        state = RecordState.WRONG
        reason = f"Mail programs are sent to {first[0] or 'no server'}."
    value = f"0 1 {port} {CLIENT_HOST}"
    return Record(Purpose.AUTODISCOVERY, "SRV", name, state, reason, reply.values, value, SetBy.DNS)


def _outlook(name: str, replies: Replies) -> list[Record]:
    reply = reply_to(replies, name, "CNAME")
    if not reply.values or ends_with(reply.values[0], CLIENT_HOSTS):
        return []
    reason = (
        f"Outlook asks {reply.values[0]} first. Remove this record unless that server knows these "
        "mailboxes."
    )
    return [
        Record(
            Purpose.AUTODISCOVERY,
            "CNAME",
            name,
            RecordState.ADVISED,
            reason,
            reply.values,
            set_by=SetBy.DNS,
        )
    ]
