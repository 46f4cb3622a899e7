"""The same plan over a recorded hook or a file: read again, observed, planned, shown. To act, it only puts a job in the queue.

Rule 1: nothing is done whose plan was not shown before; `checksum` names what was shown.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from bridge.domain import plan
from bridge.domain.actions import ACTIONS, Wish, decides
from bridge.domain.errors import BridgeError, Unclear
from bridge.domain.model import Address, Plan, Terms
from bridge.domain.ports import Backend, Clock, Lookup, Reading, Receipt, Recorded
from bridge.infra.crypto import Purpose, Sealer, Unsealable
from hooks.errors import HookError
from hooks.types import Intent, Verified


@dataclass(frozen=True)
class Preview:
    """What a hook would do now, or the `problem` (code and sentence) that stands in the way.

    `act` makes it a job, in the name of a person.
    """

    name: str
    source: str
    intent: Intent | None = None
    account: str | None = None
    job: str | None = None
    plan: Plan = field(default_factory=Plan)
    problem: tuple[str, str] | None = None
    act: Callable[[str], Receipt] | None = None

    def describe(self) -> dict[str, Any]:
        intent = self.intent
        return {
            "hook": self.name,
            "source": self.source,
            "account": self.account,
            "action": intent and intent.action,
            "address": intent and intent.address,
            "service_id": intent and intent.service_id,
            "job": self.job,
            "plan": None if self.problem else self.plan.describe(),
            "problem": self.problem and {"code": self.problem[0], "detail": self.problem[1]},
        }


def checksum(previews: Sequence[Preview]) -> str:
    """Twelve hex digits that name what was shown: for whom, and each plan. A problem's wording does not count."""
    shown = [preview.describe() | {"problem": preview.problem is not None} for preview in previews]
    return hashlib.sha256(json.dumps(shown, sort_keys=True).encode()).hexdigest()[:12]


@dataclass
class Replay:
    lookup: Lookup
    backends: Mapping[str, Backend]
    terms: Mapping[str, Terms]
    sealer: Sealer
    clock: Clock
    read: Callable[[str, Verified], Reading]
    retry: Callable[[str, str], Receipt]  # in whose name, which job
    noted: Callable[[str, str, str], None]  # for the audit trail: who did what to what

    def recorded(self, hook: str, source: str | None = None) -> Preview:
        """A hook that came: a parked one is read anew, else what its newest job wants. Raises NotThere, NotNow."""
        found = self.lookup.recorded(hook, source)
        if found.intent is None or found.job is None:
            return self._parked(found)
        job, sealed = found.job, found.sealed
        empty = Preview(hook, found.source, found.intent, found.account, job)
        try:
            password = self.sealer.open(Purpose.PASSWORD, sealed) if sealed else None
        except Unsealable as error:
            return replace(empty, problem=("password_needed", str(error)))
        intent = replace(found.intent, password=password)
        return self._planned(replace(empty, intent=intent, act=lambda who: self.retry(who, job)))

    def sample(self, name: str, source: str, verified: Verified) -> Preview:
        """A body that a person vouches for, as if `source` had sent it."""
        try:
            reading = self.read(source, verified)
        except HookError as error:
            return Preview(name, source, problem=("unreadable", error.detail))

        def act(who: str) -> Receipt:
            self.noted(who, "replay", f"{verified.id} of {source}")
            return reading.accept()

        return self._planned(Preview(name, source, reading.intent, reading.account, act=act))

    def _parked(self, found: Recorded) -> Preview:
        if found.sealed is None:
            wiped = "Its body was wiped. Have billing send it again under a new id."
            return Preview(found.hook, found.source, problem=("wiped", found.refusal or wiped))
        try:
            body = self.sealer.open(Purpose.CONTENT, found.sealed).encode()
        except Unsealable as error:
            return Preview(found.hook, found.source, problem=("unreadable", str(error)))
        # Its signature was right when it came, or it would not have been recorded.
        return self.sample(found.hook, found.source, Verified(found.hook, int(found.received_at), body, found.key_index))

    def _planned(self, preview: Preview) -> Preview:
        """Observes and plans; changes nothing. A remote that cannot be asked is a problem of the preview."""
        intent, account = preview.intent, preview.account
        if intent is None or account is None or account not in self.terms:
            return replace(preview, problem=("unknown_account", f"Account {account!r} is no longer in the configuration."))
        address, terms = Address.parse(intent.address), self.terms[account]
        record = self.lookup.record(account, intent.address)
        digest = None if intent.password is None else self._digest(intent, record.password_digest)
        now = datetime.fromtimestamp(self.clock(), UTC)
        try:
            seen = self.backends[account].observe(address, decides(intent.action, password=intent.password is not None))
            if seen.exists is None:
                raise Unclear("Only one of Enom and hosted email lists this mailbox.")
            desired = ACTIONS[intent.action](Wish(preview.source, intent, digest, now.timestamp()), seen, record, terms)
            return replace(preview, plan=plan.diff(seen, record, desired, terms, now))
        except BridgeError as error:
            return replace(preview, problem=(error.code, error.detail))

    def _digest(self, intent: Intent, known: str | None) -> str:
        return self.sealer.digest(Purpose.REQUEST, f"password:{intent.address}:{intent.password}".encode(), known)
