"""The bridge that answers on `listen`, if one does: what the checks ask it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from bridge.infra.http_client import HttpClient, Lost, NotSent

TIMEOUT = 10.0


@dataclass(frozen=True)
class Answer:
    """`alive`: a bridge answers.

    If not: `reached` by something else, and `said`, what that answered or what is in the way.
    """

    alive: bool
    reached: bool
    said: str


@dataclass(frozen=True)
class RunningBridge:
    """`alive`: one answers. `said`: by what answers there and is no bridge. `reasons`: why it is
    not ready. `instance`: what tells its database from others (empty: unknown)."""

    alive: bool
    said: str = ""
    reasons: Sequence[str] = ()
    instance: str = ""


def answer_of(outgoing: HttpClient, url: str) -> Answer:
    try:
        reply = outgoing.get(f"{url}/healthz", timeout=TIMEOUT)
    except (NotSent, Lost) as error:
        return Answer(False, isinstance(error, Lost), str(error))
    alive = reply.status == 200 and b'"alive"' in reply.body
    return Answer(alive, True, "" if alive else f"HTTP {reply.status}")


def running_bridge(outgoing: HttpClient, url: str) -> RunningBridge:
    """Asks at `url`. What a bridge says of itself stays empty where it is too busy to."""
    here = answer_of(outgoing, url)
    if not here.alive:
        return RunningBridge(False, here.said if here.reached else "")
    try:
        reply = outgoing.get(f"{url}/readyz", timeout=TIMEOUT)
        reasons = [str(reason) for reason in json.loads(reply.body)["reasons"]]
    except (NotSent, Lost, ValueError, KeyError, TypeError):
        return RunningBridge(True)
    return RunningBridge(True, "", reasons, reply.headers.get("enom-bridge-database", ""))
