"""interface.asp: who may ask, which command it is, and its answer.

The order of the checks: IP address, credentials, command, domain, parameters [O, I].
"""

import random
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from .envelope import Element, Failure, Form, Result, render
from .exchange import Answer, Request
from .settings import Settings
from .state import Account, Domain, Pak, State


@dataclass
class Call:
    state: State
    settings: Settings
    account: Account
    parameters: Mapping[str, str]
    seen: Callable[[Domain], Domain]
    """What a read shows of a domain; older than the truth when reads are stale."""
    errors: list[Failure] = field(default_factory=list)
    """Of single indexes; the others of the call went through."""
    found: Domain | None = None

    @property
    def domain(self) -> Domain:
        if self.found is None:
            raise RuntimeError("COMMANDS says that this command needs no domain")
        return self.found

    def value(self, *names: str) -> str:
        """The first of these parameters that is given and not empty; "" where none is."""
        return next((self.parameters[name] for name in names if self.parameters.get(name)), "")

    def required(self, name: str, code: str) -> str:
        if not self.value(name):
            raise Failure(code, f"{name} is missing")
        return self.value(name)

    def number(self, *names: str, default: int, most: int, code: str) -> int:
        text = self.value(*names) or str(default)
        if not (text.isascii() and text.isdigit() and 1 <= int(text) <= most):
            raise Failure(code, f"{names[0]} must be a number from 1 to {most}")
        return int(text)

    def pak(self, *names: str) -> Pak:
        text = self.value(*names)
        if not text:
            raise Failure("301269", f"{names[0]} is missing")
        if not (text.isascii() and text.isdigit()):
            raise Failure("304269", f"{names[0]} must be a number")
        if int(text) not in self.domain.paks:
            raise Failure("316269", f"{names[0]} {text} is not a pak of this domain")
        return self.domain.paks[int(text)]

    def put(self, domain: Domain) -> None:
        self.found = self.state.put(domain)


@dataclass(frozen=True)
class Command:
    name: str
    run: Callable[[Call], list[Element]]
    skin: str = "API.NET"
    domain: bool = True
    read: bool = False


class Interface:
    """Answers commands from `commands`, a table by lower-case name."""

    def __init__(
        self,
        state: State,
        settings: Settings,
        commands: Mapping[str, Command],
        generator: random.Random,
    ) -> None:
        self._state, self._settings, self._commands, self._random = (
            state,
            settings,
            commands,
            generator,
        )

    def reads(self, command: str) -> bool:
        return command.lower() in self._commands and self._commands[command.lower()].read

    def answer(self, request: Request, seen: Callable[[Domain], Domain], fault: str) -> Answer:
        command = self._commands.get(request.command.lower())
        result = self._run(command, request, seen, fault)
        if fault == "contradiction" and not result.errors:
            result.errors = [Failure("", "Invalid Item specified")]  # [S]
        result.done = fault != "no_done"
        site = "eNom\N{REGISTERED SIGN}" if fault == "latin1" else "eNom"
        key = str(uuid.UUID(int=self._random.getrandbits(128), version=4))
        wanted = request.parameters.get("responsetype", "").upper()
        form = Form(wanted, self._skin(command), self._state.now(), key, site)
        content_type, text = render(result, form)
        return Answer(200, content_type, text.encode())

    def _skin(self, command: Command | None) -> str:
        name = command.name if command else ""
        by_command = {key.lower(): skin for key, skin in self._settings.skins.items()}
        auto = command.skin if command else "API"
        return by_command.get(name.lower()) or (
            auto if self._settings.skin == "auto" else self._settings.skin
        )

    def _run(
        self,
        command: Command | None,
        request: Request,
        seen: Callable[[Domain], Domain],
        fault: str,
    ) -> Result:
        result = Result(request.command)
        try:
            account = self._admitted(request, result)
            if account is None:
                return result
            if fault == "maintenance":
                raise Failure("618000", "The system is down for maintenance")  # constructed [I]
            if fault == "balance":
                raise insufficient()
            if command is None:
                raise Failure("304150", "The command is not recognised")
            call = Call(self._state, self._settings, account, request.parameters, seen)
            if command.domain:
                domain = self._domain(request, account)
                call.found = seen(domain) if command.read else domain
            result.elements = command.run(call)
            result.errors = call.errors
        except Failure as failure:
            result.errors.append(failure)
        return result

    def _admitted(self, request: Request, result: Result) -> Account | None:
        account = self._state.accounts.get(
            (request.environment, request.parameters.get("uid", "").lower())
        )
        if account and request.client not in account.allow:
            result.errors.append(
                Failure("713254", f"User not permitted from this IP address - {request.client}")
            )
        if account is None or request.parameters.get("pw", "") != account.token:
            result.uncounted = len(result.errors)
            result.errors.append(Failure("304155", "Bad User name or Password"))
        return None if result.errors else account

    def _domain(self, request: Request, account: Account) -> Domain:
        values = request.parameters
        if values.get("domainnameid"):
            by_id = (d for d in self._state.owned(account) if str(d.id) == values["domainnameid"])
            domain = next(by_id, None)
        else:
            for name, code in (("sld", "301151"), ("tld", "301152")):
                if not values.get(name):
                    raise Failure(code, f"{name.upper()} is missing")
            domain = self._state.find(
                f"{values['sld']}.{values['tld']}".lower(), account.environment
            )
        if domain is None:
            raise Failure("316153", "Domain name not found")
        if domain.uid != account.uid:
            raise Failure("703380", "Domain name is not in this account")
        if not domain.active:
            raise Failure("316154", "Domain name not active")
        return domain


def insufficient() -> Failure:
    return Failure("524181", "The account balance is too low for this purchase")  # constructed [I]
