"""What `enom-bridge doctor` checks of an account: credentials, how it suspends, the remote's clock."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime

from bridge import wiring
from bridge.config import AccountSettings, EnomAccountSettings
from bridge.diagnostics.check_result import CheckResult, clock_result
from bridge.diagnostics.running_bridge import TIMEOUT
from bridge.domain.errors import BridgeError
from bridge.infra.http_client import Lost, NotSent
from bridge.infra.urls import is_loopback

MOST_DOMAINS = 10  # a look takes seconds
SUSPEND_WITH = {
    "hosted-email": ("ok", "Suspends through hosted email; a read confirms it."),
    "lock-out": (
        "warn",
        (
            "Suspends with a random password: mail still arrives, "
            "and an unsuspend needs a new password."
        ),
    ),
    "commands": ("warn", "Suspends with the configured commands; no read can confirm it."),
    "refuse": ("warn", "Does not suspend: every suspend and unsuspend fails with `unsupported`."),
}


@dataclass
class AccountChecks:
    """`barred`: accounts that Enom lets do nothing, once they were checked."""

    service: wiring.Service
    clock: Callable[[], float] = time.time
    barred: set[str] = field(default_factory=set)

    def results(self, account: AccountSettings) -> Iterator[CheckResult]:
        about, service = f"account {account.name}", self.service
        level, text = SUSPEND_WITH[account.suspend_with]
        yield CheckResult(level, about, text)
        if account.mode == "observe":
            yield CheckResult(
                "warn",
                about,
                "Observe mode: nothing is changed at the mail provider.",
                'To let it act: mode = "act".',
            )
        if account.environment == "test":
            yield self._test_environment(account)
        if isinstance(account, EnomAccountSettings):
            yield from self._enom(account)
        if account.hosted_email is None or account.name in self.barred:
            return
        try:
            service.accounts[account.name].backend.probe()
        except BridgeError as error:
            remedy = (
                f"Check that this machine can reach {account.hosted_email.endpoint}."
                if is_away(error)
                else ""
            )
            yield CheckResult("FAIL", about, f"Hosted email is not usable. {error.detail}", remedy)
        else:
            yield CheckResult("ok", about, "Hosted email accepts the credentials.")
            yield from self._remarks(account)

    def _test_environment(self, account: AccountSettings) -> CheckResult:
        enom = isinstance(account, EnomAccountSettings)
        text = f"Uses the test environment of {self._provider(account.name)}."
        if enom:
            text = "Uses Enom's test environment, which provisions nothing."
        if is_loopback(_endpoint(account)):
            text = "Uses a simulator on this machine."
        credentials = "the live uid and token" if enom else "the live endpoint, user and password"
        remedy = f'For real mailboxes: environment = "live", with {credentials}.'
        return CheckResult("warn", f"account {account.name}", text, remedy)

    def _remarks(self, account: AccountSettings) -> Iterator[CheckResult]:
        used = self.service.accounts[account.name]
        for found in used.backend.remarks(sorted(used.domains)[:MOST_DOMAINS], used.terms.plans):
            yield CheckResult(found.level, f"account {account.name}", found.text, found.remedy)

    def _provider(self, account: str) -> str:
        return self.service.accounts[account].backend.provider

    def _enom(self, account: EnomAccountSettings) -> Iterator[CheckResult]:
        about, service = f"account {account.name}", self.service
        yield from self._remote_clock(account)
        plain = wiring.enom(
            replace(account, hosted_email=None),
            service.settings.plans,
            service.outgoing,
            self.clock,
        )
        try:
            plain.probe()
        except BridgeError as error:
            self.barred.add(account.name)
            yield CheckResult(
                "FAIL",
                about,
                error.detail,
                f"Check that this machine can reach {account.endpoint}." if is_away(error) else "",
            )
            return
        yield CheckResult(
            "ok", about, "Enom accepts the credentials and this machine's IP address."
        )

    def _remote_clock(self, account: EnomAccountSettings) -> Iterator[CheckResult]:
        try:
            reply = self.service.outgoing.get(account.endpoint, timeout=TIMEOUT)
            there = parsedate_to_datetime(reply.headers["date"]).timestamp()
        except (NotSent, Lost, KeyError, ValueError):
            return  # that Enom cannot be reached is told with its credentials
        yield clock_result("Enom", abs(there - self.clock()))


def _endpoint(account: AccountSettings) -> str:
    """Where the account's commands go."""
    if isinstance(account, EnomAccountSettings):
        return account.endpoint
    return account.hosted_email.endpoint if account.hosted_email else ""


def is_away(error: BridgeError) -> bool:
    """Whether the remote was not reached, or not understood."""
    return error.code in ("unavailable", "unclear", "garbled")
