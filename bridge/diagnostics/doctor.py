"""The checks of `enom-bridge doctor`.

Each gives findings; none changes anything, here or elsewhere.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bridge import wiring
from bridge.config.load import secrets
from bridge.diagnostics.account_checks import AccountChecks
from bridge.diagnostics.check_result import CheckResult
from bridge.diagnostics.database_checks import DatabaseChecks
from bridge.diagnostics.listener_checks import ListenerChecks
from bridge.diagnostics.receiver_checks import ReceiverChecks
from bridge.diagnostics.running_bridge import running_bridge


@dataclass
class Doctor:
    service: wiring.Service
    clock: Callable[[], float] = time.time

    def findings(self) -> Iterator[CheckResult]:
        """In the order in which one would mend them; given as soon as each is known, because
        some take seconds."""
        service, settings = self.service, self.service.settings
        running = running_bridge(service.outgoing, f"http://{settings.bridge.listen}")
        accounts = AccountChecks(service, self.clock)
        receivers = ReceiverChecks(service, accounts.barred)
        yield from self._configuration()
        yield from DatabaseChecks(service, running, self.clock).results()
        yield from ListenerChecks(service, running).results()
        for account in settings.accounts.values():
            yield from accounts.results(account)
        for source in settings.sources.values():
            yield from receivers.results(source)
        yield from receivers.alerts()

    def _configuration(self) -> Iterator[CheckResult]:
        settings = self.service.settings
        counts = (
            f"{len(settings.accounts)} account(s), {len(settings.sources)} source(s), "
            f"{len(settings.plans)} plan(s)"
        )
        yield CheckResult("ok", "configuration", f"{settings.path} is valid: {counts}.")
        if not settings.safety.max_suspended_share:
            text = (
                "No limit on mass suspensions: safety.max_suspended_share is 0, so billing could "
                "suspend every mailbox."
            )
            yield CheckResult(
                "warn",
                "configuration",
                text,
                "Set the share that may be suspended in an hour, such as 0.5.",
            )
        for warning in settings.warnings:
            yield CheckResult("warn", "configuration", f"{warning}.")
        kept = {secret.origin for secret in secrets(settings) if secret.origin.startswith("file:")}
        for origin in sorted(kept):
            path = settings.path.parent / origin.removeprefix("file:")
            if path.stat().st_mode & 0o077:
                yield CheckResult(
                    "warn",
                    "configuration",
                    f"{path} holds a secret, and other users can read it.",
                    f"chmod 600 {path}",
                )
