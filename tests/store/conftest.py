"""Every class of the store over one database, with a clock that only moves when it is told to."""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from bridge.domain.errors import BridgeError
from bridge.domain.jobs import Status
from bridge.domain.model import Change, ChangeKind, Record, State, Step
from bridge.domain.ports import (
    AccountLimits,
    Arrival,
    ClaimedCallback,
    InitialPlan,
    Job,
    JobResult,
    Limits,
    Receipt,
)
from bridge.store import (
    AccountState,
    AlertLog,
    Database,
    Inbox,
    Lookup,
    OperatorActions,
    Outbox,
    Queue,
    Retention,
)
from hooks.types import Intent, Verified
from tests.support.stores import up_to

NOON = 1_800_000_000.0 - 1_800_000_000.0 % 86400 + 43200
LEASE, CALL, SETTLE = 60.0, 30.0, 120.0
ACCOUNTS = up_to(main=100, other=100)
ADDRESS = "john@example.com"


@dataclass
class Shop:
    """`now` is the time of the database and of the hooks, unless told otherwise."""

    database: Database
    now: float = NOON
    ids: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        self.accounts: Mapping[str, AccountLimits] = ACCOUNTS
        self.inbox = Inbox(self.database, self.new_id)
        self.account_state = AccountState(self.database)
        self.queue = Queue(self.database, lambda sealed: sealed.removeprefix("sealed:"), LEASE)
        self.outbox = Outbox(self.database)
        self.operator = OperatorActions(self.database, self.new_id)
        self.retention = Retention(self.database, self.new_id, keep_days=90)
        self.lookup = Lookup(self.database)
        self.alert_log = AlertLog(self.database)
        self.account_state.know(ACCOUNTS, ["shop", "till"])

    def new_id(self, now: float) -> str:
        return f"job_{next(self.ids):06}"

    def hook(
        self,
        action: str,
        address: str = ADDRESS,
        *,
        id: str = "",
        service: str = "7",
        at: float | None = None,
        source: str = "shop",
        account: str = "main",
        content: str = "",
        **data: Any,
    ) -> Receipt:
        """A hook that was verified and read. `at` is its own time."""
        id = id or f"msg_{next(self.ids)}"
        spoken = datetime.fromtimestamp(self.now if at is None else at, UTC)
        intent = Intent(f"mailbox.{action}", spoken, service, address, **data)
        sealed = f"sealed:{intent.password}" if intent.password else None
        digest = content or f"{action} {address}"
        matches = digest.__eq__
        arrival = Arrival(source, account, verified(id), intent, digest, sealed, matches)
        return self.inbox.accept(arrival)

    def whole(
        self,
        action: str,
        *,
        id: str = "",
        service: str = "7",
        at: float | None = None,
        source: str = "shop",
        **data: Any,
    ) -> Receipt:
        """A hook about every mailbox of a service."""
        id = id or f"msg_{next(self.ids)}"
        spoken = datetime.fromtimestamp(self.now if at is None else at, UTC)
        intent = Intent(f"service.{action}", spoken, service, **data)
        digest = f"{action} of {service}"
        return self.inbox.accept(
            Arrival(source, "main", verified(id), intent, digest, None, digest.__eq__)
        )

    def own(self, *addresses: str, service: str = "7", source: str = "shop") -> None:
        """Mailboxes that this service has created."""
        for address in addresses:
            self.hook("create", address, service=service, source=source, password="Sample-1")
            self.end(State.ACTIVE)

    def end(self, state: State = State.ACTIVE, status: str = "succeeded", **more: Any) -> Job:
        """The next job ends so, and its mailbox is its service's."""
        job = self.claimed()
        error = more.pop("error", None)
        record = Record(job.source, job.intent.service_id, state, **more)
        ending = JobResult(Status(status), state, True, {}, "Done.", error, record)
        self.queue.finish(job, ending)
        return job

    def claim(self, owner: str = "worker", **limits: int) -> Job | None:
        return self.queue.claim(owner, up_to(**limits) or self.accounts)

    def claimed(self, owner: str = "worker") -> Job:
        job = self.claim(owner)
        assert job is not None
        return job

    def intend(
        self,
        job: Job,
        kind: ChangeKind = ChangeKind.SET_PASSWORD,
        limits: Limits | None = None,
        first: InitialPlan | None = None,
        **arguments: Any,
    ) -> Step:
        change, most = Change(kind, arguments), limits or Limits(0, 0)
        return self.queue.intend(
            job, change, f"do {kind}", "digest", job.record, CALL, SETTLE, most, first
        )

    def answer(
        self, job: Job, step: Step, outcome: str = "accepted", error: BridgeError | None = None
    ) -> Step:
        return self.queue.answered(job, step, outcome, error, None, job.record, SETTLE)

    def finish(
        self,
        job: Job,
        status: str = "succeeded",
        error: BridgeError | None = None,
        record: Record | None = None,
    ) -> None:
        self.queue.finish(job, JobResult(status, State.ACTIVE, True, {}, "Done.", error, record))

    def run(self, action: str, *arguments: Any, status: str = "succeeded", **more: Any) -> Receipt:
        """A hook whose job ends at once."""
        receipt = self.hook(action, *arguments, **more)
        self.finish(self.claimed(), status)
        return receipt

    def receipt(self, receipt: Receipt) -> Receipt:
        """As it is now."""
        return self.lookup.receipt("shop", receipt.job)

    def status(self, receipt: Receipt) -> str:
        return self.receipt(receipt).status

    def claim_callback(self, owner: str = "sender") -> ClaimedCallback | None:
        return self.outbox.claim_callback(owner)

    def delivered(self) -> list[int]:
        """Delivers what is due; the sequences in the order in which they went out."""
        sent = []
        while claimed := self.claim_callback():
            sent.append(claimed.receipt.sequence)
            self.outbox.callback_done(claimed, "delivered", 200, None, None)
        return sent

    def rows(self, table: sa.Table) -> list[dict[str, Any]]:
        with self.database.read() as tx:
            return [
                dict(row)
                for row in tx.execute(sa.select(table).order_by(*table.primary_key)).mappings()
            ]


def verified(id: str) -> Verified:
    return Verified(id, 0, b"", 0)


@pytest.fixture
def shop(database_url: str) -> Iterator[Shop]:
    database = Database(database_url, clock=lambda: made.now)
    made = Shop(database)
    yield made
    database.close()
