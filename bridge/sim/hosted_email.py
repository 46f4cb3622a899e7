"""The hosted-email API (OMA): who may ask, which method it is, and its answer in JSON. The methods
are in hosted_users.py and hosted_domains.py."""

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .exchange import Answer, Request
from .hosted_roles import ALLOWED, MAKES_USERS, READING
from .settings import Settings
from .state import SERVICES, Account, Admin, Domain, Mailbox, State, Token

ERRORS = {
    1: "Invalid credentials supplied in request.",
    2: "The requested object does not exist.",
    3: "This object is an alias.",
    4: "Requestor lacks permission to change one or more of the requested attributes.",
    5: "Request badly formatted (missing required field, or field is not the correct data type).",
    6: "One or more attributes badly formatted.",
    7: "An object with this name already exists.",
    9: "Requestor does not own this object or lacks permission to perform this action.",
    15: "Domain users full",
    16: "Domain aliases full",
    20: "Try again later",
    21: "Requestor not permitted from this IP address",
    22: "Requested object temporarily unavailable, try again later",
    23: "Object already exists",
    25: "Failed to obtain provisioning lock",
    28: "An internal error occurred",
    33: "2FA is required",
    38: "maximum number of forward recipients reached",
    39: "expired",
    40: "Password not strong enough",
    48: "Password rejected - contains username or other account info",
}
STATES = ("enabled", "disabled", "suspended")
INSTEAD = {"oma_20": 20, "oma_22": 22, "oma_25": 25}
AFTER = {"oma_28": 28, "oma_23": 23}
"""Faults that answer with this error after the effect: 23 is the answer to a request that
somebody on the way sent twice."""
Fields = dict[str, Any]


class HostedError(Exception):
    def __init__(self, number: int, **hints: str) -> None:
        super().__init__(ERRORS[number])
        self.number = number
        self.hints = hints


@dataclass
class HostedCall:
    """One method being carried out, for an admin or, with the role `mail`, for a mailbox itself."""

    state: State
    settings: Settings
    request: Mapping[str, Any]
    seen: Callable[[Domain], Domain]
    token: Callable[[], str]
    account: Account
    admin: Admin

    def field(self, name: str, kind: type = str, default: Any = None) -> Any:
        value = self.request.get(name, default)
        if type(value) is not kind or value == "":
            raise HostedError(5, **{name: "required, or not of the correct data type"})
        return value

    def owned(self, name: str, missing: int = 9) -> Domain:
        """The domain as it is, if it is the company's, and this admin's."""
        domain = self.state.find(name.lower(), self.account.environment)
        if domain is None or domain.uid != self.account.uid:
            raise HostedError(9 if domain else missing)
        if self.admin.domain not in ("", domain.name):
            raise HostedError(9)
        return domain

    def address(self) -> tuple[Domain, str]:
        """(domain, local part) of the field `user`. A mailbox may name itself only."""
        local, at, domain = str(self.field("user")).lower().partition("@")
        if not at or (self.admin.role == "mail" and f"{local}@{domain}" != self.admin.user):
            raise HostedError(9 if at else 5)
        return self.owned(domain), local

    def mailbox(self) -> tuple[Domain, Mailbox]:
        """The user to change.

        Error 25 while hosted email has not yet heard of it from interface.asp.
        """
        domain, local = self.address()
        if local not in domain.mailboxes:
            raise HostedError(3 if domain.alias_target(local) else 2)
        if local not in self.state.hosted_view(domain, self.settings.hosted_lag).mailboxes:
            raise HostedError(25)
        return domain, domain.mailboxes[local]

    def billed(self) -> None:
        """Raise error 9 unless this admin may make and delete what is billed."""
        if self.admin.role not in MAKES_USERS:
            raise HostedError(9)


Method = Callable[[HostedCall], Fields]


class HostedEmail:
    def __init__(
        self,
        state: State,
        settings: Settings,
        methods: Mapping[str, Method],
        generator: random.Random,
    ) -> None:
        self._state, self._settings, self._methods, self._random = (
            state,
            settings,
            methods,
            generator,
        )

    def reads(self, method: str) -> bool:
        return method in READING

    def answer(self, request: Request, seen: Callable[[Domain], Domain], fault: str) -> Answer:
        if request.malformed:
            return _json(400, {"success": False, "error": "The body is not one JSON object"})
        method = self._methods.get(request.command)
        if method is None:
            return _json(404, {"success": False, "error": f"no method {request.command}"})
        try:
            if fault in INSTEAD:
                raise HostedError(INSTEAD[fault])
            call = self._admitted(request, seen)
            fields = {} if fault == "lie" else method(call)
            if fault in AFTER:
                raise HostedError(AFTER[fault])
        except HostedError as error:
            fields = {"success": False, "error": str(error), "error_number": error.number}
            return self._told(fields | ({"hints": error.hints} if error.hints else {}))
        extra = {"server": "hosted\N{REGISTERED SIGN}"} if fault == "latin1" else {}
        return self._told({"success": True, **fields, **extra})

    def _told(self, fields: Fields) -> Answer:
        return _json(200, _as_text(fields) if self._settings.hosted_forms == "text" else fields)

    def _admitted(self, request: Request, seen: Callable[[Domain], Domain]) -> HostedCall:
        credentials = request.parameters.get("credentials")
        if not isinstance(credentials, dict):
            raise HostedError(5, credentials="required")
        user = str(credentials.get("user", "")).lower()
        if "token" in credentials:
            account, admin = self._redeem(str(credentials["token"]), user)
        else:
            account, admin = self._log_in(user, str(credentials.get("password", "")), request)
        if account.cluster != request.cluster:
            raise HostedError(1)  # the other cluster knows nobody of this one [I]
        if admin.role != "mail" and request.client not in account.allow:
            raise HostedError(21)
        if request.command not in ALLOWED[admin.role]:
            raise HostedError(9)
        return HostedCall(
            self._state, self._settings, request.parameters, seen, self._token, account, admin
        )

    def _log_in(self, user: str, password: str, request: Request) -> tuple[Account, Admin]:
        """The company, and who of it this is: an admin, or one of its mailboxes."""
        for account in self._state.accounts.values():
            if password and (admin := account.admins.get(user)) and admin.password == password:
                return account, admin
        local, _, name = user.partition("@")
        domain = self._state.find(name)
        if domain is None or domain.hosted.get("disabled"):
            raise HostedError(1)
        known = self._state.hosted_view(domain, self._settings.hosted_lag).mailboxes.get(local)
        self._check_password(user, known and self._as_it_signs_in(domain, known), password)
        if known and known.second_factor:
            raise HostedError(33)
        return self._state.accounts[domain.environment, domain.uid], Admin(
            user, password, "mail", domain.name
        )

    def _as_it_signs_in(self, domain: Domain, mailbox: Mailbox) -> Mailbox | None:
        lag = self._settings.password_lag
        then = self._state.as_of(domain, self._state.now() - lag) if lag else domain
        return then.mailboxes.get(mailbox.local)

    def _check_password(self, user: str, mailbox: Mailbox | None, password: str) -> None:
        """Raise error 1 for a wrong password, and for any where sign-in is locked: nothing tells
        the two apart [I]."""
        wrong, most = self._state.wrong_passwords, self._settings.lock_after
        if mailbox is None or mailbox.password != password or (most and wrong[user] >= most):
            wrong[user] += 1
            raise HostedError(1)
        wrong[user] = 0

    def _redeem(self, value: str, user: str) -> tuple[Account, Admin]:
        token = self._state.tokens.get(value)
        if token is None or (user and user != token.admin.user):
            raise HostedError(1)
        if token.expires <= self._state.now():
            raise HostedError(39)
        if token.once:
            del self._state.tokens[value]
        return token.account, token.admin

    def _token(self) -> str:
        return f"{self._random.getrandbits(160):040x}"


def issue(call: HostedCall, admin: Admin, seconds: int, once: bool = False) -> str:
    token = call.token()
    call.state.tokens[token] = Token(admin, call.account, call.state.now() + seconds, once)
    call.state.changes += 1
    return token


def checked(attributes: Mapping[str, Any], known: Mapping[str, type[Any]]) -> None:
    """Raise error 6 with hints if an attribute is unknown, of the wrong type or a service in no
    known state."""
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


def paged(call: HostedCall, rows: list[Any]) -> list[Any]:
    span = call.field("range", dict, {})
    first, limit = span.get("first", 0), span.get("limit", len(rows))
    if type(first) is not int or type(limit) is not int or first < 0 or limit < 0:
        raise HostedError(5, range="first and limit must be numbers from 0")
    return rows[first : first + limit]


def _as_text(value: Any) -> Any:
    """The same with every number and every yes or no as text."""
    match value:
        case bool():
            return "1" if value else "0"
        case int():
            return str(value)
        case dict():
            return {name: _as_text(each) for name, each in value.items()}
        case list():
            return [_as_text(each) for each in value]
    return value


def _json(status: int, fields: Fields) -> Answer:
    return Answer(status, "application/json", json.dumps(fields, ensure_ascii=False).encode())
