"""The methods of hosted email on mailboxes: change_user, get_user, delete_user, restore_user, search_users, logout_user."""

import fnmatch
from dataclasses import replace
from typing import Any

from .hosted_email import Fields, HostedCall, HostedError, Method, checked, paged
from .mailbox_commands import LOCAL
from .passwords import contains, hosted_refused
from .state import MIB, SERVICES, Domain, Mailbox

DAY = 86400.0
RESTORABLE_DAYS = 30
ATTRIBUTES: dict[str, type] = {
    **dict.fromkeys(SERVICES, str),
    **dict.fromkeys(("password", "name", "title", "phone", "fax", "notes_external", "language", "timezone"), str),
    **dict.fromkeys(("type", "workgroup", "brand", "spamtag", "spamheader", "spamfolder", "spamlevel"), str),
    **dict.fromkeys(("forward_option_subject_prefix", "forward_option_reply_to", "autoresponder"), str),
    **dict.fromkeys(("quota", "smtp_sent_limit", "max_pab_entries", "autoresponder_option_enddate"), int),
    **dict.fromkeys(("delivery_local", "delivery_forward", "delivery_filter", "delivery_autoresponder"), bool),
    **dict.fromkeys(("aliases", "forward_recipients", "allow", "block"), list),
}
STATUSES = ("active", "deleted", "suspended", "smtplimit", "quota")


def change_user(call: HostedCall) -> Fields:
    attributes = dict(call.field("attributes", dict))
    domain, local = call.address()
    if local in domain.mailboxes:
        domain, mailbox = call.mailbox()
        if call.request.get("create_only"):
            raise HostedError(23)
    else:
        mailbox = _blank(call, domain, local, attributes)
    checked(attributes, ATTRIBUTES)
    _check_password(domain, local, attributes.get("password"))
    services = {name: attributes.pop(name) for name in SERVICES if name in attributes}
    if any(name in mailbox.held and value != "suspended" for name, value in services.items()):
        raise HostedError(4)
    changed = replace(
        mailbox,
        password=attributes.pop("password", mailbox.password),
        display_name=attributes.pop("name", mailbox.display_name),
        quota_bytes=attributes.pop("quota", mailbox.quota_bytes),
        services={**mailbox.services, **services},
        attributes={**mailbox.attributes, **attributes},
        changed_by="hosted",
    )
    call.state.put(domain.with_mailbox(changed))
    return {}


def get_user(call: HostedCall) -> Fields:
    domain, local = call.address()
    mailbox = call.seen(domain).mailboxes.get(local)
    if mailbox is None:
        if call.settings.missing_user == "error":
            raise HostedError(2)
        return {"type": "mailbox", "settable_attributes": sorted(ATTRIBUTES)}
    attributes = {
        "account": f"{local}@{domain.name}",
        "name": mailbox.display_name,
        "quota": mailbox.quota_bytes,
        "type": "mailbox",
        **mailbox.attributes,
        **mailbox.services,
    }
    metadata = {
        "status": mailbox.status,
        "createtime": str(int(mailbox.created)),
        "quota": {
            "bytes_max": mailbox.quota_bytes,
            "bytes_used": mailbox.used_bytes,
            "messages_max": 0,
            "messages_used": 0,
        },
        "last_login": {},
        "2fa_enabled": False,
    }
    kind = attributes["type"]
    return {"type": kind, "settable_attributes": sorted(ATTRIBUTES), "attributes": attributes, "metadata": metadata}


def delete_user(call: HostedCall) -> Fields:
    domain, mailbox = call.mailbox()
    call.state.put(domain.without_mailbox(mailbox.local, call.state.now(), "hosted"))
    return {}


def restore_user(call: HostedCall) -> Fields:
    """Undelete, which is not un-suspend: within 30 days, under a name that is free."""
    number, new_name = str(call.request.get("id") or ""), str(call.field("new_name")).lower()
    domain, local = call.address()
    oldest = call.state.now() - RESTORABLE_DAYS * DAY
    found = next((box for box in domain.deleted if box.id == number and box.local == local), None)
    if found is None or (found.deleted_at or 0.0) < oldest:
        raise HostedError(2)
    new_local, _, new_domain = new_name.partition("@")
    if new_domain not in ("", domain.name) or not LOCAL.match(new_local):
        raise HostedError(6, new_name="a free name of the same domain")
    if new_local in domain.mailboxes:
        raise HostedError(7)
    bundle = found.bundle if found.bundle in domain.paks and domain.free(found.bundle) else 0
    back = replace(found, local=new_local, deleted_at=None, bundle=bundle, changed_by="hosted")
    rest = tuple(box for box in domain.deleted if box is not found)
    call.state.put(replace(domain.with_mailbox(back), deleted=rest))
    return {}


def search_users(call: HostedCall) -> Fields:
    criteria = call.field("criteria", dict)
    name = criteria.get("domain")
    if not isinstance(name, str) or not name:
        raise HostedError(5, criteria="domain is required")
    domain = call.seen(call.owned(name))
    boxes = list(domain.deleted if criteria.get("deleted") else domain.mailboxes.values())
    match, statuses = str(criteria.get("match", "*")).lower(), criteria.get("status", STATUSES)
    if not isinstance(statuses, list | tuple):
        raise HostedError(5, criteria="status is a list")
    found = [_row(domain, box) for box in boxes if fnmatch.fnmatchcase(box.local, match) and box.status in statuses]
    sort = call.field("sort", dict, {})
    by = str(sort.get("by", "user"))
    if found and by not in found[0]:
        raise HostedError(5, sort="by is not a known field")
    found.sort(key=lambda row: (str(row[by]), row["user"]), reverse=sort.get("direction") == "descending")
    wanted = ["user", "id", *call.field("fields", list, ["status", "workgroup"])]
    page = [{key: value for key, value in row.items() if key in wanted} for row in paged(call, found)]
    return {"users": page, "count": len(page), "total_count": len(found)}


def logout_user(call: HostedCall) -> Fields:
    domain, mailbox = call.mailbox()
    call.state.put(domain.with_mailbox(replace(mailbox, last_logout=call.state.now())))
    return {}


def _row(domain: Domain, mailbox: Mailbox) -> dict[str, Any]:
    return {
        "user": f"{mailbox.local}@{domain.name}",
        "id": mailbox.id,
        "status": mailbox.status,
        "type": mailbox.attributes.get("type", "mailbox"),
        "workgroup": mailbox.attributes.get("workgroup", "staff"),
        "createtime": int(mailbox.created),
        "delete_time": int(mailbox.deleted_at or 0),
        "lastlogin": 0,
    }


def _blank(call: HostedCall, domain: Domain, local: str, attributes: dict[str, Any]) -> Mailbox:
    """A new mailbox that has what the domain gives it."""
    if not LOCAL.match(local) or len(local) > 64:
        raise HostedError(6, user="not a valid mailbox name")
    limit = domain.hosted.get("limit_users")
    if limit is not None and len(domain.mailboxes) >= limit:
        raise HostedError(15)
    if "password" not in attributes:
        raise HostedError(5, password="required for a new mailbox")  # noqa: S106  a hint, not a password
    return Mailbox(
        id=str(call.state.number()),
        local=local,
        password="",
        quota_bytes=domain.hosted.get("quota", 1024) * MIB,
        created=call.state.now(),
        services=domain.default_services(),
    )


def _check_password(domain: Domain, local: str, password: str | None) -> None:
    if password is None:
        return
    if hosted_refused(password):
        raise HostedError(6, password="1 to 54 characters without space and double quote")  # noqa: S106  a hint
    if password.startswith("{"):
        return  # only plain text is checked [D]
    if contains(password, local, domain.name):
        raise HostedError(48)
    if domain.hosted.get("password_strength") in ("good", "strong") and len(password) < 10:
        raise HostedError(40)


METHODS: dict[str, Method] = {
    "change_user": change_user,
    "get_user": get_user,
    "delete_user": delete_user,
    "restore_user": restore_user,
    "search_users": search_users,
    "logout_user": logout_user,
}
READING = frozenset({"get_user", "search_users"})
