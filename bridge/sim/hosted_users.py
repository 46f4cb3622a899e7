"""The methods of hosted email on users: make, change, show, list, delete, bring back, and who
changed what.

A user is a mailbox, or a forward or a filter, which have its form and none of its mail [D]. An
alias is a name of a mailbox.
"""

import fnmatch
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from .hosted_email import Fields, HostedCall, HostedError, Method, checked, paged
from .mailbox_commands import LOCAL
from .passwords import contains, hosted_refused
from .state import MIB, SERVICES, Domain, Mailbox

DAY = 86400.0
RESTORABLE_DAYS = 30
KEPT_CHANGES = 50
ATTRIBUTES: dict[str, type] = {
    **dict.fromkeys(SERVICES, str),
    **dict.fromkeys(
        ("password", "name", "title", "phone", "fax", "notes_external", "language", "timezone"), str
    ),
    **dict.fromkeys(
        ("type", "workgroup", "brand", "spamtag", "spamheader", "spamfolder", "spamlevel"), str
    ),
    **dict.fromkeys(
        ("forward_option_subject_prefix", "forward_option_reply_to", "autoresponder"), str
    ),
    **dict.fromkeys(
        ("quota", "smtp_sent_limit", "max_pab_entries", "autoresponder_option_enddate"), int
    ),
    **dict.fromkeys(
        ("delivery_local", "delivery_forward", "delivery_filter", "delivery_autoresponder"), bool
    ),
    **dict.fromkeys(("aliases", "forward_recipients", "allow", "block"), list),
}
NONE_YET: dict[str, Any] = {
    "aliases": [],
    "forward_recipients": [],
    "delivery_forward": False,
    "delivery_local": True,
}
"""What a user shows of these that was never given any [I]."""
MOST_ALIASES, MOST_RECIPIENTS = 2000, 1000
STATUSES = ("active", "deleted", "suspended", "smtplimit", "quota")
TYPES = ("mailbox", "forward", "filter")


def change_user(call: HostedCall) -> Fields:
    attributes = dict(call.field("attributes", dict))
    domain, local = call.address()
    if call.request.get("create_only") and (
        local in domain.mailboxes or domain.alias_target(local)
    ):
        raise HostedError(23)
    if local in domain.mailboxes or domain.alias_target(local):
        domain, mailbox = call.mailbox()
    else:
        call.billed()
        mailbox = _blank(call, domain, local, attributes)
    checked(attributes, ATTRIBUTES)
    _check_type(attributes)
    _check_aliases(domain, local, attributes)
    _check_recipients(attributes)
    _check_quota(domain, attributes.get("quota"))
    _check_password(domain, local, attributes.get("password"))
    services = {name: attributes.pop(name) for name in SERVICES if name in attributes}
    if any(name in mailbox.held and value != "suspended" for name, value in services.items()):
        raise HostedError(4)
    result = list(_told(mailbox, {**attributes, **services}))
    changed = replace(
        mailbox,
        password=attributes.pop("password", mailbox.password),
        display_name=attributes.pop("name", mailbox.display_name),
        quota_bytes=attributes.pop("quota", mailbox.quota_bytes),
        services={**mailbox.services, **services},
        attributes={**mailbox.attributes, **attributes},
        changed_by="hosted",
        changes=noted(call, mailbox, *result),
    )
    call.state.put(domain.with_mailbox(changed))
    return {}


def get_user(call: HostedCall) -> Fields:
    domain, local = call.address()
    shown = call.seen(domain)
    mailbox = shown.mailboxes.get(local)
    if mailbox is None and (target := shown.alias_target(local)):
        named = {"account": f"{target.local}@{domain.name}"}
        return {"type": "alias", "attributes": named, "metadata": {"status": target.status}}
    if mailbox is None:
        if call.settings.missing_user == "error":
            raise HostedError(2)
        return {"type": "mailbox", "settable_attributes": sorted(ATTRIBUTES)}
    attributes: dict[str, Any] = {
        "account": f"{local}@{domain.name}",
        "name": mailbox.display_name,
        "quota": mailbox.quota_bytes,
        "type": "mailbox",
        **NONE_YET,
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
        "2fa_enabled": mailbox.second_factor,
    }
    kind = attributes["type"]
    return {
        "type": kind,
        "settable_attributes": sorted(ATTRIBUTES),
        "attributes": attributes,
        "metadata": metadata,
    }


def get_user_changes(call: HostedCall) -> Fields:
    domain, mailbox = call.mailbox()
    changes = list(call.seen(domain).mailboxes.get(mailbox.local, mailbox).changes)
    page = paged(call, changes)
    return {"changes": page, "count": len(page), "total_count": len(changes)}


def delete_user(call: HostedCall) -> Fields:
    call.billed()
    domain, mailbox = call.mailbox()
    call.state.put(domain.without_mailbox(mailbox.local, call.state.now(), "hosted"))
    return {}


def restore_user(call: HostedCall) -> Fields:
    """Undelete, which is not un-suspend: within 30 days, under a name that is free."""
    call.billed()
    number, new_name = str(call.request.get("id") or ""), str(call.field("new_name")).lower()
    domain, local = call.address()
    oldest = call.state.now() - RESTORABLE_DAYS * DAY
    found = next((box for box in domain.deleted if box.id == number and box.local == local), None)
    if found is None or (found.deleted_at or 0.0) < oldest:
        raise HostedError(2)
    new_local, _, new_domain = new_name.partition("@")
    if new_domain not in ("", domain.name) or not LOCAL.match(new_local):
        raise HostedError(6, new_name="a free name of the same domain")
    if new_local in domain.mailboxes or domain.alias_target(new_local):
        raise HostedError(7)
    bundle = found.bundle if found.bundle in domain.paks and domain.free(found.bundle) else 0
    back = replace(found, local=new_local, deleted_at=None, bundle=bundle, changed_by="hosted")
    back = _with_free_aliases(domain, back)
    rest = tuple(box for box in domain.deleted if box is not found)
    call.state.put(replace(domain.with_mailbox(back), deleted=rest))
    return {}


def search_users(call: HostedCall) -> Fields:
    criteria = call.field("criteria", dict)
    name = criteria.get("domain")
    if not isinstance(name, str) or not name:
        raise HostedError(5, criteria="domain is required")
    domain = call.seen(call.owned(name))
    match = str(criteria.get("match", "*")).lower()
    statuses, types = criteria.get("status", STATUSES), criteria.get("type", (*TYPES, "alias"))
    if not isinstance(statuses, list | tuple) or not isinstance(types, list | tuple):
        raise HostedError(5, criteria="status and type are lists")
    found = [
        row
        for row in _rows(domain, bool(criteria.get("deleted")))
        if row["status"] in statuses and row["type"] in types
    ]
    found = [row for row in found if fnmatch.fnmatchcase(row["user"].partition("@")[0], match)]
    sort = call.field("sort", dict, {})
    by = str(sort.get("by", "user"))
    if found and by not in found[0]:
        raise HostedError(5, sort="by is not a known field")
    found.sort(
        key=lambda row: (str(row[by]), row["user"]), reverse=sort.get("direction") == "descending"
    )
    wanted = ["user", "id", *call.field("fields", list, ["status", "workgroup"])]
    page = [
        {key: value for key, value in row.items() if key in wanted} for row in paged(call, found)
    ]
    return {"users": page, "count": len(page), "total_count": len(found)}


def logout_user(call: HostedCall) -> Fields:
    domain, mailbox = call.mailbox()
    call.state.put(domain.with_mailbox(replace(mailbox, last_logout=call.state.now())))
    return {}


def noted(call: HostedCall, mailbox: Mailbox, *texts: str) -> tuple[Mapping[str, Any], ...]:
    who = {
        "application": str(call.request.get("credentials", {}).get("client", "")),
        "user": call.admin.user,
    }
    new = [{**who, "msg": text, "time": int(call.state.now())} for text in texts]
    return (*mailbox.changes, *new)[-KEPT_CHANGES:]


def _told(mailbox: Mailbox, attributes: Mapping[str, Any]) -> Iterator[str]:
    """A short text for each change, as long ones are told by their size [D]; a password is never
    told."""
    if not mailbox.password and "password" in attributes:
        yield "created"
    for name, value in attributes.items():
        text = str(value)
        yield (
            f"{name} changed"
            if name == "password"
            else f"{name} = {text if len(text) < 40 else f'{len(text)} bytes'}"
        )


def _rows(domain: Domain, deleted: bool) -> Iterator[dict[str, Any]]:
    for box in domain.deleted if deleted else domain.mailboxes.values():
        row = {
            "user": f"{box.local}@{domain.name}",
            "id": box.id,
            "status": box.status,
            "type": box.attributes.get("type", "mailbox"),
            "workgroup": box.attributes.get("workgroup", "staff"),
            "createtime": int(box.created),
            "delete_time": int(box.deleted_at or 0),
            "lastlogin": 0,
        }
        yield row
        for alias in box.aliases:
            named = {"user": f"{alias}@{domain.name}", "type": "alias", "alias_target": row["user"]}
            yield row | named | {"id": f"{box.id}-{alias}"}


def _blank(call: HostedCall, domain: Domain, local: str, attributes: dict[str, Any]) -> Mailbox:
    """A new mailbox that has what the domain gives it."""
    if not LOCAL.match(local) or len(local) > 64:
        raise HostedError(6, user="not a valid mailbox name")
    limit = domain.hosted.get("limit_users")
    if limit is not None and len(domain.mailboxes) >= limit:
        raise HostedError(15)
    if "password" not in attributes and attributes.get("type", "mailbox") == "mailbox":
        raise HostedError(5, password="required for a new mailbox")  # noqa: S106  a hint, not a password
    return Mailbox(
        id=str(call.state.number()),
        local=local,
        password="",
        quota_bytes=domain.hosted.get("quota", 1024) * MIB,
        created=call.state.now(),
        services=domain.default_services(),
    )


def _check_type(attributes: Mapping[str, Any]) -> None:
    if attributes.get("type", "mailbox") not in TYPES:
        raise HostedError(6, type="mailbox, forward or filter")


def _check_aliases(domain: Domain, local: str, attributes: Mapping[str, Any]) -> None:
    """Each is a free name of the domain; what is said of one that is not, is not documented [I]."""
    aliases = attributes.get("aliases", ())
    if len(aliases) > MOST_ALIASES:
        raise HostedError(6, aliases=f"at most {MOST_ALIASES}")
    for alias in aliases:
        name, _, of = str(alias).lower().partition("@")
        if of not in ("", domain.name) or not LOCAL.match(name) or len(name) > 64:
            raise HostedError(6, aliases="names of the same domain")
        if _is_taken(domain, name, local):
            raise HostedError(7, aliases="one of them exists")
    others = sum(len(box.aliases) for box in domain.mailboxes.values() if box.local != local)
    limit = domain.hosted.get("limit_aliases")
    if aliases and limit is not None and others + len(aliases) > limit:
        raise HostedError(16)


def _is_taken(domain: Domain, name: str, local: str) -> bool:
    """By a mailbox, or as an alias of another than `local`."""
    target = domain.alias_target(name)
    return name in domain.mailboxes or (target is not None and target.local != local)


def _with_free_aliases(domain: Domain, back: Mailbox) -> Mailbox:
    """A deleted mailbox comes back with its aliases, but for those that others have by now [I]."""
    free = [name for name in back.aliases if not _is_taken(domain, name, back.local)]
    if len(free) == len(back.aliases):
        return back
    return replace(back, attributes={**back.attributes, "aliases": free})


def _check_recipients(attributes: Mapping[str, Any]) -> None:
    recipients = attributes.get("forward_recipients", ())
    if len(recipients) > MOST_RECIPIENTS:
        raise HostedError(38)
    if not all(isinstance(each, str) and each.count("@") == 1 for each in recipients):
        raise HostedError(6, forward_recipients="whole addresses")


def _check_quota(domain: Domain, quota: int | None) -> None:
    """A mailbox's size is in bytes, its domain's largest in MB [D]; which error it is, is not
    documented [I]."""
    most = domain.hosted.get("quota_maximum")
    if quota is not None and most and quota > most * MIB:
        raise HostedError(6, quota=f"over the domain's maximum of {most} MB")


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
    "get_user_changes": get_user_changes,
    "delete_user": delete_user,
    "restore_user": restore_user,
    "search_users": search_users,
    "logout_user": logout_user,
}
