"""Measures what the documents of the mail provider leave open, with a mailbox of its own: how long reads lag, and
what they show.

Works on the backend alone; no hook, job or record is touched. Spends nothing: without a free place
it does not begin.
"""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from bridge.domain.errors import BridgeError, OutcomeUnknown, Refused
from bridge.domain.model import Address, Change, ChangeKind, Desired, Mailbox, Terms
from bridge.domain.ports import Backend

PAUSE = 0.5  # seconds between reads
MARGIN = 3  # how many times the worst lag seen `settle` should be
LEAST_SETTLE = 30
SIGN_IN_PAUSES = (0.0, 5.0, 30.0)  # seconds before each try


@dataclass(frozen=True)
class Measured:
    """One step.

    `lag` is the seconds from the answer until a read showed it; None: none did. `readable`: one
    could have.
    """

    step: str
    command: str
    said: str
    lag: float | None = None
    readable: bool = True


@dataclass
class Probe:
    """`choose` picks one at random; `patience` is the most seconds to wait for a read to show a
    step."""

    backend: Backend
    terms: Terms
    address: Address
    choose: Callable[[Sequence[str]], str]
    patience: float
    timer: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    measured: list[Measured] = field(default_factory=list)
    shows: tuple[str, ...] = ()
    tries_sign_in: bool = False
    proves: bool = False
    """Whether a sign-in proved a password, and a wrong one locked nothing."""

    def run(self) -> Iterator[Measured]:
        """Raises BridgeError where it cannot begin or a step is refused.

        What it made is deleted in any case.
        """
        seen = self.backend.observe(self.address)
        if seen.exists:
            raise Refused(
                f"{self.address} already exists; run the command again to use another name."
            )
        create = self._creation(seen)
        gone = False
        try:
            yield self._step("create", create, self._appears)
            if self.measured[-1].lag is None:
                return
            password = self.backend.new_password(self.address, self.choose)
            yield self._step("change password", Change(ChangeKind.SET_PASSWORD, secret=password))
            if self.tries_sign_in:
                yield from self._sign_in(password)
            yield from self._suspension()
            yield self._step("delete", Change(ChangeKind.DELETE), lambda now: now.exists is False)
            gone = True
        finally:
            if not gone:
                self._clean_up()

    def _creation(self, seen: Mailbox) -> Change:
        """Raises Refused where more than this one command would be needed."""
        password = self.backend.new_password(self.address, self.choose)
        desired = Desired(password=password)
        try:
            changes = self.backend.products.creation(seen, desired, datetime.now(UTC))
        except Refused as refusal:
            raise self._no_room(refusal.detail) from None
        if any(change.spends for change in changes):
            raise self._no_room("A slot would have to be bought.")
        if len(changes) != 1:
            raise Refused(f"{self.address.domain} does not exist there. Name a domain that does.")
        return changes[0]

    def _no_room(self, why: str) -> Refused:
        return Refused(
            f"{self.address.domain} has no free mailbox slot, and the probe buys none. {why}"
        )

    def _sign_in(self, password: str) -> Iterator[Measured]:
        """Whether a mailbox can prove its password, and whether a wrong one locks it. Few tries,
        because that is not known yet."""
        yield self._signed_in("sign in", password)
        if self.measured[-1].lag is None:
            return
        wrong = Change(ChangeKind.PROVE_PASSWORD, secret=f"{password[::-1]}x")
        with suppress(Refused, OutcomeUnknown):
            self.backend.apply(self.address, wrong, self.backend.observe(self.address))
            return  # it takes any password: then it proves none
        yield self._signed_in("sign in after a wrong password", password)
        self.proves = self.measured[-1].lag is not None

    def _signed_in(self, name: str, password: str) -> Measured:
        change, begun = Change(ChangeKind.PROVE_PASSWORD, secret=password), self.timer()
        said, lag = "", None
        for pause in SIGN_IN_PAUSES:
            self.sleep(min(pause, self.patience))
            try:
                self.backend.apply(self.address, change, self.backend.observe(self.address))
                said, lag = "yes", round(self.timer() - begun, 1)
                break
            except (Refused, OutcomeUnknown) as error:
                said = error.detail
                if error.code == "unsupported":
                    break
        command = self.backend.command(change)
        self.measured.append(Measured(name, command, said, lag, readable=lag is not None))
        return self.measured[-1]

    def _appears(self, now: Mailbox) -> bool:
        fields = {"services": now.services, "quota": now.quota, "usage": now.used, "pak": now.pak}
        if now.exists:
            self.shows = (
                "existence",
                *(name for name, value in fields.items() if value is not None),
            )
        return now.exists is True

    def _suspension(self) -> Iterator[Measured]:
        before = self.backend.observe(self.address).services
        if not self.terms.hosted_email or not before:
            return
        names = list(self.terms.services)
        suspend = Change(ChangeKind.SUSPEND, {"with": "hosted-email", "services": names})
        yield self._step(
            "suspend",
            suspend,
            lambda now: all((now.services or {}).get(n) == "suspended" for n in names),
        )
        restore = Change(ChangeKind.RESTORE, {"with": "hosted-email", "services": dict(before)})
        yield self._step("restore", restore, lambda now: dict(now.services or {}) == dict(before))

    def _step(
        self, name: str, change: Change, shown: Callable[[Mailbox], bool] | None = None
    ) -> Measured:
        command, said = self.backend.command(change), "yes"
        try:
            self.backend.apply(self.address, change, self.backend.observe(self.address))
        except OutcomeUnknown as error:
            said = error.detail
        self.measured.append(
            Measured(name, command, said, self._lag(shown) if shown else None, shown is not None)
        )
        return self.measured[-1]

    def _lag(self, shown: Callable[[Mailbox], bool]) -> float | None:
        begun = self.timer()
        while self.timer() - begun < self.patience:
            try:
                if shown(self.backend.observe(self.address)):
                    return round(self.timer() - begun, 1)
            except OutcomeUnknown:
                pass  # one bad answer is not the end of a measurement
            self.sleep(PAUSE)
        return None

    def _clean_up(self) -> None:
        try:
            self.backend.apply(
                self.address, Change(ChangeKind.DELETE), self.backend.observe(self.address)
            )
        except BridgeError:
            return  # the caller names the address: it may be left behind

    def settle(self) -> int | None:
        """What follows for `settle`; None when a step was not shown at all."""
        lags = [step.lag for step in self.measured if step.readable]
        seen = [lag for lag in lags if lag is not None]
        return (
            max(LEAST_SETTLE, math.ceil(MARGIN * max(seen)))
            if lags and len(seen) == len(lags)
            else None
        )
