"""What checks bridge.toml: marshmallow schemas, made from the declarations of the settings."""

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import fields as fields_of
from dataclasses import is_dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType, NoneType, UnionType
from typing import Any, Union, cast, get_args, get_origin, get_type_hints

from marshmallow import Schema, ValidationError, fields, pre_load, validate

from bridge.config import settings
from bridge.config.origin import resolve
from bridge.domain.suggestions import did_you_mean
from bridge.infra.secret import Secret
from bridge.infra.setting import Setting, declared

NOT_EMPTY = validate.Length(min=1, error="is empty; it needs at least one entry")
surroundings: ContextVar[tuple[Path, Mapping[str, str]]] = ContextVar("surroundings")
"""The folder and the environment that secrets come from."""


class Text(fields.String):
    """A string in the form that `read` makes of it."""

    default_error_messages = {"invalid": "must be text in quotes"}  # noqa: RUF012  marshmallow declares it so; nobody changes it

    def __init__(self, read: Callable[[str], Any] | None, **options: Any) -> None:
        super().__init__(**options)
        self.read = read or str

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, *args, **kwargs)
        try:
            return self.understand(text)
        except ValueError as fault:
            raise ValidationError(str(fault)) from None

    def understand(self, text: str) -> Any:
        return self.read(text)


class SecretText(Text):
    """A secret as itself, `env:NAME` or `file:PATH`; `read` checks what was found.

    Empty is None where it has a default.
    """

    def understand(self, text: str) -> Any:
        if not text and not self.required:
            return None
        secret = resolve(text, *surroundings.get())
        self.read(secret.reveal())
        return secret


class TextFromElsewhere(Text):
    """Not masked as a whole, but it may hold a password or belongs to one, so it may come from
    where one does."""

    def understand(self, text: str) -> Any:
        return self.read(resolve(text, *surroundings.get()).reveal())


class Whole(fields.Integer):
    default_error_messages = {"invalid": "must be a whole number without quotes"}  # noqa: RUF012  marshmallow declares it so; nobody changes it

    def __init__(self, **options: Any) -> None:
        super().__init__(strict=True, **options)


class Number(fields.Float):
    default_error_messages = {  # noqa: RUF012  marshmallow declares it so; nobody changes it
        "invalid": "must be a number without quotes",
        "special": "must be a finite number",
    }

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(value, int | float):
            raise self.make_error("invalid")
        super()._deserialize(value, *args, **kwargs)
        return value


class Flag(fields.Field[bool]):
    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError("must be true or false, without quotes")
        return value


class Items(fields.List[Any]):
    default_error_messages = {"invalid": "must be a list in square brackets"}  # noqa: RUF012  marshmallow declares it so; nobody changes it

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        return tuple(super()._deserialize(value, *args, **kwargs))


class Named(fields.Field[dict[str, Any]]):
    """Entries under names that the admin chooses. A fault is told by its entry's name; what is
    right is kept all the same."""

    def __init__(
        self,
        name: Callable[[str], Any],
        entry: Callable[[], Schema | Text],
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.check_name, self.entry = name, entry

    def entries(self) -> tuple[Schema | Text, ...]:
        """One for each kind of entry that there may be."""
        return (self.entry(),)

    def entry_for(self, content: Any) -> Schema | Text:
        return self.entry()

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise ValidationError("must be a table")
        faults: dict[str, Any] = {}
        valid: dict[str, Any] = {}
        for name, content in value.items():
            try:
                self.check_name(name)
                entry = self.entry_for(content)
                read = entry.load if isinstance(entry, Schema) else entry.deserialize
                valid[name] = read(content)
            except ValidationError as error:
                faults[name] = error.messages
                valid[name] = error.valid_data or {}
            except ValueError as fault:
                faults[name] = [str(fault)]
        if faults:
            raise ValidationError(faults, valid_data=valid)
        return valid


class Accounts(Named):
    """Entries whose keys depend on their `backend`."""

    def entries(self) -> tuple[Schema | Text, ...]:
        return tuple(account_table(name) for name in settings.backends())

    def entry_for(self, content: Any) -> Schema | Text:
        known = tuple(settings.backends())
        chosen = content.get("backend", known[0]) if isinstance(content, dict) else known[0]
        if chosen not in known:
            raise ValidationError({"backend": [_not_one_of(str(chosen), known)]})
        return account_table(chosen)


class UnknownKey(str):
    """The sentence for a key that a table does not have. Which key that is, is known only where
    all faults are gathered. `elsewhere`: keys that the table would have otherwise, and when."""

    known: tuple[str, ...]
    elsewhere: Mapping[str, str]

    def __new__(cls, known: tuple[str, ...], elsewhere: Mapping[str, str]) -> "UnknownKey":
        made = super().__new__(cls, "is not a key of this table")
        made.known, made.elsewhere = known, elsewhere
        return made

    def about(self, key: str) -> str:
        if key in self.elsewhere:
            return self.elsewhere[key]
        meant = did_you_mean(key, self.known)
        remedy = f"{meant} Correct" if meant else "correct"
        return f"{self}; {remedy} or remove it (known here: {', '.join(self.known)})"


class Table(Schema):
    def __init__(self, elsewhere: Mapping[str, str] = MappingProxyType({}), **options: Any) -> None:
        super().__init__(**options)
        unknown = UnknownKey(tuple(self.fields), elsewhere)
        self.error_messages = {"unknown": unknown, "type": "must be a table"}

    @pre_load
    def fill(self, data: Any, **_: Any) -> Any:
        if not isinstance(data, dict):
            return data
        usual = {name: each.load_default for name, each in self.fields.items() if not each.required}
        return {name: value for name, value in usual.items() if value is not None} | data


def schema_of(table: type) -> type[Table]:
    """The schema of a dataclass whose fields are settings; other fields are left out."""
    types = get_type_hints(table)
    spec = {each.name: declared(each) for each in fields_of(table)}
    made = {name: field_of(types[name], each) for name, each in spec.items() if each}
    return type(f"{table.__name__}Table", (Table,), made)


def account_table(backend: str) -> Table:
    """The keys of every account and those of its backend; it knows which are another backend's."""
    result = 'belongs to backend = "{}", and this account has backend = "{}"; {}'
    remedy = "remove the key, or change backend"
    tables = {name: ACCOUNT_TABLES[name] for name in settings.backends()}
    elsewhere = {
        key: result.format(other, backend, remedy)
        for other, table in tables.items()
        for key in table().fields  # its own are known, and so never looked up here
    }
    return tables[backend](elsewhere)


def usual_account() -> Table:
    return account_table(next(iter(settings.backends())))


def field_of(of_type: Any, spec: Setting) -> fields.Field[Any]:
    """The field that reads a setting of this type."""
    options = _required(spec.needs) if spec.needs else {"load_default": spec.default}
    if get_origin(of_type) in (Union, UnionType):  # X | None, or the two kinds of a network
        of_type = next(kind for kind in get_args(of_type) if kind is not NoneType)
    inner = get_args(of_type)
    if get_origin(of_type) is tuple:
        options |= {"validate": NOT_EMPTY} if spec.filled else {}
        return Items(_text(inner[0], spec, required=True), **options)
    if get_origin(of_type) is Mapping and inner[1] is settings.AccountSettings:
        return Accounts(spec.name, usual_account, **options)
    if get_origin(of_type) is Mapping:
        table = schema_of(cast(type, inner[1])) if is_dataclass(inner[1]) else None
        return Named(spec.name, table or partial(Text, spec.read), **options)
    if is_dataclass(of_type):
        return fields.Nested(schema_of(cast(type, of_type)), **options)
    if of_type is bool:
        return Flag(**options)
    if of_type in (int, float) and spec.read is None:
        return (Whole if of_type is int else Number)(validate=_range(spec), **options)
    return _text(of_type, spec, validate=partial(_one_of, spec.choices), **options)


def _text(of_type: Any, spec: Setting, **options: Any) -> Text:
    kind = SecretText if of_type is Secret else TextFromElsewhere if spec.elsewhere else Text
    return kind(spec.read, **options)


def _required(example: str) -> dict[str, Any]:
    result = f"is missing; add it, such as {example}"
    return {"required": True, "error_messages": {"required": result}}


def _one_of(choices: tuple[str, ...], value: Any) -> None:
    if choices and value not in choices:
        raise ValidationError(_not_one_of(value, choices))


def _not_one_of(value: str, choices: tuple[str, ...]) -> str:
    meant = did_you_mean(value, choices)
    return f"must be one of: {', '.join(choices)}{f'; {meant}' if meant else ''}"


def _range(spec: Setting) -> Callable[[Any], Any]:
    if spec.above is not None:
        error = f"must be more than {spec.above}"
        return validate.Range(spec.above, min_inclusive=False, error=error)
    to = f"from {spec.low} to {spec.high}" if spec.high is not None else f"{spec.low} or more"
    return validate.Range(spec.low, spec.high, error=f"must be {to}")


ACCOUNT_TABLES = {name: schema_of(made) for name, made in settings.ACCOUNTS.items()}
Document = schema_of(settings.Settings)
"""The whole of bridge.toml."""
