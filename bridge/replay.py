"""The same plan over a recorded hook: read again, observed, planned, shown. To act, it only puts a job in the queue."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bridge import plan
from bridge.actions import ACTIONS, Wish
from bridge.errors import BridgeError
from bridge.model import Address, Plan, Terms
from bridge.ports import Backend, Clock, Lookup
from hooks.types import Intent


@dataclass(frozen=True)
class Preview:
    """What a hook would do now. `problem` instead of a plan, where a rule stands in the way."""

    intent: Intent
    source: str
    account: str
    plan: Plan
    problem: BridgeError | None = None

    def describe(self) -> dict[str, Any]:
        problem = self.problem and {"code": self.problem.code, "detail": self.problem.detail}
        return {
            "action": self.intent.action,
            "address": self.intent.address,
            "service_id": self.intent.service_id,
            "source": self.source,
            "plan": self.plan.describe(),
            "checksum": self.plan.checksum(),
            "problem": problem,
        }


@dataclass
class Replay:
    lookup: Lookup
    backends: Mapping[str, Backend]
    terms: Mapping[str, Terms]
    clock: Clock

    def preview(self, intent: Intent, source: str, account: str) -> Preview:
        """Observes and plans; changes nothing. A remote that cannot be asked is a problem of the preview."""
        address, terms = Address.parse(intent.address), self.terms[account]
        record = self.lookup.record(account, intent.address)
        # A digest that no record can hold: whether the password is already so cannot be told without the worker's key.
        digest = None if intent.password is None else "replayed"
        try:
            seen = self.backends[account].observe(address)
            desired = ACTIONS[intent.action](Wish(source, intent, digest, self.clock()), seen, record, terms)
            now = datetime.fromtimestamp(self.clock(), UTC)
            return Preview(intent, source, account, plan.diff(seen, record, desired, terms, now))
        except BridgeError as error:
            return Preview(intent, source, account, Plan(), error)
