"""The answer of interface.asp around a command's result: Text, HTML, and XML in the two server
generations."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from xml.sax.saxutils import escape, quoteattr

SYSTEMS = {"3": "Validation error", "5": "Payment error", "6": "System error", "7": "Policy error"}
FAULTS = {
    "01": "missing",
    "02": "duplicate",
    "03": "out of range",
    "04": "invalid ",  # the space before the semicolon is Enom's [D]
    "13": "unauthorized",
    "15": "not available",
    "16": "not found",
    "17": "expired",
    "18": "down for maintenance",
    "24": "insufficient reseller balance",
}
LABELS = {
    "000": "n/a", "150": "command", "151": "SLD", "152": "TLD", "153": "domain name(s)", "154": "domain name(s)",
    "155": "loginid", "156": "password", "160": "end-user IP", "163": "renewal settings", "170": "email record(s)",
    "172": "forward to", "181": "account balance", "182": "product type", "183": "quantity", "192": "shopping cart",
    "217": "date", "220": "service(s)", "254": "user(s)", "259": "order ID", "261": "action", "269": "pak ID",
    "271": "POP pak", "286": "user name", "315": "web storage", "380": "domain not under account",
}  # fmt: skip


class Failure(Exception):
    """One error of an answer.

    Without a code it has a text only, as the contradictory sample shows [S].
    """

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text

    @property
    def response_string(self) -> str:
        fault = (
            "not active" if self.code == "316154" else FAULTS[self.code[1:3]]
        )  # not what the scheme says [O]
        return f"{SYSTEMS[self.code[0]]}; {fault}; {LABELS[self.code[3:]]}"


@dataclass(frozen=True)
class Element:
    name: str
    text: str = ""
    children: tuple["Element", ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()
    prefix: str = ""
    """Stands before the names of its children in the Text form."""

    def xml(self) -> str:
        attributes = "".join(f" {name}={quoteattr(value)}" for name, value in self.attributes)
        inner = "".join(child.xml() for child in self.children) or escape(self.text)
        return (
            f"<{self.name}{attributes}>{inner}</{self.name}>"
            if inner
            else f"<{self.name}{attributes} />"
        )


def one(tag: str, value: object = "", /, **attributes: str) -> Element:
    return Element(tag, str(value), attributes=tuple(attributes.items()))


def group(tag: str, /, *children: Element, prefix: str = "", **attributes: str) -> Element:
    return Element(tag, children=children, prefix=prefix, attributes=tuple(attributes.items()))


def row(names: str, *values: object) -> list[Element]:
    """One element for each of the names, which spaces part."""
    return [one(name, value) for name, value in zip(names.split(), values, strict=True)]


@dataclass
class Result:
    """What a command answers: its own elements, and its errors."""

    command: str
    elements: list[Element] = field(default_factory=list)
    errors: list[Failure] = field(default_factory=list)
    uncounted: int = 0
    """Errors at the end without a <response> of their own: ErrCount 2 with ResponseCount 1 [O]."""
    done: bool = True


@dataclass(frozen=True)
class Form:
    """How an answer is written. `moment` in epoch seconds; `skin`: which envelope, "API.NET" or the
    older one."""

    response_type: str
    skin: str
    moment: float
    tracking_key: str
    site: str = "eNom"


def date(moment: float) -> str:
    """As Enom writes it: M/D/YYYY h:mm:ss AM/PM, without a zone."""
    at = datetime.fromtimestamp(moment, UTC)
    return (
        f"{at.month}/{at.day}/{at.year} {at.hour % 12 or 12}:{at:%M:%S} "
        f"{'AM' if at.hour < 12 else 'PM'}"
    )


def money(amount: float) -> str:
    return f"{amount:,.2f}"


def render(result: Result, form: Form) -> tuple[str, str]:
    """Content type and text of the answer, in the form that was asked for."""
    elements = list(_elements(result, form))
    if form.response_type == "XML":
        return "text/xml; charset=utf-8", _xml(elements, form.skin)
    pairs = list(_flat(elements))
    if form.response_type == "HTML":
        lines = "".join(
            f"<STRONG>{escape(key)}: </STRONG>{escape(value)}<br />\r\n" for key, value in pairs
        )
        return "text/html; charset=utf-8", f"<HTML><BODY>\r\n{lines}</BODY></HTML>"
    head = ";URL Interface\r\n;Machine is SJL0VWRESELL_T1\r\n;Encoding Type is utf-8\r\n"
    return "text/plain; charset=utf-8", head + "".join(
        f"{key}={' '.join(value.split())}\r\n" for key, value in pairs
    )


def _elements(result: Result, form: Form) -> Iterator[Element]:
    net = form.skin == "API.NET"
    coded = [
        error for error in result.errors[: len(result.errors) - result.uncounted] if error.code
    ]
    yield from result.elements
    language = "eng" if net else "en"
    yield from row(
        "Command APIType Language ErrCount",
        result.command.upper(),
        form.skin,
        language,
        len(result.errors),
    )
    if result.errors:
        yield group(
            "errors", *(one(f"Err{n}", error.text) for n, error in enumerate(result.errors, 1))
        )
    yield one("ResponseCount", len(coded))
    if coded:
        pairs = (
            row("ResponseNumber ResponseString", error.code, error.response_string)
            for error in coded
        )
        yield group("responses", *(group("response", *pair) for pair in pairs))
    names = "MinPeriod MaxPeriod Server Site IsLockable IsRealTimeTLD TimeDifference ExecTime"
    if net:
        yield from row(names, 1, 10, "sjl0vwresell_t1", form.site, "", "", "+0.00", "0.016")
    else:
        yield from row(
            f"{names} debug",
            "",
            10,
            "SJL21WRESELLT01",
            form.site,
            "True",
            "True",
            "+08.00",
            "0.0625",
            "",
        )
    if result.done:
        yield one("Done", "true")
    if net:
        yield from row(
            "TrackingKey RequestDateTime debug", form.tracking_key, date(form.moment), ""
        )


def _xml(elements: list[Element], skin: str) -> str:
    if skin == "API.NET":
        inner = "".join(element.xml() for element in elements)
        return (
            '<?xml version="1.0" '
            f'encoding="utf-8"?><interface-response>{inner}</interface-response>'
        )
    inner = "\r\n".join(element.xml() for element in elements).replace(
        "<debug />", "<debug><![CDATA[]]></debug>"
    )
    return f'<?xml version="1.0"?>\r\n<interface-response>\r\n{inner}\r\n</interface-response>\r\n'


def _flat(elements: list[Element]) -> Iterator[tuple[str, str]]:
    counts: Counter[str] = Counter()
    for element in elements:
        yield from _walk(element, "", 0, counts)


def _walk(
    element: Element, prefix: str, depth: int, counts: Counter[str]
) -> Iterator[tuple[str, str]]:
    name = element.name if element.name.startswith(prefix) else prefix + element.name
    for child in element.children:
        yield from _walk(child, element.prefix or prefix, depth + 1, counts)
    if not element.children and (element.text or depth == 0):
        numbered = depth and not name.lower().endswith("count") and not name.startswith("Err")
        counts[name] += 1
        yield (f"{name}{counts[name]}" if numbered else name), element.text
