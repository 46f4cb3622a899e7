"""The methods of hosted email on domains, the company and tokens."""

import fnmatch
from dataclasses import replace

from .hosted_email import Fields, HostedCall, HostedError, Method, checked, issue, paged
from .hosted_roles import MAKES_DOMAINS
from .state import SERVICES, Admin, Domain

DOMAIN_ATTRIBUTES: dict[str, type] = {
    "disabled": bool,
    **dict.fromkeys(
        ("quota", "quota_maximum", "limit_users", "limit_aliases", "smtp_sent_limit"), int
    ),
    **dict.fromkeys(
        ("default_password_encoding", "password_strength", "filtermx", "brand", "workgroup"), str
    ),
    **dict.fromkeys(SERVICES, str),
}


def authenticate(call: HostedCall) -> Fields:
    if not call.request.get("generate_session_token"):
        return {}
    duration = call.field("session_token_duration", int, 10800)
    if not 1 <= duration <= 86400:
        raise HostedError(5, **{"session_token_duration": "a number from 1 to 86400"})
    return {"session_token": issue(call, call.admin, duration), "session_token_duration": duration}


def generate_token(call: HostedCall) -> Fields:
    call.field("reason")
    kind, hours = call.field("type", default="session"), call.field("duration", int, 24)
    if kind not in ("session", "oma", "sso") or hours < 1:
        raise HostedError(5, type="session, oma or sso", duration="hours")
    if str(call.field("user")).lower() == call.admin.user:
        admin = call.admin
    else:
        domain, mailbox = call.mailbox()
        admin = Admin(f"{mailbox.local}@{domain.name}", mailbox.password, "mail", domain.name)
        if kind == "oma":
            raise HostedError(9)
    return {"token": issue(call, admin, hours * 3600, once=kind == "sso"), "duration": hours}


def echo(call: HostedCall) -> Fields:
    return {
        name: value
        for name, value in call.request.items()
        if name not in ("credentials", "success")
    }


def get_company(call: HostedCall) -> Fields:
    return {"attributes": {"company": call.account.uid, "role": call.admin.role}, "metadata": {}}


def get_domain(call: HostedCall) -> Fields:
    domain = call.seen(call.owned(call.field("domain"), missing=2))
    attributes = {
        "account": domain.name,
        "disabled": False,
        **domain.default_services(),
        **domain.hosted,
    }
    return {
        "attributes": attributes,
        "settable_attribute": sorted(DOMAIN_ATTRIBUTES),
        "metadata": {"users": len(domain.mailboxes)},
    }


def change_domain(call: HostedCall) -> Fields:
    """Makes the domain where it is not there [D]."""
    attributes, name = call.field("attributes", dict), str(call.field("domain")).lower()
    there = call.state.find(name, call.account.environment)
    if there is not None and call.request.get("create_only"):
        raise HostedError(23)
    if there is None and call.admin.role not in MAKES_DOMAINS:
        raise HostedError(9)
    domain = (
        call.owned(name)
        if there
        else Domain(call.account.environment, name, call.account.uid, call.state.number())
    )
    checked(attributes, DOMAIN_ATTRIBUTES)
    call.state.put(replace(domain, hosted={**domain.hosted, **attributes}))
    return {}


def search_domains(call: HostedCall) -> Fields:
    criteria = call.field("criteria", dict)
    match = str(criteria.get("match", "*")).lower()
    found = sorted(
        d.name for d in call.state.owned(call.account) if fnmatch.fnmatchcase(d.name, match)
    )
    page = paged(call, found)
    return {
        "domains": [{"domain": name} for name in page],
        "count": len(page),
        "total_count": len(found),
    }


METHODS: dict[str, Method] = {
    "authenticate": authenticate,
    "generate_token": generate_token,
    "echo": echo,
    "get_company": get_company,
    "get_domain": get_domain,
    "change_domain": change_domain,
    "search_domains": search_domains,
}
