"""From a file to `Settings`: find, read, check, build."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote

from marshmallow import ValidationError

from bridge.config import checks, settings
from bridge.config.schema import Document, UnknownKey, surroundings
from bridge.config.secret import Secret
from bridge.config.values import database_password
from bridge.infra import logs

ENDPOINTS = {  # [D]
    "live": "https://reseller.enom.com/interface.asp",
    "test": "https://resellertest.enom.com/interface.asp",
}
PLACES = (Path("bridge.toml"), Path("/etc/enom-bridge/bridge.toml"))


class ConfigurationError(Exception):
    """The configuration cannot be used. `faults` are pairs of key path and sentence with the remedy: all there are."""

    def __init__(self, faults: Sequence[checks.Fault]) -> None:
        super().__init__("\n".join(f"{key}: {sentence}" for key, sentence in faults))
        self.faults = list(faults)


def find(option: str | None, environ: Mapping[str, str]) -> Path:
    """The configuration to use: `--config`, else $ENOM_BRIDGE_CONFIG, else ./bridge.toml, else /etc/enom-bridge/bridge.toml."""
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
    """The settings of this file; its secrets are masked in the logs from here on. Raises ConfigurationError with all faults."""
    from hooks import PLATFORMS

    path = path.absolute()
    document = _parse(path)
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
    return built


def secrets(of: settings.Settings) -> list[Secret]:
    """Every secret of the settings, but for a password inside the database URL."""
    found = [*of.bridge.keys, of.admin.password_hash, of.admin.view_password_hash, of.admin.smtp_password]
    for account in of.accounts.values():
        found.append(account.token)
        found.append(account.hosted_email.password if account.hosted_email else None)
    for source in of.sources.values():
        found += source.secrets
    return [secret for secret in found if secret]


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


def _flat(messages: Any, path: str = "") -> list[checks.Fault]:
    if isinstance(messages, list):
        key = path.rpartition(".")[2]
        return [(path, told.about(key) if isinstance(told, UnknownKey) else told) for told in messages]
    return [fault for key, inner in messages.items() for fault in _flat(inner, _step(path, key))]


def _step(path: str, key: str | int) -> str:
    if key == "_schema":
        return path
    return f"{path}[{key}]" if isinstance(key, int) else f"{path}.{key}".lstrip(".")


def _build(data: dict[str, Any], path: Path) -> settings.Settings:
    bridge = data["bridge"] | {"database": _database(data["bridge"]["database"], path.parent)}
    built = settings.Settings(
        bridge=settings.Bridge(**bridge),
        worker=settings.Worker(**data["worker"]),
        safety=settings.Safety(**data["safety"]),
        admin=settings.Admin(**data["admin"]),
        accounts=_named(_account, data["accounts"]),
        plans=_named(settings.Plan, data["plans"]),
        sources=_named(settings.Source, data["sources"]),
        path=path,
    )
    return replace(built, warnings=tuple(_warnings(built)))


def _named(build: Any, tables: dict[str, Any]) -> Mapping[str, Any]:
    return MappingProxyType({name: build(name=name, **table) for name, table in tables.items()})


def _account(**table: Any) -> settings.Account:
    table["endpoint"] = table["endpoint"] or ENDPOINTS[table["environment"]]
    if table["hosted_email"]:
        table["hosted_email"] = settings.HostedEmail(**table["hosted_email"])
    if table["commands"]:
        both = {verb: settings.Command(**command) for verb, command in table["commands"].items()}
        table["commands"] = settings.Commands(**both)
    return settings.Account(**table)


def _database(url: str, folder: Path) -> str:
    scheme, _, rest = url.partition(":///")
    return f"{scheme}:///{folder / rest}" if scheme == "sqlite" else url


def _warnings(built: settings.Settings) -> list[str]:
    found = []
    inline = any(not secret.origin for secret in secrets(built)) or database_password(built.bridge.database)
    if inline and built.path.stat().st_mode & 0o077:
        found.append(f"{built.path} holds secrets, and other users can read it; run `chmod 600 {built.path}`")
    if not built.sources:
        found.append("no source is configured, so every hook is refused; add [sources.NAME]")
    if built.bridge.listen.host == "::":
        found.append('bridge.listen "[::]" accepts only IPv6, "0.0.0.0" only IPv4; for both, put a proxy in front')
    return found


def _register(built: settings.Settings) -> None:
    for secret in secrets(built):
        logs.register(secret.reveal().removeprefix("whsec_"))
    if password := database_password(built.bridge.database):
        logs.register(password)
        logs.register(unquote(password))
