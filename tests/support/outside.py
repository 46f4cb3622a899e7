"""Both remote sides without sockets, and what must be true of all that reaches them: commands,
and callbacks."""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from standardwebhooks import Webhook

from bridge.domain.ports import Job
from bridge.infra.http_client import Lost, Reply
from bridge.sim import Simulator
from bridge.sim.server import Incoming
from tests.support.billing import SECRET

SECRETS = {"shop": SECRET, "other": "whsec_" + "b3RoZXItc2VjcmV0LW9mLXRoZS10ZXN0cy0zMi1ieXRlcyE="}
BUYING = ("PurchasePOPBundle", "RenewPOPBundle")
WRITE = re.compile(rb"^/api/(?!get_)|command=(?!Get)", re.IGNORECASE)


@dataclass(frozen=True)
class Effect:
    """One command that changed something at the remote, and the job in whose name it was sent."""

    command: str
    address: str
    job: str
    sequence: int
    service: tuple[str, str]


class Outside:
    """Stands for bridge.infra.http_client. `wrong` collects what must not have happened, in words.

    `answers`: what the billing side answers before 200; None takes the callback and loses the answer.
    `sending` is called inside the sender of a purchase, after its last look at the lease.
    `delays`: seconds by which the next commands that change something come late; their sender is told that they were lost.
    `owner`: whose each mailbox is, by the commands that took effect.
    """

    def __init__(self, sim: Simulator) -> None:
        self.sim = sim
        self.commands: list[str] = []
        self.forget()

    def forget(self) -> None:
        self.at_work: Job | None = None
        self.effects: list[Effect] = []
        self.commands.clear()
        self.owner: dict[str, tuple[str, str] | None] = {}
        self.result: dict[str, dict[str, Any]] = {}  # by webhook-id, in the order of the first post
        self.taken: set[str] = set()
        self.gone: set[str] = set()
        self.answers: list[int | None] = []
        self.wrong: list[str] = []
        self.sending: Callable[[str], None] = lambda point: None
        self.stopped = False
        self.delays: list[float] = []
        self.travelling: list[tuple[float, str, bytes, str, Job | None]] = []
        self._last: dict[tuple[str, str], int] = defaultdict(int)

    def post(
        self,
        url: str,
        body: bytes,
        headers: Mapping[str, str],
        *,
        timeout: float,
        limit: int = 1 << 20,
    ) -> Reply:
        where = urlsplit(url)
        if where.path == "/notes":
            return Reply(200, {}, b"")
        if where.path == "/callback":
            return self.billing(
                "other" if where.hostname == "other.example.com" else "shop", body, dict(headers)
            )
        return self.remote(
            where.path,
            body,
            {name.lower(): value for name, value in headers.items()}["content-type"],
        )

    def close(self) -> None:
        pass

    # Billing

    def billing(self, source: str, body: bytes, headers: dict[str, str]) -> Reply:
        id, stamp = (
            headers["webhook-id"],
            datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC),
        )
        if headers["webhook-signature"] != Webhook(SECRETS[source]).sign(id, stamp, body.decode()):
            self.wrong.append(f"{id} is signed otherwise")
        data = json.loads(body)["data"]
        if id not in self.result:
            self._first(source, id, data)
        elif self.result[id] != data:
            self.wrong.append(f"{id} was told twice, and otherwise")
        answer = self.answers.pop(0) if self.answers else 200
        if answer in (None, 200):
            self.taken.add(id)
        if answer == 410:
            self.gone.add(id)
        if answer is None:
            raise Lost("the answer was lost")
        return Reply(answer, {}, b"")

    def _first(self, source: str, id: str, data: dict[str, Any]) -> None:
        """The first posts of one mailbox come in the order of its hooks, whatever becomes of each.

        A held job that is called off is told once more, under its old number.
        """
        self.result[id] = data
        if not id.endswith("_1"):
            return
        line = data.get("address") or f"service {data['service_id']} of {source}"
        if data["sequence"] < self._last["", line]:
            self.wrong.append(
                f"callback {id} (sequence {data['sequence']}) came after {self._last['', line]}"
            )
        self._last["", line] = data["sequence"]

    # Enom

    def remote(self, path: str, body: bytes, kind: str) -> Reply:
        self.arrive()
        if self.delays and WRITE.search(path.encode() + b" " + body):
            due = self.sim.state.now() + self.delays.pop(0)
            self.travelling.append((due, path, body, kind, self.at_work))
            raise Lost("timed out")
        if any(command.encode() in body for command in BUYING):
            begin = self.sim.state.now()
            self.sending("sending")
            self.stopped = self.sim.state.now() > begin
        return self._received(path, body, kind)

    def arrive(self) -> None:
        """What travelled for so long takes effect now, in the name of the job that sent it."""
        due = [each for each in self.travelling if each[0] <= self.sim.state.now()]
        self.travelling = [each for each in self.travelling if each not in due]
        at_work = self.at_work
        for _, path, body, kind, self.at_work in due:
            with suppress(Lost):
                self._received(path, body, kind)
        self.at_work = at_work

    def _received(self, path: str, body: bytes, kind: str) -> Reply:
        seen = self.sim.history.seen
        count, before = len(seen), self._there()
        answer = self.sim.answer(Incoming("POST", path, "", kind, body, "127.0.0.1"))
        self.commands.append(seen[count]["command"])
        if seen[count]["effect"]:
            self._effect(seen[count]["command"], made=self._there() and not before)
        if answer.wire in ("drop", "cut"):
            raise Lost("cut off")
        shown = {name.lower(): value for name, value in answer.headers} | {
            "content-type": answer.content_type
        }
        return Reply(answer.status, shown, answer.body)

    def _there(self) -> bool:
        """Whether the mailbox of the job at work is at the remote."""
        if self.at_work is None:
            return False
        local, _, name = self.at_work.intent.address.partition("@")
        domain = self.sim.state.find(name)
        return domain is not None and local in domain.mailboxes

    def _effect(self, command: str, made: bool) -> None:
        job = self.at_work
        if job is None:
            return
        address, service = job.intent.address, (job.source, job.intent.service_id)
        effect = Effect(command, address, job.id, job.sequence, service)
        self.effects.append(effect)
        stopped, self.stopped = (
            self.stopped,
            False,
        )  # no token can recall what is sent late; it must only not be sent again
        if self._last["command", address] > job.sequence and not stopped:
            self.wrong.append(
                f"{effect} came after one of sequence {self._last['command', address]}"
            )
        self._last["command", address] = max(job.sequence, self._last["command", address])
        if made:
            self.owner[address] = service
        elif command not in BUYING and self.owner.get(address) != service:
            self.wrong.append(f"{effect} changed a mailbox of {self.owner.get(address)}")

    def hand_over(self, job: Job) -> None:
        """A service has given its mailbox to another one of its source, without any command."""
        address, source = job.intent.address, job.source
        owner = self.owner.get(address)
        if owner not in (None, (source, job.intent.from_service_id)):
            self.wrong.append(f"{job.id} gave a mailbox of {owner} away")
        if owner is not None:
            self.owner[address] = source, job.intent.service_id

    def bought(self, domain: str, command: str) -> int:
        return sum(
            each.command == command and each.address.endswith(f"@{domain}") for each in self.effects
        )
