"""The kinds of values in a body. Each knows its rule, which is at once the error's remedy and the
OpenAPI description.

Rule 1: no error repeats a value, for it may be a password.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from marshmallow import ValidationError, fields, validate

from hooks import address

_UNFIT = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")
FIT = r"[^\x00-\x08\x0a-\x1f\x7f]"
"""One character that is not unfit, for a pattern; halves of surrogate pairs, which no pattern
can name, apart."""
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(
    _DATE.pattern + r"[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
PLACE_RULE = (
    "Send `next` of the answer before, or an RFC 3339 time with its zone, like "
    "2026-11-22T17:27:00Z, to begin there; leave it "
    "out to begin with the oldest."
)
PLACE = [
    {"pattern": r"^[0-9]{1,12}(\.[0-9]{1,9})?/[A-Za-z0-9_]*$"},
    {"format": "date-time"},
    {"type": "null"},
]
MOMENT_RULE = "Send an RFC 3339 time with its zone, like 2026-11-22T17:27:00Z."
UNTIL_RULE = (
    "Send the date that must be covered, like 2027-11-30, or an RFC 3339 time with its zone."
)


MOST_FAULTS = 20  # of one list of addresses that are told
PLAIN: Mapping[str, Any] = {"pattern": f"^{FIT}*$"}


class Text(fields.String):
    """A string without line breaks, control characters and lone surrogates, within a length or
    of a pattern."""

    def __init__(
        self,
        rule: str,
        *,
        required: bool = False,
        longest: int = 255,
        pattern: str = "",
        described: Mapping[str, Any] = PLAIN,
    ) -> None:
        fault = f"Wrong length or characters. {rule}"
        shape = (
            validate.Regexp(pattern, error=fault)
            if pattern
            else validate.Length(max=longest, error=fault)
        )
        super().__init__(
            required=required,
            allow_none=not required,
            validate=shape,
            error_messages=_messages(rule),
            metadata={"description": rule, **({} if pattern and described is PLAIN else described)},
        )

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        return _fit(self, value)


class Address(Text):
    """A mailbox address; loads in the one spelling of `hooks.address`."""

    def __init__(self) -> None:
        described = {"format": "idn-email", "pattern": address.SHAPE}
        super().__init__(
            "Send the mailbox's address, like john@example.com.",
            required=True,
            longest=320,
            described=described,
        )

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        try:
            return address.normalise(_fit(self, value))
        except ValueError as error:
            raise ValidationError(str(error)) from None


class Addresses(fields.Field[tuple[str, ...]]):
    """A set of addresses, at most so many; loads sorted, each spelled as `spell` does it. A fault
    names the entry by its number."""

    def __init__(self, rule: str, most: int, spell: Callable[[str], str]) -> None:
        described = {
            "type": "array",
            "items": {"type": "string", "format": "idn-email"},
            "maxItems": most,
            "description": rule,
        }
        own = {"list": f"Not a list. {rule}", "many": f"More than {most} addresses. {rule}"}
        super().__init__(required=True, error_messages=_messages(rule) | own, metadata=described)
        self.most, self.spell = most, spell

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> tuple[str, ...]:
        if not isinstance(value, list):
            raise self.make_error("list")
        if len(value) > self.most:
            raise self.make_error("many")
        faults: list[str] = []
        first: dict[str, int] = {}
        for number, each in enumerate(value, 1):
            try:
                spelled = self.spell(_fit(self, each))
            except ValidationError as error:
                faults += [f"Entry {number}: {fault}" for fault in error.messages]
            except ValueError:
                faults.append(f"Entry {number}: Not an address. {self.error_messages['rule']}")
            else:
                if (same := first.setdefault(spelled, number)) != number:
                    faults.append(
                        f"Entry {number} is the same address as entry {same}. Send each once."
                    )
        if faults:
            raise ValidationError(faults[:MOST_FAULTS])
        return tuple(sorted(first))


class Domain(Text):
    """A mail domain; loads in the one spelling of `hooks.address`."""

    def __init__(self) -> None:
        super().__init__(
            "Send a mail domain, like example.com.",
            required=True,
            longest=253,
            described={"format": "idn-hostname"},
        )

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        try:
            return address.normalise_domain(_fit(self, value))
        except ValueError:
            raise self.make_error("domain") from None


class Count(fields.Field[int]):
    """A whole number within bounds; a text, a fraction and a truth value are refused."""

    def __init__(self, rule: str, *, least: int, most: int) -> None:
        described = {
            "type": "integer",
            "minimum": least,
            "maximum": most,
            "description": rule,
        }
        super().__init__(
            allow_none=True,
            error_messages=_messages(rule) | {"count": f"Not a whole number in bounds. {rule}"},
            metadata=described,
        )
        self.least, self.most = least, most

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> int:
        # True is an int, too.
        if type(value) is not int or not self.least <= value <= self.most:
            raise self.make_error("count")
        return value


class Flag(fields.Field[bool]):
    """True or false; a text such as "yes", and a number, are refused."""

    def __init__(self, rule: str) -> None:
        described = {"type": "boolean", "description": rule}
        super().__init__(
            error_messages=_messages(rule) | {"flag": f"Not true or false. {rule}"},
            metadata=described,
        )

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("flag")
        return value


class Moment(fields.Field[datetime]):
    """An RFC 3339 time, in UTC; with `dates`, also a date, which means its last second."""

    def __init__(self, rule: str = MOMENT_RULE, *, dates: bool = False) -> None:
        forms = (
            {"anyOf": [{"format": "date"}, {"format": "date-time"}]}
            if dates
            else {"format": "date-time"}
        )
        described = {"type": "string", "description": rule, **forms}
        super().__init__(required=True, error_messages=_messages(rule), metadata=described)
        self.dates = dates

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> datetime:
        text = _fit(self, value)
        if self.dates and _DATE.fullmatch(text):
            text += "T23:59:59Z"
        found = moment(text)
        if found is None:
            raise self.make_error("time")
        return found


def moment(text: str) -> datetime | None:
    """The RFC 3339 time that a text is, in UTC; None when it is none."""
    if not _TIME.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _fit(field: fields.Field[Any], value: Any) -> str:
    if not isinstance(value, str):
        raise field.make_error("text")
    if _UNFIT.search(value):
        raise field.make_error("unfit")
    return value


def _messages(rule: str) -> dict[str, str | list[Any] | dict[Any, Any]]:
    return {
        "rule": rule,
        "required": f"Missing. {rule}",
        "null": f"Null. {rule}",
        "text": f"Not a string. {rule}",
        "unfit": "Holds a line break, a control character or half of a surrogate pair. Leave it out.",
        "time": f"Not a time. {rule}",
        "domain": f"Not a domain. {rule}",
    }
