"""interface.asp's bytes, both ways. Pure. Whatever comes in, only an Envelope or MalformedReply
comes out.

Rule 1: a value leaves this file only if its name is on a list here. GetPOP3 shows every password of
a domain [S].
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import urlencode
from xml.etree.ElementTree import Element

from bridge.backends.enom import odd_xml
from bridge.backends.text import clean, mask_of, utf8_or_latin1
from bridge.domain.errors import MalformedReply

FIELDS = frozenset(
    "success accountscreated accountsmodified accountsdeleted accountsfailed orderid bundleid "
    "bundlecount emailcount"
    " trackingkey".split()
)
MAILBOX_FIELDS = frozenset({"username", "bundleid", "quota", "quotaused"})
PAK_FIELDS = frozenset({"bundleid", "qtyavailable", "expdate"})
BYTE_ORDER_MARKS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
CHARSETS = frozenset({"utf-8", "us-ascii", "iso-8859-1", "windows-1252", "utf-16"})
ROOT = "interface-response"

Row = Mapping[str, str]


@dataclass(frozen=True)
class Envelope:
    """One answer. `err_count` is None when there was none; `done` is False when the answer was cut
    off.

    `fields` and rows have lower-case names. `codes` are pairs of number and text. Texts are short and hold nothing secret.
    `unreadable` says of each mailbox that is listed under a name that cannot be read where it stands.
    """

    command: str = ""
    err_count: int | None = None
    errors: tuple[str, ...] = ()
    codes: tuple[tuple[str, str], ...] = ()
    done: bool = False
    fields: Row = field(default_factory=dict)
    mailboxes: tuple[Row, ...] = ()
    paks: tuple[Row, ...] | None = None
    unreadable: tuple[str, ...] = ()


def encode(uid: str, token: str, command: str, parameters: Mapping[str, str]) -> bytes:
    """The body of a form POST: in a URL, passwords would end up in the logs of everything on the
    way."""
    return urlencode(
        {"command": command, "uid": uid, "pw": token, "responsetype": "XML", **parameters}
    ).encode("ascii")


def decode(body: bytes, content_type: str = "", secrets: Iterable[str] = ()) -> Envelope:
    """Reads an answer in XML of either server generation. `secrets` are values that no text of it
    may carry.

    Raises MalformedReply. Does not check whether the answer is a yes.
    """
    text = _text(body, content_type)
    root = odd_xml.parse(text) if ROOT in text.lower() else None
    for element in () if root is None else root.iter():
        element.tag = _local_name(element.tag)
    if root is None or root.tag != ROOT:
        raise MalformedReply("This is not an answer of Enom's interface.asp.")
    mask = mask_of(secrets)
    found: dict[str, list[Element]] = {}
    fields: dict[str, str] = {}
    for child in root:
        found.setdefault(child.tag, []).append(child)
        if child.tag not in ("pop", "paks", "errors", "responses"):
            for leaf in child.iter():
                name = "success" if leaf.tag == "successful" else leaf.tag
                if name in FIELDS:
                    fields.setdefault(name, clean(leaf.text, mask))
    rows = found.get("pop", ())
    nameless = [_nameless(row) for row in rows]
    return Envelope(
        command=_first(found, "command", mask),
        err_count=_number(_first(found, "errcount", mask)),
        errors=tuple(clean(text.text, mask) for group in found.get("errors", ()) for text in group),
        codes=tuple(_code(pair, mask) for group in found.get("responses", ()) for pair in group),
        done=_first(found, "done", mask).lower() == "true",
        fields=fields,
        mailboxes=tuple(
            _row(row, MAILBOX_FIELDS, mask)
            for row, place in zip(rows, nameless, strict=True)
            if not place
        ),
        paks=_paks(found.get("paks"), mask),
        unreadable=tuple(filter(None, nameless)),
    )


def _text(body: bytes, content_type: str) -> str:
    for mark, name in BYTE_ORDER_MARKS:
        if body.startswith(mark):
            return body[len(mark) :].decode(name, "replace")
    charset = content_type.lower().partition("charset=")[2].partition(";")[0].strip(" \"'")
    # The engine is known to declare utf-16 over bytes in utf-8 [O]: a charset must prove itself.
    for name in (charset, "utf-8"):
        if name in CHARSETS:
            text = body.decode(name, "replace")
            if ROOT in text.lower() and "\N{REPLACEMENT CHARACTER}" not in text:
                return text
    return utf8_or_latin1(body)


@lru_cache(512)
def _local_name(tag: str) -> str:
    return tag.rpartition("}")[2].lower()


def _first(found: Mapping[str, list[Element]], name: str, mask: re.Pattern[str]) -> str:
    return clean(found[name][0].text, mask) if name in found else ""


def _number(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[0-9]{1,6}", text) else None


def _row(element: Element, names: frozenset[str], mask: re.Pattern[str]) -> Row:
    return {leaf.tag: clean(leaf.text, mask) for leaf in element if leaf.tag in names}


def _nameless(row: Element) -> str:
    """Where the name of a listed mailbox cannot be read; empty where it can."""
    names = [leaf.tag for leaf in row if leaf.tag in MAILBOX_FIELDS]
    if len(names) != len(
        set(names)
    ):  # an unescaped value has ended its field and begun another one
        return "a mailbox that shows a field twice"
    for leaf in row:
        if leaf.tag == "username":
            if len(leaf):
                return "a name with markup in it"
            if place := odd_xml.unreadable(leaf.text):
                return place
    return ""


def _code(pair: Element, mask: re.Pattern[str]) -> tuple[str, str]:
    row = _row(pair, frozenset({"responsenumber", "responsestring"}), mask)
    return row.get("responsenumber", ""), row.get("responsestring", "")


def _paks(groups: list[Element] | None, mask: re.Pattern[str]) -> tuple[Row, ...] | None:
    """None when the answer has no list of paks at all, which is not the same as an empty one."""
    if groups is None:
        return None
    rows = [row for group in groups for row in group if row.tag == "pak"]
    for leaf in (leaf for row in rows for leaf in row if leaf.tag in PAK_FIELDS):
        if place := odd_xml.unreadable(leaf.text):
            raise MalformedReply(f"Enom's answer holds a pak that cannot be read, at {place}.")
    return tuple(_row(row, PAK_FIELDS, mask) for row in rows)
