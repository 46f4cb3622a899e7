"""The same plan over a recorded hook or a file: read again, observed, planned, shown. To act, it
only puts a job in the queue.

Rule 1: nothing is done whose plan was not shown before; `checksum` names what was shown.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from bridge.domain.account import Account
from bridge.domain.actions import Request
from bridge.domain.errors import BridgeError, NotPossible
from bridge.domain.model import Change, Plan
from bridge.domain.ports import (
    Clock,
    Lookup,
    NothingNew,
    OperatorActions,
    Receipt,
    Recorded,
    Services,
)
from bridge.domain.services import MEMBER_ACTIONS
from bridge.infra.crypto import Purpose, Sealer, Unsealable
from bridge.pipeline.intake import KNOWN, Intake, Reading
from bridge.steps.look_and_plan import StaleRead, look_for, plan_upon
from hooks.errors import HookError
from hooks.types import Intent, Verified


@dataclass(frozen=True)
class Preview:
    """What a hook would do now, or the `problem` (code and sentence) that stands in the way.

    Of a hook that was accepted, `job` is the newest it led to; else `reading` is what would be recorded.
    """

    name: str
    source: str
    intent: Intent | None = None
    account: str | None = None
    job: str | None = None
    plan: Plan = field(default_factory=Plan)
    problem: tuple[str, str] | None = None
    reading: Reading | None = None

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
    """Twelve hex digits that name what was shown: for whom, and each plan.

    A problem's wording does not count.
    """
    shown = [preview.describe() | {"problem": preview.problem is not None} for preview in previews]
    return hashlib.sha256(json.dumps(shown, sort_keys=True).encode()).hexdigest()[:12]


@dataclass
class Replay:
    lookup: Lookup
    accounts: Mapping[str, Account]
    sealer: Sealer
    clock: Clock
    intake: Intake
    operator: OperatorActions
    services: Services

    def recorded(self, hook: str, source: str | None = None) -> Preview:
        """A hook that came: a parked one is read anew, else what its newest job wants.

        Raises UnknownThing, NotPossible.
        """
        found = self.lookup.recorded(hook, source)
        if found.intent is None or found.job is None:
            return self._parked(found)
        empty = Preview(hook, found.source, found.intent, found.account, found.job)
        try:
            password = self.sealer.open(Purpose.PASSWORD, found.sealed) if found.sealed else None
        except Unsealable as error:
            return replace(empty, problem=("password_needed", str(error)))
        return self._planned(replace(empty, intent=replace(found.intent, password=password)))

    def sample(self, name: str, source: str, verified: Verified) -> Preview:
        """A body that a person vouches for, as if `source` had sent it."""
        try:
            reading = self.intake.read_again(source, verified)
        except HookError as error:
            return Preview(name, source, problem=("unreadable", error.detail))
        return self._planned(
            Preview(name, source, reading.intent, reading.source.account, reading=reading)
        )

    def carry_out(self, preview: Preview, who: str) -> Receipt:
        """Makes a preview without a problem a job, in the name of a person.

        Raises UnknownThing, NotPossible, Reused.
        """
        if preview.reading is None:
            return self.operator.by(who).retry(preview.job or "")
        verified = preview.reading.verified
        self.operator.by(who).noted("replay", f"{verified.id} of {preview.source}")
        try:
            return self.intake.accept(preview.reading)
        except NothingNew:
            raise NotPossible(KNOWN) from None

    def _parked(self, found: Recorded) -> Preview:
        if found.sealed is None:
            wiped = "Its body was wiped. Have billing send it again under a new id."
            return Preview(found.hook, found.source, problem=("wiped", found.refusal or wiped))
        try:
            body = self.sealer.open(Purpose.CONTENT, found.sealed).encode()
        except Unsealable as error:
            return Preview(found.hook, found.source, problem=("unreadable", str(error)))
        # Its signature was right when it came, or it would not have been recorded.
        return self.sample(
            found.hook,
            found.source,
            Verified(found.hook, int(found.received_at), body, found.key_index),
        )

    def _planned(self, preview: Preview) -> Preview:
        """Looks and plans; changes nothing.

        A remote that cannot be asked, or not be believed yet, is a problem.
        """
        intent, account = preview.intent, self.accounts.get(preview.account or "")
        if intent is None or account is None:
            text = f"Account {preview.account!r} is no longer in the configuration."
            return replace(preview, problem=("unknown_account", text))
        try:
            return replace(preview, plan=self._plan(preview.source, intent, account))
        except StaleRead as stale:
            return replace(preview, problem=("unclear", str(stale)))
        except BridgeError as error:
            return replace(preview, problem=(error.code, error.detail))

    def _plan(self, source: str, intent: Intent, account: Account) -> Plan:
        if intent.action not in MEMBER_ACTIONS:
            return self._plan_of_mailbox(source, intent, account)
        members = self.services.members(intent.action, source, account.name, intent.service_id)
        action = MEMBER_ACTIONS[intent.action]
        changes: list[Change] = []
        for address in members:
            one = replace(intent, action=action, address=address)
            plan = self._plan_of_mailbox(source, one, account)
            changes += [
                replace(each, arguments={**each.arguments, "of": address}) for each in plan.changes
            ]
        return Plan(tuple(changes))

    def _plan_of_mailbox(self, source: str, intent: Intent, account: Account) -> Plan:
        found = look_for(account, intent, self.clock)
        # Read after the look, so that what a worker did meanwhile is known here.
        record = self.lookup.record(account.name, intent.address)
        digest = None if intent.password is None else self._digest(intent, record.password_digest)
        customer = self.lookup.customer(account.name, intent.address, source)
        request = Request(source, intent, digest, self.clock(), customer_id=customer)
        around = partial(self.lookup.neighbours, account.name, intent.address)
        return plan_upon(found, account.terms, request, record, self.clock, neighbours=around).plan

    def _digest(self, intent: Intent, known: str | None) -> str:
        return self.sealer.digest(
            Purpose.REQUEST, f"password:{intent.address}:{intent.password}".encode(), known
        )
