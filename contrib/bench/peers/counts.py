"""What the remote and the receiver of callbacks saw, against the hooks that were sent. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Seen = Mapping[str, Any]  # one entry of the simulator's history
COMMANDS = {"mailbox.create": "SetUpPOP3User", "mailbox.change_password": "ModifyPOP3"}


@dataclass(frozen=True)
class Hook:
    """`password` is of this hook only, so that a command tells which hook it is of."""

    id: str
    type: str
    address: str
    password: str
    bundle: int


@dataclass(frozen=True)
class Counts:
    lost: int
    """Answered 2xx, and nothing ever said of it."""
    failed: int
    """Told as failed."""
    repeated: int
    """Commands beyond the first of their hook."""
    out_of_order: int
    """Commands begun before the one of the mailbox's earlier hook was answered."""
    wrong: int
    """Mailboxes that are not as the last hook wanted them."""
    calls: float
    """To the remote, for each hook."""
    at_once: int
    """The most calls that were under way together."""


def count(
    hooks: Sequence[Hook],
    accepted: set[str],
    result: Mapping[str, str],
    history: Sequence[Seen],
    passwords: Mapping[str, str],
) -> Counts:
    """`hooks` in the order of each mailbox; `told`: hook -> type of its last callback;
    `passwords`: as they are at the end."""
    commands = [entry for entry in history if entry["command"] in COMMANDS.values()]
    first: dict[str, Seen] = {}
    for entry in sorted(commands, key=lambda entry: float(entry["started"])):
        first.setdefault(entry["parameters"]["password1"], entry)
    last = {hook.address: hook.password for hook in hooks}
    return Counts(
        lost=len(accepted - set(result)),
        failed=sum(type != "job.succeeded" for type in result.values()),
        repeated=len(commands) - len(first),
        out_of_order=sum(early(earlier, later) for earlier, later in following(hooks, first)),
        wrong=sum(passwords.get(address) != password for address, password in last.items()),
        calls=len(history) / len(hooks),
        at_once=most_at_once(history),
    )


def following(hooks: Sequence[Hook], first: Mapping[str, Seen]) -> Iterable[tuple[Seen, Seen]]:
    """The first commands of two hooks of one mailbox that follow each other; what was never sent
    is passed over."""
    before: dict[str, Seen] = {}
    for hook in hooks:
        if (entry := first.get(hook.password)) is not None:
            if hook.address in before:
                yield before[hook.address], entry
            before[hook.address] = entry


def early(earlier: Seen, later: Seen) -> bool:
    return bool(earlier["ended"] is None or later["started"] < earlier["ended"])


def most_at_once(history: Sequence[Seen]) -> int:
    steps = [(entry["started"], 1) for entry in history] + [
        (entry["ended"], -1) for entry in history if entry["ended"]
    ]
    now = most = 0
    for _, step in sorted(steps):
        now += step
        most = max(most, now)
    return most
