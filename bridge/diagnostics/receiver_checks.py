"""What `enom-bridge doctor` checks of those who are told, and of what they sell: the callback of a
source and its domains, the receiver of alerts."""

import smtplib
import time
from collections.abc import Iterator, Set
from dataclasses import dataclass
from urllib.parse import urlsplit

from bridge import wiring
from bridge.config import SourceSettings
from bridge.diagnostics import platform_api
from bridge.diagnostics.account_checks import MOST_DOMAINS, is_away
from bridge.diagnostics.check_result import CheckResult
from bridge.diagnostics.domain_mail import verdicts
from bridge.diagnostics.running_bridge import TIMEOUT
from bridge.domain.errors import BridgeError
from bridge.domain.model import Address
from bridge.infra.http_client import HttpClient, Lost, NotSent, Reply
from bridge.pipeline.alerts import ends, mail_server


@dataclass
class ReceiverChecks:
    """`barred`: accounts of which nothing is asked."""

    service: wiring.Service
    barred: Set[str]

    def results(self, source: SourceSettings) -> Iterator[CheckResult]:
        about = f"source {source.name}"
        if source.callback:
            yield reached(
                self.service.outgoing,
                about,
                "The callback URL",
                source.callback,
                f"Correct sources.{source.name}.callback.",
            )
        elif source.api is None:
            text = "No callback URL: billing is not notified and must query `results` itself."
            yield CheckResult("warn", about, text, f"Set sources.{source.name}.callback.")
        yield from self._api_of(about, source)
        if source.account in self.barred:
            return
        backend = self.service.accounts[source.account].backend
        for domain in [name for name in source.domains if name != "*"][:MOST_DOMAINS]:
            try:
                backend.observe(Address("doctor", domain))
            except BridgeError as error:
                remedy = (
                    f"Add it to account {source.account}, or remove it from "
                    f"sources.{source.name}.domains."
                )
                yield CheckResult(
                    "FAIL", about, f"{domain}: {error.detail}", "" if is_away(error) else remedy
                )
            else:
                yield CheckResult("ok", about, f"{domain} is at {backend.provider}.")
            yield from self._mail_of(about, source.account, domain)

    def _api_of(self, about: str, source: SourceSettings) -> Iterator[CheckResult]:
        service = self.service
        live = service.settings.accounts[source.account].environment == "live"
        known = service.sources[source.name]
        for level, text, remedy in platform_api.verdicts(known, live, service.outgoing, time.time):
            yield CheckResult(level, about, text, remedy)

    def _mail_of(self, about: str, account: str, domain: str) -> Iterator[CheckResult]:
        mail_dns = self.service.mail_dns
        if mail_dns.checks(account):
            for level, text, remedy in verdicts(mail_dns.now(account, domain)):
                yield CheckResult(level, about, text, remedy)

    def alerts(self) -> Iterator[CheckResult]:
        admin = self.service.settings.admin
        if admin.summary_at is not None and not admin.notify:
            text = "The daily summary (admin.summary_at) goes only to the log."
            yield CheckResult("warn", "notify", text, 'Set admin.notify, or summary_at to "".')
        if not admin.notify:
            text = "Alerts (a held job, a paused account) go only to the log."
            yield CheckResult("warn", "notify", text, "Set admin.notify.")
        elif admin.notify.startswith("mailto:"):
            yield self._mail()
        else:
            yield reached(
                self.service.outgoing,
                "notify",
                "The receiver of alerts",
                admin.notify,
                "Correct admin.notify.",
            )

    def _mail(self) -> CheckResult:
        """As a note is sent, up to the message itself."""
        admin, host = (
            self.service.settings.admin,
            urlsplit(self.service.settings.admin.smtp).hostname,
        )
        password = admin.smtp_password.reveal() if admin.smtp_password else None
        sender, receiver = ends(admin.notify, admin.smtp)
        remedy = "Correct admin.smtp and admin.smtp_password."
        try:
            with mail_server(admin.smtp, password) as smtp:
                for code, said in (smtp.mail(sender), smtp.rcpt(receiver)):
                    if code >= 400:
                        words = said.decode("ascii", "replace")
                        text = f"{host} refuses mail from {sender} to {receiver}: {code} {words}"
                        return CheckResult(
                            "FAIL",
                            "notify",
                            text,
                            "Allow it there, or use another server in admin.smtp.",
                        )
                smtp.rset()
        except (OSError, smtplib.SMTPException) as error:
            why = str(error) if "STARTTLS" in str(error) else type(error).__name__
            return CheckResult("FAIL", "notify", f"{host} does not accept mail: {why}.", remedy)
        return CheckResult("ok", "notify", f"{host} accepts mail from this machine.")


def reached(outgoing: HttpClient, about: str, what: str, url: str, remedy: str) -> CheckResult:
    """A GET, which does nothing there: whatever is below 500 came from somebody who listens."""
    host = urlsplit(url).hostname
    try:
        reply: Reply = outgoing.get(url, timeout=TIMEOUT)
    except (NotSent, Lost) as error:
        return CheckResult(
            "FAIL",
            about,
            f"{what} is not reachable: {error}.",
            f"Check that {host} is up and its certificate valid. {remedy}",
        )
    if reply.status >= 500 and reply.status != 501:  # 501: it knows no GET
        return CheckResult(
            "FAIL",
            about,
            f"{what} answers HTTP {reply.status}.",
            f"See the error log of {host}.",
        )
    if 300 <= reply.status < 400:
        return CheckResult(
            "warn",
            about,
            f"{what} redirects (HTTP {reply.status}), but the bridge follows no redirect.",
            remedy,
        )
    if reply.status == 404:
        return CheckResult(
            "warn",
            about,
            f"{what} answers HTTP 404: there may be nothing at this path.",
            remedy,
        )
    return CheckResult("ok", about, f"{what} is reachable (HTTP {reply.status} to a GET).")
