"""Faults by name: armed for a command, or drawn by seed for a share of all requests.

Each is real on the wire.
"""

import random
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

from .exchange import Answer

ANY = (
    "slow",  # does it, answers after the delay
    "late",  # does it only after the delay
    *(
        "drop_before",
        "drop_after",
        "cut",
        "error_500",
        "error_500_after",
        "html",
        "html_after",
        "empty",
        "too_many",
    ),
    *("drip", "drip_headers", "huge", "wrong_encoding", "latin1", "bom"),
    *("trailing_nul", "control_byte", "broken_utf8"),
)
ODD: dict[str, bytes] = {
    "control_byte": b"a\x1fb",
    "broken_utf8": b"a\xc3(b",
    "bare_ampersand": b"a&b",
    "bare_less": b"1 < 2 <3",
    "control_reference": b"a&#x1F;b",
    "html_entity": b"a&nbsp;b",
}
"""What a customer typed, as it stands unescaped in a list: in each password that the answer
shows, and in one more field."""
FITS: dict[str, str] = {
    **dict.fromkeys(ANY, "any"),
    "stale": "read",
    **dict.fromkeys(("contradiction", "maintenance", "balance", "no_done"), "interface"),
    **dict.fromkeys(
        ("bare_ampersand", "bare_less", "control_reference", "html_entity"), "interface"
    ),
    **dict.fromkeys(
        ("oma_20", "oma_22", "oma_25", "oma_28"), "hosted"
    ),  # 28 comes after the effect
    # Says that it was there already, after the effect; says yes, and does nothing.
    **dict.fromkeys(("oma_23", "lie"), "hosted-write"),
}
"""Every fault, and the API it fits; 'read' is a read of either, 'hosted-write' what is no read
of hosted email."""
DELAYS = {"slow": 1.0, "late": 1.0, "drip": 0.05, "drip_headers": 0.05, "too_many": 2.0}
"""Seconds if nobody names any."""
LONG = ("drip", "drip_headers", "huge")
"""Not drawn by seed unless named."""
HTML = b"<html><head><title>Runtime Error</title></head><body><h1>Server Error in '/' Application.</h1></body></html>"
WIRE = {
    "drop_after": "drop",
    "cut": "cut",
    "drip": "drip",
    "drip_headers": "drip_headers",
    "huge": "huge",
}


@dataclass
class Fault:
    """One armed fault, and which of the coming requests it fires at."""

    id: int
    command: str
    fault: str
    times: int | None = 1
    """How often it still fires; None for ever."""
    probability: float = 1.0
    delay: float = 0.0
    domain: str = "*"


class Faults:
    """Decides which fault a request meets.

    The same seed and the same requests meet the same faults.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self.clear()

    def clear(self) -> None:
        self._random = random.Random(f"{self._seed} faults")  # noqa: S311  repeatable on purpose
        self._armed: list[Fault] = []
        self._share = 0.0
        self._names: tuple[str, ...] = ()
        self._count = 0

    def arm(self, fault: dict[str, Any]) -> int:
        unknown = set(fault) - {"command", "fault", "times", "probability", "delay", "domain"}
        if unknown:
            raise ValueError(f"{min(unknown)}: no such field of a fault; leave it out")
        name = _known(fault.get("fault"))
        self._count += 1
        values = {"command": "*", "delay": DELAYS.get(name, 0.0), **fault}
        times, probability = values.get("times", 1), values.get("probability", 1.0)
        if times is not None and (type(times) is not int or times < 1):
            raise ValueError(
                f"times: {times!r} is not a count; give a number from 1, or null for ever"
            )
        command = str(values["command"]).lower()
        domain = str(values.get("domain", "*")).lower()
        self._armed.append(
            Fault(
                self._count,
                command,
                name,
                times,
                float(probability),
                float(values["delay"]),
                domain,
            )
        )
        return self._count

    def chaos(self, share: float, names: list[str]) -> None:
        """From now on each request meets one of the names (all but the long ones) with
        probability `share`."""
        self._names = tuple(_known(name) for name in names) or tuple(
            name for name in FITS if name not in LONG
        )
        self._share = share

    def armed(self) -> list[dict[str, Any]]:
        return [asdict(fault) for fault in self._armed]

    def draw(self, api: str, command: str, reads: bool, domain: str = "") -> Fault | None:
        """The first armed fault that fits and fires, else perhaps one by seed."""
        fits = ("any", api, "read" if reads else f"{api}-write")
        for fault in self._armed:
            if fault.command not in ("*", command.lower()) or FITS[fault.fault] not in fits:
                continue
            if fault.domain not in ("*", domain):
                continue
            if self._random.random() < fault.probability:
                self._spend(fault)
                return fault
        if self._random.random() >= self._share:
            return None
        name = self._random.choice(self._names)
        return Fault(0, command, name, delay=DELAYS.get(name, 0.0)) if FITS[name] in fits else None

    def _spend(self, fault: Fault) -> None:
        if fault.times is not None:
            fault.times -= 1
            if not fault.times:
                self._armed.remove(fault)


def instead(fault: Fault) -> Answer | None:
    """The answer that this fault gives without doing anything; None if it lets the command run."""
    answers: dict[str, Callable[[], Answer]] = {
        "drop_before": lambda: Answer(200, "", b"", wire="drop"),
        "error_500": lambda: Answer(500, "text/html", HTML),
        "html": lambda: Answer(200, "text/html", HTML),
        "empty": lambda: Answer(200, "text/html", b""),
        "too_many": lambda: Answer(
            503, "text/html", HTML, (("Retry-After", str(round(fault.delay))),)
        ),
    }
    return answers[fault.fault]() if fault.fault in answers else None


def shaped(fault: Fault, answer: Answer) -> Answer:
    """What becomes of the answer after the command has run."""
    if fault.fault in WIRE:
        return replace(answer, wire=WIRE[fault.fault], delay=fault.delay)
    if fault.fault == "error_500_after":
        return Answer(500, "text/html", HTML)
    if fault.fault == "html_after":
        return Answer(200, "text/html", HTML)
    if fault.fault == "bom":
        return replace(answer, body=b"\xef\xbb\xbf" + answer.body)
    if fault.fault == "trailing_nul":
        return replace(answer, body=answer.body + b"\x00")
    if fault.fault in ODD:
        return replace(answer, body=_with(ODD[fault.fault], answer))
    if fault.fault == "latin1":
        return replace(answer, body=answer.body.decode().encode("latin-1", "replace"))
    return _wrongly_declared(answer) if fault.fault == "wrong_encoding" else answer


def _with(odd: bytes, answer: Answer) -> bytes:
    if answer.content_type.startswith("text/xml"):
        body = answer.body.replace(b"</password>", odd + b"</password>")
        return body.replace(
            b"</interface-response>", b"<Odd>" + odd + b"</Odd></interface-response>"
        )
    if answer.content_type == "application/json":
        return answer.body.rstrip().removesuffix(b"}") + b', "odd": "' + odd + b'"}'
    return answer.body + odd


def _wrongly_declared(answer: Answer) -> Answer:
    """Says utf-16 over utf-8 bytes: in the XML declaration, as seen on the sister endpoint [O],
    else in the header."""
    if not answer.content_type.startswith("text/xml"):
        return replace(
            answer, content_type=answer.content_type.partition(";")[0] + "; charset=utf-16"
        )
    body = re.sub(rb"\A<\?xml[^>]*\?>", b'<?xml version="1.0" encoding="utf-16"?>', answer.body)
    return replace(answer, content_type="text/xml", body=body)


def _known(name: object) -> str:
    if not isinstance(name, str) or name not in FITS:
        raise ValueError(f"fault: {name!r} is not known; use one of {', '.join(FITS)}")
    return name
