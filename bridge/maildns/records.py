"""What is said of one record that a domain's mail needs. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Purpose(StrEnum):
    MX = "mx"
    SPF = "spf"
    DKIM = "dkim"
    DMARC = "dmarc"
    AUTODISCOVERY = "autodiscovery"


class RecordState(StrEnum):
    """`advised`: mail works without it, but it should be set."""

    OK = "ok"
    MISSING = "missing"
    WRONG = "wrong"
    ADVISED = "advised"
    UNKNOWN = "unknown"


class SetBy(StrEnum):
    """Who can put it right: whoever runs the domain's DNS, or the mail provider first."""

    DNS = "dns"
    PROVIDER = "provider"


@dataclass(frozen=True)
class Record:
    """`value`: what to set at `name`, as a form of a DNS provider takes it; None: nothing, or it
    is not known. `found`: what is there."""

    purpose: Purpose
    type: str
    name: str
    state: RecordState
    reason: str
    found: Sequence[str] = ()
    value: str | None = None
    set_by: SetBy | None = None

    def describe(self) -> dict[str, Any]:
        return asdict(self) | {"found": list(self.found)}


def zone_line(record: Mapping[str, Any]) -> str:
    """What to set, as a zone file has it; empty where nothing can be proposed."""
    if not record["value"]:
        return ""
    value = f'"{record["value"]}"' if record["type"] == "TXT" else f"{record['value']}."
    return f"{record['name']}. {record['type']} {value}"


def unknown(purpose: Purpose, kind: str, name: str, problem: str) -> Record:
    return Record(purpose, kind, name, RecordState.UNKNOWN, f"DNS did not answer: {problem}.")
