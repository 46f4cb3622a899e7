"""A request as the simulator sees it, and its answer on the way to the wire."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Request:
    api: str
    """'interface' or 'hosted'."""
    environment: str
    """'test' or 'live'; empty for hosted email, where the credentials say it."""
    command: str
    parameters: Mapping[str, Any]
    """interface: lower-case name to first value. hosted: the JSON object; empty if the body was
    none."""
    client: str
    malformed: bool = False
    cluster: str = "a"

    @property
    def domain(self) -> str:
        if self.api == "interface":
            parts = (self.parameters.get("sld", ""), self.parameters.get("tld", ""))
            return ".".join(part.lower() for part in parts if part)
        criteria = self.parameters.get("criteria")
        named = self.parameters.get("domain") or (
            criteria.get("domain") if isinstance(criteria, dict) else ""
        )
        return str(named or self.address.partition("@")[2]).lower()

    @property
    def address(self) -> str:
        if self.api == "interface":
            local = self.parameters.get("username1") or self.parameters.get("username") or ""
            return f"{local}@{self.domain}".lower() if local else ""
        return str(self.parameters.get("user") or "").lower()


@dataclass(frozen=True)
class Answer:
    status: int
    content_type: str
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()
    wire: str = "send"
    """How it leaves: send, drop, cut, drip, drip_headers, huge."""
    delay: float = 0.0
    """Between two bytes of a drip."""


class History:
    """The requests seen, with all their parameters: it is in memory only."""

    def __init__(self) -> None:
        self.seen: list[dict[str, Any]] = []
        self._count = 0

    def begin(self, request: Request, now: float, fault: str | None) -> dict[str, Any]:
        self._count += 1
        what = {
            name: getattr(request, name)
            for name in ("api", "command", "domain", "address", "parameters")
        }
        self.seen.append(
            {
                "n": self._count,
                **what,
                "started": now,
                "ended": None,
                "fault": fault,
                "effect": False,
            }
        )
        return self.seen[-1]
