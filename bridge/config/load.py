"""From a file to `Settings`: find, read, check, build."""

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_args, get_origin, get_type_hints
from urllib.parse import unquote

from marshmallow import ValidationError

from bridge.backends.enom.settings import ENDPOINTS
from bridge.config import checks, settings
from bridge.config.schema import Document, UnknownKey, surroundings
from bridge.config.values import database_password
from bridge.infra import masking
from bridge.infra.secret import Secret

PLACES = (Path("bridge.toml"), Path("/etc/enom-bridge/bridge.toml"))


class ConfigurationError(Exception):
    """The configuration cannot be used.

    `faults` are pairs of key path and sentence with the remedy: all there are.
    """

    def __init__(self, faults: Sequence[checks.Fault]) -> None:
        super().__init__("\n".join(f"{key}: {sentence}" for key, sentence in faults))
        self.faults = list(faults)


def find(option: str | None, environ: Mapping[str, str]) -> Path:
    """The configuration to use: `--config`, else $ENOM_BRIDGE_CONFIG, else ./bridge.toml, else
    /etc/enom-bridge/bridge.toml."""
    named = option or environ.get("ENOM_BRIDGE_CONFIG")
    places = (Path(named),) if named else PLACES
    barred = ""
    for place in places:
        try:
            if place.is_file():
                return place
        except PermissionError:  # as in /root, for the user of the service
            barred = " that this user may read"
    tried = " and ".join(str(place.absolute()) for place in places)
    remedy = "create one with `enom-bridge init`, or name it with --config or ENOM_BRIDGE_CONFIG"
    raise ConfigurationError([("--config", f"no configuration at {tried}{barred}; {remedy}")])


def load(path: Path, environ: Mapping[str, str]) -> settings.Settings:
    """The settings of this file; its secrets are masked in the logs from here on.

    Raises ConfigurationError with all faults.
    """
    from hooks import PLATFORMS

    path = path.absolute()
    document, renamed = _with_new_names(_parse(path))
    token = surroundings.set((path.parent, environ))
    try:
        faults: list[checks.Fault] = []
        data: dict[str, Any] = Document().load(document)
    except ValidationError as error:
        faults = list(_flat(error.messages))
        data = error.valid_data if isinstance(error.valid_data, dict) else {}
    finally:
        surroundings.reset(token)
    faults += checks.faults(data, document, PLATFORMS)
    if faults:
        raise ConfigurationError(faults)
    built = _build(data, path)
    _register(built)
    return replace(built, warnings=(*built.warnings, *renamed))


def secrets(of: object) -> Iterator[Secret]:
    """Every secret of the settings, but for a password inside the database URL."""
    if isinstance(of, Secret):
        yield of
    elif is_dataclass(of):
        for each in fields(of):
            yield from secrets(getattr(of, each.name))
    elif isinstance(of, tuple | Mapping):
        for item in of.values() if isinstance(of, Mapping) else of:
            yield from secrets(item)


def _parse(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        fault = f"is not valid TOML: {error}"
    except UnicodeDecodeError:
        fault = "is not in UTF-8; save it as UTF-8"
    except OSError as error:
        fault = f"cannot be read: {error.strerror}"
    raise ConfigurationError([(str(path), fault)]) from None


def _with_new_names(document: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The document with keys of former versions under their present names, and what to say of
    them. Where both are written, the former one stays, and is a fault like any unknown key."""
    accounts, warnings = document.get("accounts"), []
    if not isinstance(accounts, dict):
        return document, []
    written = dict(accounts)
    for name, account in accounts.items():
        if not isinstance(account, dict) or "spf_includes" in account:
            continue
        if isinstance(former := account.get("spf_include"), str):
            rest = {key: value for key, value in account.items() if key != "spf_include"}
            written[name] = rest | {"spf_includes": [former] if former else []}
            warnings.append(
                f"accounts.{name}.spf_include has a new name; write spf_includes = "
                f"{json.dumps([former] if former else [])} instead"
            )
    return document | {"accounts": written}, warnings


def _flat(messages: Any, path: str = "") -> list[checks.Fault]:
    if isinstance(messages, list):
        key = path.rpartition(".")[2]
        return [
            (path, message.about(key) if isinstance(message, UnknownKey) else message)
            for message in messages
        ]
    return [fault for key, inner in messages.items() for fault in _flat(inner, _step(path, key))]


def _step(path: str, key: str | int) -> str:
    if key == "_schema":
        return path
    return f"{path}[{key}]" if isinstance(key, int) else f"{path}.{key}".lstrip(".")


def _build(data: dict[str, Any], path: Path) -> settings.Settings:
    """What the schemas accepted, as the frozen values; defaults that depend on others filled in."""
    built: settings.Settings = _made(settings.Settings, data | {"path": path})
    database = _database(built.bridge.database, path.parent)
    accounts = {name: _in_force(account) for name, account in built.accounts.items()}
    built = replace(
        built,
        bridge=replace(built.bridge, database=database),
        accounts=MappingProxyType(accounts),
    )
    return replace(built, warnings=tuple(_warnings(built)))


def _made(of_type: Any, value: Any) -> Any:
    """A table as the dataclass that declares it; entries under names know their name."""
    if not isinstance(value, dict):
        return value
    inner = get_args(of_type)
    if get_origin(of_type) is Mapping:
        entries = {name: _made(inner[1], _with_name(name, item)) for name, item in value.items()}
        return MappingProxyType(entries)
    made: Any = next(kind for kind in (of_type, *inner) if is_dataclass(kind))  # X or X | None
    if made is settings.AccountSettings:
        made = settings.ACCOUNTS[value["backend"]]
    types = get_type_hints(made)
    return made(**{key: _made(types[key], item) for key, item in value.items()})


def _with_name(name: str, item: Any) -> Any:
    return item | {"name": name} if isinstance(item, dict) else item


def _in_force(account: settings.AccountSettings) -> settings.AccountSettings:
    if isinstance(account, settings.EnomAccountSettings):
        return replace(account, endpoint=account.endpoint or ENDPOINTS[account.environment])
    return account


def _database(url: str, folder: Path) -> str:
    scheme, _, rest = url.partition(":///")
    return f"{scheme}:///{folder / rest}" if scheme == "sqlite" else url


def _warnings(built: settings.Settings) -> list[str]:
    found = []
    inline = any(not secret.origin for secret in secrets(built))
    inline = inline or database_password(built.bridge.database) is not None
    if inline and built.path.stat().st_mode & 0o077:
        found.append(
            f"{built.path} holds secrets, and other users can read it; run `chmod 600 {built.path}`"
        )
    if not built.sources:
        found.append("no source is configured, so every hook is refused; add [sources.NAME]")
    if built.bridge.listen.host == "::":
        found.append(
            'bridge.listen "[::]" accepts only IPv6, "0.0.0.0" only IPv4; for both, put a '
            "proxy in front"
        )
    for account in built.accounts.values():
        commands = getattr(account, "commands", None)
        named = {"suspend": commands.suspend, "unsuspend": commands.unsuspend} if commands else {}
        found += [
            f"accounts.{account.name}.commands.{which} names no mailbox: add {{local}} or "
            "{address} to its parameters, or all of its domain's mailboxes may be meant"
            for which, command in named.items()
            if not any(
                "{local}" in text or "{address}" in text for text in command.parameters.values()
            )
        ]
    return found


def _register(built: settings.Settings) -> None:
    for secret in secrets(built):
        masking.register(secret.reveal().removeprefix("whsec_"))
    if password := database_password(built.bridge.database):
        masking.register(password)
        masking.register(unquote(password))
