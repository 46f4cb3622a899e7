"""The keys of bridge.toml, their types and defaults: the contract's list as marshmallow schemas.

Rule 1: a default goes through the same reading as a value from the file, so it stands here as one would write it there.
"""

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from marshmallow import Schema, ValidationError, fields, pre_load, validate

from bridge.config import values
from bridge.config.secret import resolve
from bridge.domain.nearest import did_you_mean

DEFAULT_PARAMETERS = {"UserName": "{local}", "SLD": "{sld}", "TLD": "{tld}"}
surroundings: ContextVar[tuple[Path, Mapping[str, str]]] = ContextVar("surroundings")  # the folder and the environment


def needed(example: str) -> dict[str, Any]:
    return {"required": True, "error_messages": {"required": f"is missing; add it, such as {example}"}}


class Text(fields.String):
    """A string in the form that `read` makes of it."""

    default_error_messages = {"invalid": "must be text in quotes"}  # noqa: RUF012  the form that marshmallow reads

    def __init__(self, read: Callable[[str], Any] = str, **options: Any) -> None:
        super().__init__(**options)
        self.read = read

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, *args, **kwargs)
        try:
            return self.understand(text)
        except ValueError as fault:
            raise ValidationError(str(fault)) from None

    def understand(self, text: str) -> Any:
        return self.read(text)


class SecretText(Text):
    """A secret as itself, `env:NAME` or `file:PATH`; `read` checks what was found. Empty is None where it has a default."""

    def understand(self, text: str) -> Any:
        if not text and not self.required:
            return None
        secret = resolve(text, *surroundings.get())
        self.read(secret.reveal())
        return secret


class DatabaseText(Text):
    """Not masked as a whole, but it may hold a password, so it may come from elsewhere like one."""

    def understand(self, text: str) -> Any:
        return self.read(resolve(text, *surroundings.get()).reveal())


class Whole(fields.Integer):
    default_error_messages = {"invalid": "must be a whole number without quotes"}  # noqa: RUF012

    def __init__(self, default: int, low: int, high: int | None = None) -> None:
        super().__init__(strict=True, load_default=default, validate=_range(low, high))


class Number(fields.Float):
    default_error_messages = {  # noqa: RUF012
        "invalid": "must be a number without quotes",
        "special": "must be a finite number",
    }

    def __init__(self, default: float, zero: bool = False, high: int | None = None) -> None:
        super().__init__(load_default=default, validate=_range(0, high) if zero else _above_zero)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(value, int | float):
            raise self.make_error("invalid")
        super()._deserialize(value, *args, **kwargs)
        return value


class Flag(fields.Field[bool]):
    def __init__(self, default: bool) -> None:
        super().__init__(load_default=default)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError("must be true or false, without quotes")
        return value


class Items(fields.List[Any]):
    """A list as a tuple."""

    default_error_messages = {"invalid": "must be a list in square brackets"}  # noqa: RUF012

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        return tuple(super()._deserialize(value, *args, **kwargs))


class Named(fields.Field[dict[str, Any]]):
    """Entries under names that the admin chooses. What is wrong is told by name; what is right is kept all the same."""

    def __init__(self, name: Callable[[str], Any], entry: Callable[[], Schema | Text], default: dict[str, str]) -> None:
        super().__init__(load_default=default)
        self.check_name, self.entry = name, entry

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise ValidationError("must be a table")
        entry = self.entry()
        read = entry.load if isinstance(entry, Schema) else entry.deserialize
        faults: dict[str, Any] = {}
        valid: dict[str, Any] = {}
        for name, content in value.items():
            try:
                self.check_name(name)
                valid[name] = read(content)
            except ValidationError as error:
                faults[name] = error.messages
                valid[name] = error.valid_data or {}
            except ValueError as fault:
                faults[name] = [str(fault)]
        if faults:
            raise ValidationError(faults, valid_data=valid)
        return valid


class UnknownKey(str):
    """The sentence for a key that a table does not have. Which key that is, is known only where all faults are gathered."""

    known: tuple[str, ...]

    def __new__(cls, known: tuple[str, ...]) -> "UnknownKey":
        made = super().__new__(cls, "is not a key of this table")
        made.known = known
        return made

    def about(self, key: str) -> str:
        meant = did_you_mean(key, self.known)
        return f"{self}; {f'{meant} Correct' if meant else 'correct'} or remove it (known here: {', '.join(self.known)})"


class Table(Schema):
    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.error_messages = {"unknown": UnknownKey(tuple(self.fields)), "type": "must be a table"}

    @pre_load
    def fill(self, data: Any, **_: Any) -> Any:
        if not isinstance(data, dict):
            return data
        defaults = {name: field.load_default for name, field in self.fields.items() if not field.required}
        return {name: value for name, value in defaults.items() if value is not None} | data


def choice(*allowed: str, **options: Any) -> Text:
    return Text(validate=lambda value: _one_of(value, allowed), **options)


def _one_of(value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        meant = did_you_mean(value, allowed)
        raise ValidationError(f"must be one of: {', '.join(allowed)}{f'; {meant}' if meant else ''}")


def table(schema: type[Table], **options: Any) -> fields.Nested:
    return fields.Nested(schema, **(options or {"load_default": {}}))


def _range(low: int, high: int | None = None) -> validate.Range:
    return validate.Range(low, high, error=f"must be {low} or more" if high is None else f"must be from {low} to {high}")


def _above_zero(value: float) -> None:
    if value <= 0:
        raise ValidationError("must be more than 0")


_SOME = validate.Length(min=1, error="is empty; it needs at least one entry")


class BridgeTable(Table):
    public_url = Text(values.public_url, load_default="http://127.0.0.1:8080")
    listen = Text(values.address, load_default="127.0.0.1:8080")
    metrics_listen = Text(values.optional_address, load_default="127.0.0.1:9108")
    trusted_proxies = Items(Text(values.network), load_default=[])
    database = DatabaseText(values.database, load_default="sqlite:///bridge.sqlite3")
    keys = Items(SecretText(values.bridge_key, required=True), validate=_SOME, **needed('keys = ["env:BRIDGE_KEY"]'))
    wait_limit = Whole(20, 0, 60)
    keep_days = Whole(90, 1)
    log_format = choice("text", "json", load_default="text")
    resolver = Text(values.optional_address, load_default="")


class WorkerTable(Table):
    concurrency = Whole(8, 1)
    retry_hours = Number(72)
    reconcile_at = Text(values.time_of_day, load_default="03:00")


class SafetyTable(Table):
    max_terminations_per_hour = Whole(20, 0)
    max_purchases_per_day = Whole(20, 0)
    terminate_grace_days = Whole(0, 0)
    max_suspended_share = Number(0.5, zero=True, high=1)


class AdminTable(Table):
    password_hash = SecretText(values.password_hash, load_default="")
    view_password_hash = SecretText(values.password_hash, load_default="")
    user_header = Text(values.optional_header, load_default="")
    user_admins = Items(Text(values.user), load_default=[])
    notify = Text(values.notify, load_default="")
    smtp = Text(values.smtp, load_default="")
    smtp_password = SecretText(load_default="")
    summary_at = Text(values.minute_of_day, load_default="")


class HostedEmailTable(Table):
    endpoint = Text(values.api_url, load_default="https://admin.a.hostedemail.com/api")
    user = Text(values.filled, **needed('user = "admin@reseller.example"'))
    password = SecretText(values.filled, **needed('password = "env:HOSTED_EMAIL_PASSWORD"'))
    keep_receiving = Flag(False)


class CommandTable(Table):
    command = Text(values.command, **needed("the command that Enom's Email API documents for this"))
    parameters = Named(values.parameter_name, lambda: Text(values.template), DEFAULT_PARAMETERS)


class CommandsTable(Table):
    suspend = table(CommandTable, **needed("the table [accounts.NAME.commands.suspend]"))
    unsuspend = table(CommandTable, **needed("the table [accounts.NAME.commands.unsuspend]"))


class AccountTable(Table):
    environment = choice("test", "live", load_default="test")
    mode = choice("act", "observe", load_default="act")
    uid = Text(values.filled, **needed('uid = "reseller"'))
    token = SecretText(values.filled, **needed('token = "env:ENOM_TOKEN"'))
    endpoint = Text(values.enom_url, load_default="")
    max_in_flight = Whole(4, 1)
    timeout = Number(30)
    settle = Number(120, zero=True)
    purchase = choice("never", "paks", "boxes", load_default="never")
    place_price = Number(0, zero=True)
    suspend_with = choice(
        "hosted-email",
        "lock-out",
        "commands",
        "refuse",
        **needed('suspend_with = "hosted-email", or "lock-out", "commands", "refuse": it has no default'),
    )
    hosted_email = table(HostedEmailTable, load_default=None)
    commands = table(CommandsTable, load_default=None)
    mail_hosts = Items(Text(values.host_name), load_default=["hostedemail.com"])
    spf_include = Text(values.optional_host_name, load_default="_spf.hostedemail.com")


class PlanTable(Table):
    quota_gb = Whole(10, 1)


class SourceTable(Table):
    platform = Text(load_default="whmcs")
    account = Text(**needed('account = "main"'))
    secrets = Items(SecretText(values.source_secret, required=True), validate=_SOME, **needed('secrets = ["env:NAME"]'))
    signature = choice("standard", "itsdangerous", load_default="standard")
    callback = Text(lambda text: values.web_url(text) if text else text, load_default="")
    callback_loopback = Flag(False)
    domains = Items(Text(values.domain), load_default=["*"], validate=_SOME)
    domain_per_customer = Flag(True)
    allow_from = Items(Text(values.network), load_default=[])


class Document(Table):
    bridge = table(BridgeTable)
    worker = table(WorkerTable)
    safety = table(SafetyTable)
    admin = table(AdminTable)
    accounts = Named(values.name, AccountTable, {})
    plans = Named(values.plan_name, PlanTable, {})
    sources = Named(values.name, SourceTable, {})
