"""The control port: tests set up what is true at the remote, arm faults, and read the whole
truth."""

from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from .exchange import History
from .faults import Faults
from .hosted_roles import ALLOWED
from .settings import Settings
from .state import ENVIRONMENTS, MIB, SERVICES, Account, Admin, Domain, Mailbox, Pak, State

Body = dict[str, Any]
LEVELS = ("company", "higher")
CLUSTERS = ("a", "b")


class ControlError(ValueError):
    """The call to the control port was wrong; the text names the field."""


class Control:
    def __init__(self, state: State, settings: Settings, faults: Faults, history: History) -> None:
        self._state, self._settings, self._faults, self._history = state, settings, faults, history
        self._routes: dict[tuple[str, str], Callable[[Body], Body]] = {
            ("POST", "/accounts"): self._account,
            ("POST", "/admins"): self._admin,
            ("POST", "/balance"): self._balance,
            ("POST", "/domains"): self._domain,
            ("POST", "/paks"): self._pak,
            ("POST", "/mailboxes"): self._mailbox,
            ("POST", "/mailboxes/delete"): self._delete,
            ("POST", "/services"): self._services,
            ("POST", "/attributes"): self._attributes,
            ("POST", "/settings"): self._set,
            ("GET", "/settings"): lambda _: asdict(self._settings),
            ("POST", "/faults"): self._arm,
            ("GET", "/faults"): lambda _: {"faults": self._faults.armed()},
            ("DELETE", "/faults"): self._disarm,
            ("POST", "/chaos"): self._chaos,
            ("GET", "/state"): lambda _: _truth(self._state),
            ("GET", "/history"): self._seen,
            ("DELETE", "/history"): self._forget,
            ("POST", "/reset"): self._reset,
        }

    def call(self, path: str, body: Any, method: str) -> Body:
        """Carries out one call of the control port. Raises ControlError with a sentence for a
        person."""
        parts = urlsplit(path)
        route = self._routes.get((method, parts.path))
        if route is None:
            known = ", ".join(f"{method} {path}" for method, path in self._routes)
            raise ControlError(f"{method} {parts.path}: no such call; use one of {known}")
        if isinstance(body, list) and parts.path == "/faults":
            body = {"faults": body}
        if not isinstance(body, dict):
            raise ControlError(f"{parts.path}: the body is not a JSON object; send one")
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        with self._state.lock:
            try:
                return route({**query, **body})
            except KeyError as error:
                raise ControlError(f"{error.args[0]}: missing in {parts.path}; add it") from error
            except (AttributeError, TypeError, ValueError) as error:
                raise ControlError(str(error)) from error

    def _account(self, body: Body) -> Body:
        environment = _choice("environment", body.get("environment", "test"), ENVIRONMENTS)
        account = Account(
            environment,
            body["uid"].lower(),
            body["token"],
            float(body.get("balance", self._settings.balance)),
            tuple(body.get("allow", ["127.0.0.1"])),
            _choice("cluster", body.get("cluster", "a"), CLUSTERS),
        )
        self._state.accounts[environment, account.uid] = account
        if body.get("hosted_user"):
            self._admin(body | {"user": body["hosted_user"], "password": body["hosted_password"]})
        return {}

    def _admin(self, body: Body) -> Body:
        """Somebody who may call hosted email for this account, in one of the documented roles."""
        role, user = (
            _choice("role", body.get("role", "company"), tuple(ALLOWED)),
            body["user"].lower(),
        )
        account = self._named_account(body)
        account.admins[user] = Admin(
            user, body["password"], role, body["domain"].lower() if role == "domain" else ""
        )
        return {}

    def _balance(self, body: Body) -> Body:
        """Set the balance, by default back to what the test environment starts with."""
        self._named_account(body).balance = float(body.get("balance", self._settings.balance))
        return {}

    def _domain(self, body: Body) -> Body:
        uid, name = body["uid"].lower(), body["domain"].lower()
        wanted = [str(body["environment"])] if "environment" in body else ENVIRONMENTS
        homes = [
            environment for environment in wanted if (environment, uid) in self._state.accounts
        ]
        if not homes:
            raise ControlError(f"uid: no account {uid}; POST /accounts first")
        self._state.put(
            Domain(homes[0], name, uid, self._state.number(), active=body.get("active", True))
        )
        return {"domain_id": self._state.domains[homes[0], name].id}

    def _pak(self, body: Body) -> Body:
        """A pak that has always been there: stale reads show it too."""
        domain = self._named(body["domain"], body)
        kind = _choice("kind", body.get("kind", "pak"), ("pak", "box"))
        size, capacity = int(body.get("size", 10)), int(body.get("capacity_mb", 1024))
        expires = datetime.fromisoformat(body.get("expires", "2035-01-01T00:00:00Z")).timestamp()
        pak = Pak(self._state.number(), kind, size, capacity, expires)
        self._state.settle(domain.key, lambda former: former.with_pak(pak))
        return {"bundle": pak.bundle}

    def _mailbox(self, body: Body) -> Body:
        domain, local = self._place(body)
        bundle = int(body.get("bundle", 0))
        if bundle and bundle not in domain.paks:
            raise ControlError(f"bundle: {bundle} is not a pak of {domain.name}; POST /paks first")
        level = body.get("suspended_by")
        services = dict.fromkeys(SERVICES, "suspended") if level else body.get("services", {})
        capacity = domain.paks[bundle].capacity_mb if bundle else 1024
        mailbox = Mailbox(
            id=str(self._state.number()),
            local=local,
            password=body["password"],
            quota_bytes=int(body.get("quota_bytes", capacity * MIB)),
            created=self._state.now(),
            services=domain.default_services(),
            bundle=bundle,
            display_name=body.get("display_name", ""),
            used_bytes=int(body.get("used_bytes", 0)),
            second_factor=bool(body.get("second_factor", False)),
            attributes=dict(body.get("attributes", {})),
            changes=(_change("control panel", "admin", "created", self._state.now()),),
        )
        mailbox = _with_services(mailbox, services, level or "company")
        self._put(domain, body, lambda former: former.with_mailbox(mailbox))
        return {"id": mailbox.id}

    def _services(self, body: Body) -> Body:
        domain, mailbox = self._existing(body)
        changed = _with_services(mailbox, body["services"], body.get("level", "company"))
        changed = _by_the_system(changed, body["services"], self._state.now())
        self._put(domain, body, lambda former: former.with_mailbox(changed))
        return {}

    def _attributes(self, body: Body) -> Body:
        """What somebody changes in the control panel, or the customer in webmail: aliases,
        forwarding, a vacation text."""
        domain, mailbox = self._existing(body)
        changed = replace(mailbox, attributes={**mailbox.attributes, **dict(body["attributes"])})
        self._put(domain, body, lambda former: former.with_mailbox(changed))
        return {}

    def _delete(self, body: Body) -> Body:
        domain, mailbox = self._existing(body)
        self._state.put(domain.without_mailbox(mailbox.local, self._state.now(), "control"))
        return {}

    def _set(self, body: Body) -> Body:
        self._settings.update(body)
        lags = (
            self._settings.stale_seconds,
            self._settings.hosted_lag,
            self._settings.password_lag,
        )
        self._state.horizon = max(lags)
        return asdict(self._settings)

    def _arm(self, body: Body) -> Body:
        if "faults" in body:
            return {"ids": [self._faults.arm(fault) for fault in body["faults"]]}
        return {"id": self._faults.arm(body)}

    def _disarm(self, body: Body) -> Body:
        self._faults.clear()
        return {}

    def _chaos(self, body: Body) -> Body:
        self._faults.chaos(float(body["share"]), body.get("faults", []))
        return {}

    def _seen(self, body: Body) -> Body:
        command = str(body.get("command", "")).lower()
        seen = [
            dict(entry) for entry in self._history.seen if command in ("", entry["command"].lower())
        ]
        return {"history": seen}

    def _forget(self, body: Body) -> Body:
        self._history.seen.clear()
        return {}

    def _reset(self, body: Body) -> Body:
        self._settings.update(asdict(Settings()))
        self._faults.clear()
        self._history.seen.clear()
        self._state.clear()
        return {}

    def _named_account(self, body: Body) -> Account:
        environment = _choice("environment", body.get("environment", "test"), ENVIRONMENTS)
        account = self._state.accounts.get((environment, body["uid"].lower()))
        if account is None:
            raise ControlError(f"uid: no {environment} account {body['uid']}; POST /accounts first")
        return account

    def _named(self, name: str, body: Body) -> Domain:
        domain = self._state.find(name.lower(), body.get("environment", ""))
        if domain is None:
            raise ControlError(f"domain: {name} is not registered; POST /domains first")
        return domain

    def _place(self, body: Body) -> tuple[Domain, str]:
        local, at, name = body["address"].lower().partition("@")
        if not at:
            raise ControlError(f"address: {local!r} has no @; give local@domain")
        return self._named(name, body), local

    def _existing(self, body: Body) -> tuple[Domain, Mailbox]:
        domain, local = self._place(body)
        if local not in domain.mailboxes:
            raise ControlError(f"address: {body['address']} does not exist; POST /mailboxes first")
        return domain, domain.mailboxes[local]

    def _put(self, domain: Domain, body: Body, change: Callable[[Domain], Domain]) -> None:
        """Now, so that stale reads still show what was before; or with `settled` as if it had
        always been so."""
        if body.get("settled"):
            self._state.settle(domain.key, change)
        else:
            self._state.put(change(domain))


def _choice(name: str, value: str, choices: tuple[str, ...]) -> str:
    if value not in choices:
        raise ControlError(f"{name}: {value!r} is not a choice; use one of {', '.join(choices)}")
    return value


def _with_services(mailbox: Mailbox, services: dict[str, str], level: str) -> Mailbox:
    for name, value in services.items():
        _choice("services", name, SERVICES)
        _choice(name, value, ("enabled", "disabled", "suspended"))
    _choice("level", level, LEVELS)
    held = mailbox.held - set(services)
    if level == "higher":
        held |= {name for name, value in services.items() if value == "suspended"}
    return replace(mailbox, services={**mailbox.services, **services}, held=frozenset(held))


def _by_the_system(mailbox: Mailbox, services: dict[str, str], now: float) -> Mailbox:
    """As a change of its own stands in the list of changes [D]."""
    result = (_change("", "OpenSRS", f"{name} = {to}", now) for name, to in services.items())
    return replace(mailbox, changes=(*mailbox.changes, *result))


def _change(application: str, user: str, text: str, now: float) -> dict[str, Any]:
    return {"application": application, "user": user, "msg": text, "time": int(now)}


def _truth(state: State) -> Body:
    accounts: Body = {}
    for account in state.accounts.values():
        name = (
            account.uid if account.uid not in accounts else f"{account.environment}/{account.uid}"
        )
        shown = {each: getattr(account, each) for each in ("environment", "balance", "purchases")}
        accounts[name] = {**shown, "orders": [asdict(order) for order in account.orders.values()]}
    domains: Body = {}
    for domain in state.domains.values():
        name = domain.name if domain.name not in domains else f"{domain.environment}/{domain.name}"
        domains[name] = {
            **{
                name: getattr(domain, name)
                for name in ("environment", "uid", "email_set", "hosted")
            },
            "paks": {str(bundle): _pak(domain, pak) for bundle, pak in domain.paks.items()},
            "mailboxes": {
                f"{local}@{domain.name}": _plain(box) for local, box in domain.mailboxes.items()
            },
            "deleted": [
                {"address": f"{box.local}@{domain.name}"} | _plain(box) for box in domain.deleted
            ],
        }
    return {"accounts": accounts, "domains": domains}


def _pak(domain: Domain, pak: Pak) -> Body:
    return {
        **asdict(pak),
        "expires": f"{datetime.fromtimestamp(pak.expires, UTC):%Y-%m-%dT%H:%M:%SZ}",
        "free": domain.free(pak.bundle),
    }


def _plain(mailbox: Mailbox) -> Body:
    return {
        **asdict(replace(mailbox, changes=())),
        "held": sorted(mailbox.held),
        "status": mailbox.status,
    }
