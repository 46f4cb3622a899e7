"""The services as billing has them: a CSV file in, claims out, or every fault at once with its
line. Pure.

Rule 1: no fault repeats what stands in the file, except an address or an id that stands there
twice: with the columns mixed up, the rest may be passwords.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from marshmallow import Schema, ValidationError

from hooks import Platform
from hooks.standard.schemas import MOST_SEATS, Terminate

NEEDED, OPTIONAL = ("service_id", "address"), ("plan", "customer_id", "seats")
SEPARATORS = ",;\t"
HEADER_RULE = (
    f"The first line must name the columns: {','.join(NEEDED)} or {','.join((*NEEDED, *OPTIONAL))}."
)

Fault = tuple[int, str]
"""The number of a line, and a sentence about it."""


@dataclass(frozen=True)
class Claim:
    """One service and a mailbox that billing says is its.

    `plan` is the name that the file gives. `seats`: how many mailboxes the service may have; None:
    this one alone.
    """

    service_id: str
    address: str
    plan: str | None = None
    customer_id: str | None = None
    seats: int | None = None


@dataclass(frozen=True)
class ServiceList:
    """`unread` names the columns that nobody reads."""

    claims: tuple[Claim, ...]
    unread: tuple[str, ...] = ()


class Unreadable(Exception):
    """The file cannot be taken as it is; `faults` has all of them, by line."""

    def __init__(self, *faults: Fault) -> None:
        self.faults = tuple(sorted(faults))
        super().__init__(f"{len(faults)} faults")


def read(content: bytes, platform: Platform) -> ServiceList:
    """Takes commas, semicolons and tabs, any line ends, with a byte order mark or without. Raises
    Unreadable.

    Ids and addresses are held to the platform's own rules, as in a hook.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unreadable((1, 'The file is not in UTF-8. Save it as "CSV UTF-8".')) from None
    # What sends webhooks of its own need not know how to terminate; its ids are then held to ours.
    schema = platform.ACTIONS.get("mailbox.terminate", Terminate)
    reader = _parsed(_lines(text), schema())
    if not reader.claims and not reader.faults:
        reader.faults.append(
            (1, "There are no lines below the header. Add a line for each service.")
        )
    if reader.faults:
        raise Unreadable(*reader.faults)
    return ServiceList(
        tuple(reader.claims),
        tuple(name for name in reader.names if name and name not in (*NEEDED, *OPTIONAL)),
    )


def _parsed(lines: Iterator[tuple[int, list[str]]], schema: Schema) -> "_Reader":
    """The claims and faults of the lines, as far as they are CSV."""
    number = 0
    reader = _Reader(schema, [])
    try:
        number, header = next(lines, (1, []))
        reader.names = [name.strip().lower().replace(" ", "_") for name in header]
        reader.faults = [(number, sentence) for sentence in _of_header(reader.names)]
        for number, row in () if reader.faults else lines:
            reader.add(number, row)
    except csv.Error as error:
        reader.faults.append(
            (number + 1, f"Not valid CSV from here on: {error}. Check the quotation marks.")
        )
    return reader


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """Rows that hold something, with the number of their last line.

    What separates them is told by the first.
    """
    first = next((line for line in text.splitlines() if line.strip()), "")
    separator = max(SEPARATORS, key=first.count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    for row in rows:
        if any(field.strip() for field in row):
            yield rows.line_num, row


def _of_header(names: Sequence[str]) -> Iterator[str]:
    if not names:
        yield f"The file is empty. {HEADER_RULE}"
        return
    for name in NEEDED:
        if name not in names:
            yield f"The column {name} is missing. {HEADER_RULE}"
    for name in (*NEEDED, *OPTIONAL):
        if names.count(name) > 1:
            yield f"The column {name} appears twice. Remove one."


class _Reader:
    """The claims so far, and what is wrong with the lines."""

    def __init__(self, schema: Schema, names: Sequence[str]) -> None:
        self.schema, self.names = schema, names
        self.claims: list[Claim] = []
        self.faults: list[Fault] = []
        self._first: dict[tuple[str, str], int] = {}
        self._seats: dict[str, tuple[int | None, int]] = {}

    def add(self, number: int, row: Sequence[str]) -> None:
        if any(field.strip() for field in row[len(self.names) :]):
            sentence = (
                f"{len(row)} fields, but the header names {len(self.names)}. Put a value with a "
                "separator in quotes."
            )
            self.faults.append((number, sentence))
            return
        given = {name: field.strip() for name, field in zip(self.names, row, strict=False)}
        try:
            optional = {"customer_id": given.get("customer_id") or None}
            known = self.schema.load({name: given.get(name, "") for name in NEEDED} | optional)
        except ValidationError as error:
            self.faults += [
                (number, f"{name}: {text}")
                for name, texts in error.messages_dict.items()
                for text in texts
            ]
            return
        seats = self._seats_of(number, given.get("seats", ""))
        self._twice(number, known["service_id"], known["address"], seats)
        self.claims.append(
            Claim(
                known["service_id"],
                known["address"],
                given.get("plan") or None,
                known["customer_id"],
                seats,
            )
        )

    def _seats_of(self, number: int, text: str) -> int | None:
        if not text:
            return None
        if not (text.isascii() and text.isdecimal() and 1 <= int(text[:9]) <= MOST_SEATS):
            sentence = f"seats: Not a whole number from 1 to {MOST_SEATS}."
            self.faults.append((number, sentence))
            return None
        return int(text[:9])

    def _twice(self, number: int, service: str, address: str, seats: int | None) -> None:
        first = self._first.setdefault(("address", address), number)
        if first != number:
            sentence = f"address {address} is already on line {first}: a mailbox has one service."
            self.faults.append((number, sentence))
        before, line = self._seats.setdefault(service, (seats, number))
        if line == number or (seats is not None and seats == before):
            return
        sentence = (
            f"service_id {service} is already on line {line}: a service has one mailbox, unless "
            "each of its lines has the same number in the column seats."
        )
        self.faults.append((number, sentence))
