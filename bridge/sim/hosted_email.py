"""The hosted-email API (OMA): who may ask, which method it is, and its answer in JSON. Users are in hosted_users.py."""

import fnmatch
import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from .exchange import Answer, Request
from .settings import Settings
from .state import SERVICES, Account, Domain, Mailbox, State, Token

ERRORS = {
    1: "Invalid credentials supplied in request.",
    2: "The requested object does not exist.",
    4: "Requestor lacks permission to change one or more of the requested attributes.",
    5: "Request badly formatted (missing required field, or field is not the correct data type).",
    6: "One or more attributes badly formatted.",
    7: "An object with this name already exists.",
    9: "Requestor does not own this object or lacks permission to perform this action.",
    15: "Domain users full",
    20: "Try again later",
    21: "Requestor not permitted from this IP address",
    22: "Requested object temporarily unavailable, try again later",
    23: "Object already exists",
    25: "Failed to obtain provisioning lock",
    28: "An internal error occurred",
    39: "expired",
    40: "Password not strong enough",
    48: "Password rejected - contains username or other account info",
}
STATES = ("enabled", "disabled", "suspended")
DOMAIN_ATTRIBUTES: dict[str, type] = {
    "disabled": bool,
    **dict.fromkeys(("quota", "quota_maximum", "limit_users", "limit_aliases", "smtp_sent_limit"), int),
    **dict.fromkeys(("default_password_encoding", "password_strength", "filtermx", "brand", "workgroup"), str),
    **dict.fromkeys(SERVICES, str),
}
Fields = dict[str, Any]


class HostedError(Exception):
    def __init__(self, number: int, **hints: str) -> None:
        super().__init__(ERRORS[number])
        self.number = number
        self.hints = hints


@dataclass
class HostedCall:
    """One method being carried out, for an admin of the company or for one of its mailboxes."""

    state: State
    settings: Settings
    request: Mapping[str, Any]
    seen: Callable[[Domain], Domain]
    token: Callable[[], str]
    user: str
    account: Account
    company: bool

    def field(self, name: str, kind: type = str, default: Any = None) -> Any:
        value = self.request.get(name, default)
        if type(value) is not kind or value == "":
            raise HostedError(5, **{name: "required, or not of the correct data type"})
        return value

    def owned(self, name: str, missing: int = 9) -> Domain:
        """The domain as it is, if it is the company's."""
        domain = self.state.find(name.lower(), self.account.environment)
        if domain is None or domain.uid != self.account.uid:
            raise HostedError(9 if domain else missing)
        return domain

    def address(self) -> tuple[Domain, str]:
        """(domain, local part) of the field `user`. A mailbox may name itself only."""
        local, at, domain = str(self.field("user")).lower().partition("@")
        if not at or not (self.company or f"{local}@{domain}" == self.user):
            raise HostedError(9 if at else 5)
        return self.owned(domain), local

    def mailbox(self) -> tuple[Domain, Mailbox]:
        """The mailbox to change. Error 25 while hosted email has not yet heard of it from interface.asp."""
        domain, local = self.address()
        if local not in domain.mailboxes:
            raise HostedError(2)
        if local not in self.state.hosted_view(domain, self.settings.hosted_lag).mailboxes:
            raise HostedError(25)
        return domain, domain.mailboxes[local]


Method = Callable[[HostedCall], Fields]


class HostedEmail:
    """Answers the methods on domains and tokens of this file, and those of `users`."""

    def __init__(
        self, state: State, settings: Settings, users: Mapping[str, Method], reading: frozenset[str], generator: random.Random
    ) -> None:
        self._state, self._settings, self._random = state, settings, generator
        self._methods: dict[str, Method] = {**DOMAIN_METHODS, **users}
        self._reading = reading | {"get_domain", "search_domains", "get_company"}

    def reads(self, method: str) -> bool:
        return method in self._reading

    def answer(self, request: Request, seen: Callable[[Domain], Domain], fault: str) -> Answer:
        if request.malformed:
            return _json(400, {"success": False, "error": "The body is not one JSON object"})
        method = self._methods.get(request.command)
        if method is None:
            return _json(404, {"success": False, "error": f"no method {request.command}"})
        try:
            if fault in ("oma_20", "oma_22", "oma_25"):
                raise HostedError(int(fault[4:]))
            call = self._admitted(request, seen)
            fields = method(call)
            if fault == "oma_28":
                raise HostedError(28)
        except HostedError as error:
            fields = {"success": False, "error": str(error), "error_number": error.number}
            return _json(200, {**fields, "hints": error.hints} if error.hints else fields)
        extra = {"server": "hosted\N{REGISTERED SIGN}"} if fault == "latin1" else {}
        return _json(200, {"success": True, **fields, **extra})

    def _admitted(self, request: Request, seen: Callable[[Domain], Domain]) -> HostedCall:
        credentials = request.parameters.get("credentials")
        if not isinstance(credentials, dict):
            raise HostedError(5, credentials="required")
        user = str(credentials.get("user", "")).lower()
        if "token" in credentials:
            user, account = self._redeem(str(credentials["token"]), user)
        else:
            account = self._log_in(user, str(credentials.get("password", "")))
        company = user == account.hosted_user.lower()
        if company and request.client not in account.allow:
            raise HostedError(21)
        if not company and request.command not in OPEN_TO_USERS:
            raise HostedError(9)
        return HostedCall(self._state, self._settings, request.parameters, seen, self._token, user, account, company)

    def _log_in(self, user: str, password: str) -> Account:
        """The account of the company whose admin or whose mailbox this is."""
        for account in self._state.accounts.values():
            if user and user == account.hosted_user.lower() and password and password == account.hosted_password:
                return account
        local, _, name = user.partition("@")
        domain = self._state.find(name)
        if domain and not domain.hosted.get("disabled"):
            mailbox = self._state.hosted_view(domain, self._settings.hosted_lag).mailboxes.get(local)
            if mailbox and mailbox.password == password:
                return self._state.accounts[domain.environment, domain.uid]
        raise HostedError(1)

    def _redeem(self, value: str, user: str) -> tuple[str, Account]:
        token = self._state.tokens.get(value)
        if token is None or (user and user != token.user):
            raise HostedError(1)
        if token.expires <= self._state.now():
            raise HostedError(39)
        if token.once:
            del self._state.tokens[value]
        return token.user, token.account

    def _token(self) -> str:
        return f"{self._random.getrandbits(160):040x}"


def checked(attributes: Mapping[str, Any], known: Mapping[str, type[Any]]) -> None:
    """Raise error 6 with hints if an attribute is unknown, of the wrong type or a service in no known state."""
    hints = {}
    for name, value in attributes.items():
        if name not in known:
            hints[name] = "unknown attribute"
        elif type(value) is not known[name]:
            hints[name] = "not of the correct data type"
        elif (name in SERVICES and value not in STATES) or (isinstance(value, int) and value < 0):
            hints[name] = "bad value"
    if hints:
        raise HostedError(6, **hints)


def authenticate(call: HostedCall) -> Fields:
    if not call.request.get("generate_session_token"):
        return {}
    duration = call.field("session_token_duration", int, 10800)
    if not 1 <= duration <= 86400:
        raise HostedError(5, **{"session_token_duration": "a number from 1 to 86400"})
    return {"session_token": _issue(call, call.user, duration), "session_token_duration": duration}


def generate_token(call: HostedCall) -> Fields:
    call.field("reason")
    kind, hours = call.field("type", default="session"), call.field("duration", int, 24)
    if kind not in ("session", "oma", "sso") or hours < 1:
        raise HostedError(5, type="session, oma or sso", duration="hours")
    if str(call.field("user")).lower() == call.account.hosted_user.lower():
        user = call.account.hosted_user.lower()
    else:
        domain, mailbox = call.mailbox()
        user = f"{mailbox.local}@{domain.name}"
        if kind == "oma":
            raise HostedError(9)
    return {"token": _issue(call, user, hours * 3600, once=kind == "sso"), "duration": hours}


def _issue(call: HostedCall, user: str, seconds: int, once: bool = False) -> str:
    token = call.token()
    call.state.tokens[token] = Token(user, call.account, call.state.now() + seconds, once)
    call.state.changes += 1
    return token


def echo(call: HostedCall) -> Fields:
    return {name: value for name, value in call.request.items() if name not in ("credentials", "success")}


def get_company(call: HostedCall) -> Fields:
    return {"attributes": {"company": call.account.uid, "role": "company"}, "metadata": {}}


def get_domain(call: HostedCall) -> Fields:
    domain = call.seen(call.owned(call.field("domain"), missing=2))
    attributes = {"account": domain.name, "disabled": False, **domain.default_services(), **domain.hosted}
    return {"attributes": attributes, "metadata": {"users": len(domain.mailboxes)}}


def change_domain(call: HostedCall) -> Fields:
    attributes = call.field("attributes", dict)
    domain = call.owned(call.field("domain"))
    if call.request.get("create_only"):
        raise HostedError(23)
    checked(attributes, DOMAIN_ATTRIBUTES)
    call.state.put(replace(domain, hosted={**domain.hosted, **attributes}))
    return {}


def search_domains(call: HostedCall) -> Fields:
    criteria = call.field("criteria", dict)
    match = str(criteria.get("match", "*")).lower()
    found = sorted(d.name for d in call.state.owned(call.account) if fnmatch.fnmatchcase(d.name, match))
    page = paged(call, found)
    return {"domains": [{"domain": name} for name in page], "count": len(page), "total_count": len(found)}


def paged(call: HostedCall, rows: list[Any]) -> list[Any]:
    span = call.field("range", dict, {})
    first, limit = span.get("first", 0), span.get("limit", len(rows))
    if type(first) is not int or type(limit) is not int or first < 0 or limit < 0:
        raise HostedError(5, range="first and limit must be numbers from 0")
    return rows[first : first + limit]


def _json(status: int, fields: Fields) -> Answer:
    return Answer(status, "application/json", json.dumps(fields, ensure_ascii=False).encode())


OPEN_TO_USERS = frozenset({"authenticate", "echo", "get_user", "logout_user"})
DOMAIN_METHODS: dict[str, Method] = {
    "authenticate": authenticate,
    "generate_token": generate_token,
    "echo": echo,
    "get_company": get_company,
    "get_domain": get_domain,
    "change_domain": change_domain,
    "search_domains": search_domains,
}
