"""What a sender of our own format may rely on, tried against a running bridge; whether the source's
receiver of callbacks takes what is right and refuses what is not; and what the sender itself has
sent so far.

Rule 1: nothing is bought or changed. The only hook that is sent terminates a mailbox whose name was
made up a moment ago; and whoever calls this has asked `harmless` before.
"""

import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from bridge.config import AccountSettings, EnomAccountSettings
from bridge.diagnostics.check_result import CheckResult
from bridge.domain.jobs import ENDED
from bridge.domain.services import MEMBER_ACTIONS
from bridge.infra.http_client import Lost, NotSent, Reply
from bridge.infra.urls import is_loopback
from bridge.store import Lookup
from hooks import Platform, signing
from hooks.types import Report

Headers = Mapping[str, str]
ToBridge = Callable[[str, bytes, Headers], Reply]  # "hooks" or "query", body, headers
ToReceiver = Callable[[bytes, Headers], Reply]

OURS = "conformance_"  # so begin the ids of what is sent here
LATELY = 50  # hooks of a type that are looked at
OFF = 600  # seconds: twice what is allowed
WITHIN = 200
HTTP = "docs/http.md"


def harmless(account: AccountSettings) -> bool:
    """Whether this account only observes, or talks to a simulator of this machine alone."""
    if account.mode == "observe":
        return True
    own = account.endpoint if isinstance(account, EnomAccountSettings) else ""
    hosted = account.hosted_email.endpoint if account.hosted_email else ""
    return account.environment == "test" and all(map(is_loopback, filter(None, (own, hosted))))


@dataclass
class Conformance:
    """`domain`: one that the source may use. `wait`: seconds that the bridge may hold an answer.
    `receiver`: None where the source has no callback."""

    platform: Platform
    key: signing.Key
    scheme: str
    domain: str
    observes: bool
    wait: int
    bridge: ToBridge
    receiver: ToReceiver | None
    clock: Callable[[], float]
    id: str = field(default_factory=lambda: f"{OURS}{secrets.token_hex(12)}")

    def results(self) -> Iterator[CheckResult]:
        """Each as soon as it is known. Ends early where the first query is not answered.

        Raises NotSent or Lost of the bridge; a receiver that does not answer is a result.
        """
        first = self._connection()
        yield first
        if first.level == "FAIL":
            return
        yield from self._strangers()
        yield from self._clock()
        yield from self._hook()
        yield from self._callbacks()

    # -- what is sent ------------------------------------------------------------------------------

    def _signed(self, body: bytes, id: str = "", off: int = 0, key: bytes = b"") -> dict[str, str]:
        sign = signing.sign_itsdangerous if self.scheme == "itsdangerous" else signing.sign
        id = id or f"{OURS}{secrets.token_hex(12)}"
        signed = sign(id, int(self.clock()) + off, body, key or self.key)
        return {"content-type": "application/json", **signed}

    def _body(self, type: str, data: Mapping[str, Any]) -> bytes:
        now = datetime.fromtimestamp(self.clock(), UTC).isoformat()
        return json.dumps({"type": type, "timestamp": now, "data": dict(data)}).encode()

    def _ask(self, type: str, data: Mapping[str, Any], **how: Any) -> Reply:
        body = self._body(type, data)
        return self.bridge("query", body, self._signed(body, **how))

    # -- the bridge --------------------------------------------------------------------------------

    def _connection(self) -> CheckResult:
        reply = self._ask("connection.test", {})  # no name: the sender's own is kept
        found = content(reply).get("data", {})
        return judged(
            "a query",
            reply.status == 200 and "version" in found,
            f"connection.test is answered by version {found.get('version')}; the clocks differ by "
            f"{found.get('clock_skew')} s.",
            reply,
            "Is this the configuration of the bridge that runs, and its secret the newest? "
            "See the bridge's log.",
        )

    def _strangers(self) -> Iterator[CheckResult]:
        body = self._body("connection.test", {})
        right = self._signed(body)
        name = "x-signature" if self.scheme == "itsdangerous" else "webhook-signature"
        for about, headers, sent in (
            ("a wrong signature", self._signed(body, key=secrets.token_bytes(32)), body),
            ("an altered body", right, body + b" "),
            ("an altered id", right | {"webhook-id": "conformance_other"}, body),
            ("no signature", {key: right[key] for key in right if key != name}, body),
        ):
            reply = self.bridge("query", sent, headers)
            refused = reply.status == 401 and content(reply).get("title") == "Not accepted"
            yield judged(about, refused, "It is refused with 401.", reply, CHANGED)

    def _clock(self) -> Iterator[CheckResult]:
        for off in (-OFF, OFF):
            reply = self._ask("connection.test", {}, off=off)
            about, text = f"a clock that is {off:+} s off", "It is refused with 401."
            yield judged(about, reply.status == 401, text, reply, CHANGED)
        for off in (-WITHIN, WITHIN):
            reply = self._ask("connection.test", {}, off=off)
            about, text = f"a clock that is {off:+} s off", "It is taken: 300 s are allowed."
            yield judged(about, reply.status == 200, text, reply, CLOCKS)

    def _hook(self) -> Iterator[CheckResult]:
        """One hook, sent four times."""
        data = {
            "service_id": f"9{secrets.randbelow(10**17):017d}",
            "address": f"conformance-{secrets.token_hex(4)}@{self.domain}",
        }
        body = self._body("mailbox.terminate", data | {"conformance": True})
        first = self.bridge("hooks", body, self._waiting(body))
        receipt = content(first)
        yield judged(
            "a hook", first.status in (200, 202), accepted(receipt), first, f"See {HTTP}, Answers."
        )
        if first.status not in (200, 202):
            return
        yield self._observed(receipt)
        yield judged(
            "an unknown field",
            receipt.get("unknown_fields") == ["conformance"],
            "It is passed over, and named in `unknown_fields`.",
            first,
            CHANGED,
        )
        yield self._waited(receipt, first)
        yield from self._repeated(body, receipt, data)
        reply = self._ask("job", {"hook": self.id})
        known = content(reply).get("data", {}).get("job")
        text = "The query `job` finds its receipt by the id of the hook."
        yield judged("the result, asked for", known == receipt["job"], text, reply, CHANGED)

    def _waiting(self, body: bytes) -> dict[str, str]:
        return self._signed(body, self.id) | {"prefer": f"wait={self.wait}"}

    def _observed(self, receipt: Mapping[str, Any]) -> CheckResult:
        ended = receipt.get("status") in ENDED
        if self.observes and ended and not receipt.get("observed_only"):
            text = 'The configuration says mode = "observe", but the bridge that runs acts.'
            return CheckResult("FAIL", "observe mode", text, "Restart the bridge.")
        told = "A receipt says so: `observed_only`." if self.observes else "A simulator is asked."
        return CheckResult("ok", "nothing is changed", told)

    def _waited(self, receipt: Mapping[str, Any], reply: Reply) -> CheckResult:
        if receipt["status"] in ENDED:
            text = f"The answer came with the result: {receipt['status']}."
            return CheckResult("ok", "prefer: wait", text)
        why = "bridge.wait_limit is 0" if not self.wait else f"no result within {self.wait} s"
        return CheckResult(
            "warn",
            "prefer: wait",
            f"Answered {reply.status} {receipt['status']}: {why}.",
            "A sender takes 202 too, and learns the result by callback or query.",
        )

    def _repeated(
        self, body: bytes, receipt: Mapping[str, Any], data: dict[str, Any]
    ) -> Iterator[CheckResult]:
        same = self.bridge("hooks", body, self._signed(body, self.id))
        again = content(same).get("job") == receipt["job"]
        text = f"The same job again: {receipt['job']}."
        yield judged("one id twice", again, text, same, CHANGED)
        # As a sender does that makes its body anew: another time, another order of the fields.
        turned = dict(reversed([*data.items(), ("conformance", True)]))
        anew = self._body("mailbox.terminate", turned)
        reply = self.bridge("hooks", anew, self._signed(anew, self.id))
        again = content(reply).get("job") == receipt["job"]
        text = "Its time and the order of its fields do not count: the same job."
        yield judged("one id, made anew", again, text, reply, CHANGED)
        other = self._body("mailbox.terminate", data | {"conformance": False})
        reply = self.bridge("hooks", other, self._signed(other, self.id))
        text = "It is refused with 409."
        yield judged("one id, another body", reply.status == 409, text, reply, CHANGED)

    # -- the receiver of callbacks -----------------------------------------------------------------

    def _callbacks(self) -> Iterator[CheckResult]:
        if self.receiver is None:
            text = "The source has no `callback`, so nothing was sent to a receiver."
            yield CheckResult("warn", "callbacks", text, "Ask for `results`, or set `callback`.")
            return
        body, id = self._callback(), f"cb_{self.id}_1"
        right = self._of_callback(body, id)
        taken = post_to(self.receiver, body, right)
        yield self._taken("a callback", taken)
        if not isinstance(taken, Reply):
            return
        yield self._taken("the same callback again", post_to(self.receiver, body, right))
        several = f"v1,{'A' * 43}= {right['webhook-signature']}"
        two = post_to(self.receiver, body, right | {"webhook-signature": several})
        yield self._taken("a callback with two signatures, one right", two)
        old = int(self.clock()) - OFF
        for about, headers, sent in (
            (
                "a callback of a wrong secret",
                self._of_callback(body, id, secrets.token_bytes(32)),
                body,
            ),
            ("a callback with an altered body", right, body + b" "),
            ("a callback with an altered id", right | {"webhook-id": f"{id}0"}, body),
            ("a callback without a signature", right | {"webhook-signature": ""}, body),
            ("a callback that is 10 minutes old", self._of_callback(body, id, at=old), body),
        ):
            yield refused(about, post_to(self.receiver, sent, headers))

    def _callback(self) -> bytes:
        """Of a job that was only observed, so a receiver has to do nothing."""
        now = datetime.fromtimestamp(int(self.clock()), UTC)
        data = {
            "job": f"job_{self.id}",
            "hook": self.id,
            "action": "mailbox.terminate",
            "address": f"{self.id.replace('_', '-')}@{self.domain}",
            "service_id": f"9{secrets.randbelow(10**17):017d}",
            "sequence": 1,
            "state": "absent",
            "changed": False,
            "verified": {},
            "message": "A test of the receiver. Nothing was changed.",
            "error": None,
            "finished_at": now.isoformat().replace("+00:00", "Z"),
            "observed_only": True,
            "plan": [],
        }
        return self.platform.write(Report("job.observed", now, data))

    def _of_callback(self, body: bytes, id: str, key: bytes = b"", at: int = 0) -> dict[str, str]:
        """Callbacks are always signed after Standard Webhooks."""
        signed = signing.sign(id, at or int(self.clock()), body, key or self.key)
        return {"content-type": "application/json", **signed}

    @staticmethod
    def _taken(about: str, reply: Reply | str) -> CheckResult:
        if isinstance(reply, str):
            return CheckResult("FAIL", about, f"No answer: {reply}.", "Correct `callback`.")
        text = f"Answered {reply.status}."
        if reply.status < 300 or reply.status == 410:
            return CheckResult("ok", about, text)
        if reply.status in (400, 401, 403) or reply.status >= 500:
            remedy = f"Verify it as {HTTP} shows; answer 2xx once it is stored."
            return CheckResult("FAIL", about, text, remedy)
        remedy = "Right for a service that the receiver does not know, as this one."
        return CheckResult("warn", about, text, remedy)


def came_from(lookup: Lookup, platform: Platform, source: str) -> Iterator[CheckResult]:
    """What the sender itself has sent so far, as the bridge recorded it."""
    sent = {each["type"] for type in platform.ACTIONS for each in lately(lookup, source, type=type)}
    # Whoever sells single mailboxes has no use for hooks about all of a service.
    whole = frozenset() if sent & {*MEMBER_ACTIONS} else frozenset(MEMBER_ACTIONS)
    never = [type for type in platform.ACTIONS if type not in sent | whole]
    about = "your sender"
    if never:
        text = f"It has not sent yet: {', '.join(never)}."
        yield CheckResult("warn", about, text, "Let it send one of each that it can send.")
    else:
        yield CheckResult("ok", about, "It has sent every type of hook.")
    if parked := lately(lookup, source, status="parked"):
        text = f"{len(parked)} of its hooks could not be read, such as {parked[0]['id']}."
        remedy = f"See why: enom-bridge hooks show {parked[0]['id']} --source {source}"
        yield CheckResult("warn", about, text, remedy)


def lately(lookup: Lookup, source: str, **filters: str) -> list[Mapping[str, Any]]:
    items, _ = lookup.page("hooks", LATELY, source=source, **filters)
    return [each for each in items if not each["id"].startswith(OURS)]


CHANGED = "Does something between here and the bridge change requests or answers?"
CLOCKS = "Set the clocks of both machines by NTP."


def judged(about: str, holds: bool, text: str, reply: Reply, remedy: str) -> CheckResult:
    if holds:
        return CheckResult("ok", about, text)
    detail = content(reply).get("detail") or "without JSON of a bridge"
    return CheckResult("FAIL", about, f"Answered {reply.status}: {detail}", remedy)


def refused(about: str, reply: Reply | str) -> CheckResult:
    if isinstance(reply, str):
        return CheckResult("FAIL", about, f"No answer: {reply}.", "Answer 401 at once.")
    if 400 <= reply.status < 500:
        return CheckResult("ok", about, f"It is refused with {reply.status}.")
    remedy = f"Check signature and time before anything else, as {HTTP} shows, and answer 401."
    return CheckResult("FAIL", about, f"Answered {reply.status}, as if it were right.", remedy)


def accepted(receipt: Mapping[str, Any]) -> str:
    return f"{receipt.get('action')} is accepted as {receipt.get('job')}."


def content(reply: Reply) -> dict[str, Any]:
    """The JSON object of an answer; empty where there is none."""
    try:
        found = json.loads(reply.body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def post_to(receiver: ToReceiver, body: bytes, headers: Headers) -> Reply | str:
    """The answer; or why there is none."""
    try:
        return receiver(body, headers)
    except (NotSent, Lost) as fault:
        return str(fault)
