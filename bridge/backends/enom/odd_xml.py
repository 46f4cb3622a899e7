"""XML that is not quite XML, read as far as there is one way to read it. Pure.

Enom's lists hold what customers typed, passwords among it, and one character of one customer must
not stop the mailboxes of a whole domain. A `&` that begins no reference and a `<` that begins no
tag can only be themselves; a character that no XML may hold is marked with its place, so that
whoever needs that very value can tell that it cannot be read.

Rule 1: what cannot be read is told by line and column, never by its text. Rule 2: a DTD is refused,
whatever it declares. Rule 3: nothing that a customer typed hides what follows. Where values stand
unescaped, two passwords are the two ends of a comment, and each mailbox between them would be read
as gone.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from html.entities import html5
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, ParseError
from xml.sax.saxutils import escape

from defusedxml.ElementTree import fromstring

from bridge.backends.text import PLACE, line_and_column
from bridge.domain.errors import MalformedReply

BEGINNING = re.compile(r"[\ufeff\x00\s]*(?:<\?xml[^>]*\?>)?\s*", re.IGNORECASE)
MOST = 10_000
"""Characters that are put right in one answer; what holds more of them is no XML with a slip in
it."""
HIDING = {"<!--": "-->", "<![CDATA[": "]]>", "<?": "?>"}
"""What is passed over as a whole, or read as text: opening -> closing."""
PREDEFINED = frozenset({"amp", "lt", "gt", "quot", "apos"})
NAME = r"[A-Za-z_][A-Za-z0-9_.:-]*"
ILLEGAL = "[^\t\n\r\x20-\ud7ff\uf900-\ufffd\U00010000-\U0010ffff\ue002-\uf8ff]"
TOKEN = re.compile(
    rf"""
    (?P<whole> <!--.*?(?:-->|\Z) | <!\[CDATA\[.*?(?:\]\]>|\Z) )
    | (?P<tag> </?{NAME}(?:\s+{NAME}\s*=\s*(?:"[^"<]*"|'[^'<]*'))*\s*/?> | <\?.*?(?:\?>|\Z) )
    | (?P<declaration> <!(?=DOCTYPE|ENTITY|ELEMENT|ATTLIST|NOTATION) )
    | &(?P<reference> \#[0-9]{{1,7}} | \#[xX][0-9A-Fa-f]{{1,6}} | [A-Za-z][A-Za-z0-9]* );
    | (?P<illegal> {ILLEGAL} )
    | (?P<loose> \]\]> | & | < )
    """,
    re.VERBOSE | re.DOTALL,
)


def parse(text: str) -> Element:
    """The root element. Raises MalformedReply, with the place at which it cannot be read."""
    text = text.replace("\ue000", "\ufffd").replace("\ue001", "\ufffd")
    begin = BEGINNING.match(text).end()  # type: ignore[union-attr]  # it fits everywhere
    whole = text.rstrip("\x00 \t\r\n")
    if (at := _hiding(whole, begin)) is not None:
        place = line_and_column(*_Lines(whole).place(at))
        raise MalformedReply(
            "Enom's answer has an unclosed comment or section "
            f"from {place} on, so it cannot be read."
        )
    root, _ = _strict(whole[begin:])
    if root is not None:
        return root
    mended = _Mended(whole, begin)
    root, fault = _strict(mended.text)
    if root is not None:
        return root
    raise MalformedReply(
        f"Enom's answer is not well-formed XML at {mended.place(fault)}, so it cannot be read."
    )


def unreadable(text: str | None) -> str:
    """Where a character of this value could not be read; empty: all could."""
    found = PLACE.search(text or "")
    return line_and_column(*map(int, found[1].split(":"))) if found else ""


def _hiding(text: str, begin: int) -> int | None:
    """Where a comment, a section or an instruction begins that holds the end of an element;
    None: there is none."""
    for opening, closing in HIDING.items():
        at = begin
        while (at := text.find(opening, at)) >= 0 and (
            end := text.find(closing, at + len(opening))
        ) >= 0:
            if text.find("</", at + len(opening), end) >= 0:
                return at
            at = end
    return None


def _strict(text: str) -> tuple[Element | None, tuple[int, int] | None]:
    """The root, or the line and column at which it is none; without a place where a DTD is
    refused."""
    try:
        # All that defusedxml refuses, entities and what is fetched from elsewhere, is declared in a
        # DTD. What has none is read by the parser in C, in half the time.
        if "<!DOCTYPE" not in text:
            return ElementTree.fromstring(text), None  # noqa: S314  # it has no DTD
        return fromstring(text, forbid_dtd=True), None
    except ParseError as error:
        return None, error.position
    except ValueError:
        return None, None


class _Mended:
    """The text from `begin` on, made well-formed where that is unambiguous; knows where each
    part of it stood before."""

    def __init__(self, whole: str, begin: int) -> None:
        self._whole = whole
        self._lines = _Lines(whole)
        self._new, self._old = [0], [begin]  # where a part begins: in the new text, in the old one
        parts: list[str] = []
        length = 0
        for part, old in self._parts(begin):
            self._new.append(length)
            self._old.append(old)
            parts.append(part)
            length += len(part)
        self.text = "".join(parts)

    def place(self, fault: tuple[int, int] | None) -> str:
        """Of a place in the mended text, in words about the text as it came."""
        if fault is None:
            return "its document type, which is never read"
        offset = _Lines(self.text).offset(*fault)
        nth = bisect_right(self._new, offset) - 1
        return line_and_column(
            *self._lines.place(min(self._old[nth] + offset - self._new[nth], len(self._whole)))
        )

    def _parts(self, at: int) -> Iterator[tuple[str, int]]:
        """Each part, and where it began."""
        mended = 0
        for token in TOKEN.finditer(self._whole, at):
            if (text := self._mend(token)) == token[0]:
                continue
            if (mended := mended + 1) > MOST:
                place = line_and_column(*self._lines.place(token.start()))
                raise MalformedReply(
                    f"Enom's answer contains too much invalid XML; reading stopped at {place}."
                )
            yield self._whole[at : token.start()], at
            yield text, token.start()
            at = token.end()
        yield self._whole[at:], at

    def _mend(self, token: re.Match[str]) -> str:
        text = token[0]
        match token.lastgroup:
            case "loose":
                return escape(text)
            case "illegal":
                return self._mark(token.start())
            case "reference":
                return self._referred(token["reference"], text, token.start())
            case "whole":
                return re.sub(
                    ILLEGAL, lambda found: self._mark(token.start() + found.start()), text
                )
        return text

    def _referred(self, name: str, text: str, at: int) -> str:
        if name.startswith("#"):
            code = int(name[2:], 16) if name[1] in "xX" else int(name[1:])
            legal = code <= 0x10FFFF and not re.match(ILLEGAL, chr(code))
            return f"&#{code};" if legal else self._mark(at)
        if name in PREDEFINED:
            return text
        return escape(html5[f"{name};"]) if f"{name};" in html5 else escape(text)

    def _mark(self, at: int) -> str:
        line, column = self._lines.place(at)
        return f"\ue000{line}:{column}\ue001"


class _Lines:
    """Lines from 1, columns from 1 of a place; as the parser counts them, columns from 0, the
    other way."""

    def __init__(self, text: str) -> None:
        self._begins = [0, *(found.end() for found in re.finditer("\n", text))]

    def place(self, offset: int) -> tuple[int, int]:
        line = bisect_right(self._begins, offset)
        return line, offset - self._begins[line - 1] + 1

    def offset(self, line: int, column: int) -> int:
        return self._begins[min(line, len(self._begins)) - 1] + column
