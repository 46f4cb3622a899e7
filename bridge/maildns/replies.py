"""What was asked of DNS and what it said, as text. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

Question = tuple[str, str]
"""Name, without a dot at the end, and type."""


@dataclass(frozen=True)
class Reply:
    """What DNS said to one question.

    `values`: as in a zone file, without quotes and final dots. `alias`: the name that a CNAME
    led to. `problem`: why nothing was said.
    """

    values: tuple[str, ...] = ()
    alias: str = ""
    exists: bool = True
    problem: str = ""


Replies = Mapping[Question, Reply]
NextQuestions = Callable[[Replies], Sequence[Question]]
"""What is still to be asked, of what is known. Nothing more: the end."""

NOT_ASKED = Reply(problem="not asked, because other questions got no answer")
NO_DOMAIN = Reply(exists=False)


def reply_to(replies: Replies, name: str, kind: str) -> Reply:
    return replies.get((name, kind), NOT_ASKED)


def plain(replies: Replies) -> list[list[Any]]:
    return [[name, kind, asdict(reply)] for (name, kind), reply in replies.items()]


def of_plain(rows: Sequence[Sequence[Any]]) -> Replies:
    return {
        (name, kind): Reply(**reply | {"values": tuple(reply["values"])})
        for name, kind, reply in rows
    }


def parents(domain: str, most: int) -> list[str]:
    """The domains above this one that may be somebody's own, the nearest first."""
    labels = domain.split(".")
    return [".".join(labels[cut:]) for cut in range(1, len(labels) - 1)][-most:]
