"""The checks of `enom-bridge doctor`.

Each gives findings; none changes anything, here or elsewhere.
"""

import json
import os
import shutil
import smtplib
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bridge import store, wiring
from bridge.config import AccountSettings, EnomAccountSettings, SourceSettings
from bridge.config.load import secrets
from bridge.diagnostics.domain_mail import verdicts
from bridge.domain import module_version
from bridge.domain.errors import BridgeError, StoreUnavailable
from bridge.domain.model import Address, day_after
from bridge.infra.http_client import Lost, NotSent, Reply
from bridge.infra.urls import is_loopback
from bridge.pipeline.alerts import ends, mail_server
from bridge.reporting.notes import paused_why
from bridge.store.queue.account_state import PERSON, RESTORED, pauses

TIMEOUT = 10.0
CLOCK_WARN, CLOCK_FAIL = 10.0, 300.0  # seconds; signatures are valid for 300
LITTLE_SPACE = 200 << 20
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


@dataclass(frozen=True)
class CheckResult:
    """`level` is ok, warn or FAIL; `remedy` is empty where nothing is to be done."""

    level: str
    about: str
    text: str
    remedy: str = ""


@dataclass(frozen=True)
class Neighbour:
    """The bridge that answers on `listen`: why it is not ready, and what tells its database from
    others (empty: unknown)."""

    reasons: Sequence[str]
    instance: str


@dataclass(frozen=True)
class Answer:
    """`alive`: a bridge answers.

    If not: `reached` by something else, and `said`, what that answered or what is in the way.
    """

    alive: bool
    reached: bool
    said: str


@dataclass
class Doctor:
    service: wiring.Service
    clock: Callable[[], float] = time.time
    _barred: set[str] = field(default_factory=set)  # accounts that Enom lets do nothing
    _alive: bool = False
    _said: str = ""  # by what answers on `listen` and is no bridge
    _neighbour: Neighbour | None = None

    def findings(self) -> Iterator[CheckResult]:
        """In the order in which one would mend them; given as soon as each is known, because
        some take seconds."""
        settings = self.service.settings
        here = self._answers(f"http://{settings.bridge.listen}")
        self._alive, self._said = here.alive, here.said if here.reached else ""
        self._neighbour = self._ask() if self._alive else None
        yield from self._configuration()
        yield from self._database()
        yield from self._listeners()
        for account in settings.accounts.values():
            yield from self._account(account)
        for source in settings.sources.values():
            yield from self._source(source)
        yield from self._notify()

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

    def _database(self) -> Iterator[CheckResult]:
        database = self.service.database
        if (file := database.file) is not None:
            yield from self._disk(file.parent)
            if misplaced := [reason for reason in self._reasons() if store.WHILE in reason]:
                # To open what stands there now could do the rest of the harm.
                yield CheckResult("FAIL", "database", misplaced[0])
                return
            if database.absent():
                yield self._missing(file)
                return
            if mode_of(file) & 0o077:
                text = f"{file} holds addresses and names, and other users can read it."
                yield CheckResult("warn", "database", text, f"chmod 600 {file}*")
        try:
            present, needed = store.check(database)
            with database.write() as tx:
                skew = abs(database.now(tx) - self.clock())
            if present != needed:
                fault = store.schema_fault(database, present, needed)
                mends_itself = database.embedded and "newer" not in fault  # `serve` upgrades SQLite
                yield CheckResult("warn" if mends_itself else "FAIL", "database", fault)
                return
            # whether it reaches the disk is known only by writing
            self.service.account_state.try_write()
            yield CheckResult("ok", "database", f"Writable, schema {present}.")
            yield from self._same()
            if not database.embedded:
                yield self._compared("clock", "the database", skew)
            yield from self._account_states()
            for source in self.service.settings.sources.values():
                yield from self._customers(source)
            yield from self._keys()
        except StoreUnavailable as error:
            yield CheckResult(
                "FAIL", "database", str(error), store.remedy(database, "bridge.database")
            )

    def _missing(self, file: Path) -> CheckResult:
        if not self._alive:
            fault = store.schema_fault(self.service.database, None, store.newest())
            return CheckResult("FAIL" if store.served_before(file) else "warn", "database", fault)
        text = f"{file} is missing, but a bridge answers on {self.service.settings.bridge.listen}."
        remedy = (
            "Was the file removed or its volume unmounted? Or does that bridge use another "
            "configuration? See its log."
        )
        return CheckResult("FAIL", "database", text, remedy)

    def _same(self) -> Iterator[CheckResult]:
        """Whether the bridge that answers works on this database."""
        here, there = (
            self.service.account_state.instance(),
            self._neighbour and self._neighbour.instance,
        )
        if here and there and here != there:
            text = (
                f"The bridge that answers on {self.service.settings.bridge.listen} "
                "uses another database."
            )
            remedy = (
                "Was this one newly created, or does that bridge use another configuration? Do not "
                "restart it before you know."
            )
            yield CheckResult("FAIL", "database", text, remedy)

    def _disk(self, folder: Path) -> Iterator[CheckResult]:
        if not os.access(folder, os.W_OK):
            yield CheckResult(
                "FAIL",
                "disk",
                f"This user cannot write to {folder}.",
                "Correct its owner, or bridge.database.",
            )
        elif (free := shutil.disk_usage(folder).free) < store.FULL:
            text = f"The disk of {folder} is full ({free >> 20} MiB left): no hooks are accepted."
            yield CheckResult("FAIL", "disk", text, "Free some space.")
        elif free < LITTLE_SPACE:
            yield CheckResult(
                "warn",
                "disk",
                f"{folder} has {free >> 20} MiB left.",
                "Free some space: on a full disk no hooks are accepted.",
            )
        else:
            yield CheckResult("ok", "disk", f"{folder} is writable, {free >> 30} GiB free.")

    def _account_states(self) -> Iterator[CheckResult]:
        account_state = self.service.account_state
        if account_state.worker_alive():
            yield CheckResult("ok", "worker", "Running.")
        else:
            yield CheckResult(
                "warn",
                "worker",
                "Not running, so jobs wait.",
                "Start enom-bridge serve (or worker).",
            )
        for row in account_state.account_states():
            name, resume = row["name"], f"enom-bridge resume account {row['name']}"
            remedy = f"Once that is fixed: {resume}"
            remedies = {
                PERSON: f"To resume: {resume}",
                RESTORED: f"First: enom-bridge reconcile --account {name}. Then: {resume}",
            }
            for pause in pauses(row):
                yield CheckResult(
                    "warn",
                    f"account {name}",
                    pause.sentence,
                    remedies.get(pause.code, remedy),
                )
            if row["money_until"] and row["money_until"] > self.clock():
                yield CheckResult(
                    "warn",
                    f"account {name}",
                    "Purchases are paused: the balance is too low.",
                    "Top it up at Enom. " + remedy,
                )
        for source in account_state.source_states():
            yield from self._source_state(source)

    def _source_state(self, row: Mapping[str, Any]) -> Iterator[CheckResult]:
        about, remedy = f"source {row['name']}", f"enom-bridge resume source {row['name']}"
        if row["paused"]:
            why = paused_why(row["detail"])
            yield CheckResult("warn", about, f"Paused{why}; its hooks are answered 503.", remedy)
        if row["suspensions_paused"]:
            text = f"It sent {row['suspensions_paused']}; further suspensions are answered 503."
            yield CheckResult(
                "warn", about, text, f"See docs/suspension.md. If they are right: {remedy}"
            )
        if row["receiver_tries"]:
            text = (
                f"The receiver of callbacks has not answered {row['receiver_tries']} times in a "
                "row; callbacks wait."
            )
            yield CheckResult(
                "warn",
                about,
                text,
                (
                    "Fix the receiver, or the URL in `callback`. The "
                    "callbacks are then sent by themselves."
                ),
            )
        if source := self.service.settings.sources.get(row["name"]):
            yield from self._module(about, source, row["sender"])

    def _module(
        self, about: str, source: SourceSettings, sender: str | None
    ) -> Iterator[CheckResult]:
        """Whether the module at billing, which names itself when it tests the connection, fits
        this bridge."""
        if sender is not None and module_version.is_compatible(sender):
            yield CheckResult("ok", about, f"Module at the last connection test: {sender}.")
        elif sender is not None:
            yield CheckResult(
                "warn", about, module_version.incompatibility(sender), module_version.UPDATE
            )
        elif source.platform == "whmcs":
            text = "The module's version is unknown (modules older than 0.2 do not send it)."
            yield CheckResult(
                "warn",
                about,
                text,
                "Press Test Connection in WHMCS. Compatible versions: docs/upgrade.md.",
            )

    def _listeners(self) -> Iterator[CheckResult]:
        """Whether hooks can come in: here, and at the URL that billing was given."""
        bridge = self.service.settings.bridge
        if self._alive:
            yield CheckResult("ok", "listen", f"A bridge answers on {bridge.listen}.")
            for reason in self._reasons():
                yield CheckResult("FAIL", "ready", f"Not ready. {reason}")
        elif self._said:
            text = f"Another program answers on {bridge.listen} ({self._said})."
            yield CheckResult(
                "FAIL", "listen", text, "Stop it, or give bridge.listen another port."
            )
        elif fault := bindable(bridge.listen):
            yield CheckResult(
                "FAIL",
                "listen",
                f"Cannot listen on {bridge.listen}: {fault}.",
                "Correct bridge.listen.",
            )
        else:
            yield CheckResult(
                "ok",
                "listen",
                f"{bridge.listen} is free; no `enom-bridge serve` (or web) runs here.",
            )
        if bridge.public_url != f"http://{bridge.listen}":
            yield from self._outside(bridge.public_url)
        barred = [
            source.name for source in self.service.settings.sources.values() if source.allow_from
        ]
        if barred and bridge.public_url.startswith("https:") and not bridge.trusted_proxies:
            text = (
                f"allow_from of {', '.join(barred)} is compared "
                "with the proxy's address, not billing's."
            )
            remedy = 'Name the proxy in bridge.trusted_proxies, such as ["127.0.0.1/32"].'
            yield CheckResult("warn", "proxy", text, remedy)

    def _outside(self, url: str) -> Iterator[CheckResult]:
        there = self._answers(url)
        if there.alive:
            yield CheckResult("ok", "public URL", f"{url} leads to a bridge.")
            yield from self._pages(f"{url}/admin/sign-in")
        elif not self._alive:
            yield CheckResult(
                "ok", "public URL", f"{url} cannot be checked while no bridge runs here."
            )
        else:
            text = f"{url} does not lead to a bridge ({there.said}), as seen from this machine."
            remedy = (
                "Check its DNS, and that its proxy forwards /healthz, /hooks and /query "
                "(contrib/nginx, contrib/caddy)."
            )
            if "certificate" in there.said:
                remedy = (
                    "Billing may reject it, too. Give the proxy a valid certificate, with its "
                    "chain (fullchain.pem)."
                )
            yield CheckResult("warn", "public URL", text, remedy)

    def _pages(self, url: str) -> Iterator[CheckResult]:
        """A proxy that refuses them does so on purpose; one that knows nothing of them was
        forgotten."""
        try:
            status = self.service.outgoing.get(url, timeout=TIMEOUT).status
        except (NotSent, Lost):
            return  # it has just been reached: it will be again
        if status == 404:
            text = f"{url} answers HTTP 404: nobody can sign in to the admin pages."
            remedy = (
                "Let the proxy forward /admin/, as contrib/nginx and contrib/caddy do, or refuse "
                "it with 403."
            )
            yield CheckResult("FAIL", "public URL", text, remedy)
        elif status == 200:
            yield CheckResult("ok", "public URL", f"{url} is the sign-in of the admin pages.")
        else:
            yield CheckResult(
                "ok", "public URL", f"{url} is not open to this machine (HTTP {status})."
            )

    def _answers(self, url: str) -> Answer:
        try:
            reply = self.service.outgoing.get(f"{url}/healthz", timeout=TIMEOUT)
        except (NotSent, Lost) as error:
            return Answer(False, isinstance(error, Lost), str(error))
        alive = reply.status == 200 and b'"alive"' in reply.body
        return Answer(alive, True, "" if alive else f"HTTP {reply.status}")

    def _ask(self) -> Neighbour:
        """What the bridge says of itself; nothing where it is too busy to."""
        try:
            reply = self.service.outgoing.get(
                f"http://{self.service.settings.bridge.listen}/readyz", timeout=TIMEOUT
            )
            reasons = json.loads(reply.body)["reasons"]
        except (NotSent, Lost, ValueError, KeyError, TypeError):
            return Neighbour((), "")
        return Neighbour(
            [str(reason) for reason in reasons], reply.headers.get("enom-bridge-database", "")
        )

    def _reasons(self) -> Sequence[str]:
        return self._neighbour.reasons if self._neighbour else ()

    def _keys(self) -> Iterator[CheckResult]:
        """What still needs an older key, and what lost its own."""
        service = self.service
        keys = store.Rotation(
            service.database, service.sealer, service.settings.bridge.keep_days
        ).survey()
        back = (
            "If you still have that key, put it back at the beginning of bridge.keys, then run "
            "enom-bridge keys rotate."
        )
        lost = [name for tally in keys.sealed.values() for name in tally.lost]
        if lost:
            text = (
                f"{len(lost)} stored password(s) or parked hook(s) cannot be decrypted, such as "
                f"{lost[0]}: key missing."
            )
            yield CheckResult(
                "warn", "keys", text, f"{back} Otherwise their jobs fail with password_needed."
            )
        if keys.gone_until is not None:
            text = (
                f"{keys.hooks_gone} hook(s) are not recognised if they are repeated (409): their "
                "key is missing."
            )
            yield CheckResult(
                "warn",
                "keys",
                text,
                f"{back} Otherwise this ends by itself on {day_after(keys.gone_until)}.",
            )
        older = sum(tally.older for tally in keys.sealed.values())
        if older:
            text = f"{older} stored password(s) or parked hook(s) are encrypted with an older key."
            yield CheckResult("warn", "keys", text, "enom-bridge keys rotate")
        elif keys.older_needed_until is not None:
            text = (
                f"Older keys are needed until {day_after(keys.older_needed_until)}, to recognise "
                "repeated hooks."
            )
            yield CheckResult("ok", "keys", text)
        elif len(service.sealer.key_ids) > 1:
            yield CheckResult(
                "ok",
                "keys",
                "Older keys are no longer needed.",
                "You may remove them from bridge.keys.",
            )
        elif not lost and keys.gone_until is None:
            yield CheckResult("ok", "keys", "Everything is encrypted with the key in bridge.keys.")

    def _account(self, account: AccountSettings) -> Iterator[CheckResult]:
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
        if account.hosted_email is None or account.name in self._barred:
            return
        try:
            service.accounts[account.name].backend.probe()
        except BridgeError as error:
            remedy = (
                f"Check that this machine can reach {account.hosted_email.endpoint}."
                if _away(error)
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
            self._barred.add(account.name)
            yield CheckResult(
                "FAIL",
                about,
                error.detail,
                f"Check that this machine can reach {account.endpoint}." if _away(error) else "",
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
        yield self._compared("clock", "Enom", abs(there - self.clock()))

    def _compared(self, about: str, other: str, skew: float) -> CheckResult:
        text = f"This machine's clock differs by {skew:.0f} s from that of {other}."
        if skew < CLOCK_WARN:
            return CheckResult("ok", about, text)
        return CheckResult(
            "FAIL" if skew >= CLOCK_FAIL else "warn",
            about,
            text,
            "Synchronise the clocks with NTP.",
        )

    def _source(self, source: SourceSettings) -> Iterator[CheckResult]:
        about = f"source {source.name}"
        if source.callback:
            yield self._reached(
                about,
                "The callback URL",
                source.callback,
                f"Correct sources.{source.name}.callback.",
            )
        else:
            text = "No callback URL: billing is not notified and must query `results` itself."
            yield CheckResult("warn", about, text, f"Set sources.{source.name}.callback.")
        if source.account in self._barred:
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
                    "FAIL", about, f"{domain}: {error.detail}", "" if _away(error) else remedy
                )
            else:
                yield CheckResult("ok", about, f"{domain} is at {backend.provider}.")
            yield from self._mail_of(about, source.account, domain)

    def _customers(self, source: SourceSettings) -> Iterator[CheckResult]:
        """Of how many mailboxes nobody has told the customer: in their domains nothing is held
        for being another's."""
        about = f"source {source.name}"
        if not source.domain_per_customer:
            yield CheckResult(
                "ok", about, "Different customers may share a domain (domain_per_customer = false)."
            )
            return
        known, every = self.service.lookup.customers_known(source.name)
        if known < every:
            text = (
                f"The customer of {every - known} of its {every} mailboxes is unknown: others can "
                "use their domains."
            )
            remedy = (
                "Run enom-bridge mailboxes import with a list that has the column customer_id; "
                "later hooks add it, too."
            )
            yield CheckResult("warn", about, text, remedy)
        elif every:
            yield CheckResult(
                "ok", about, f"The customer of each of its {every} mailboxes is known."
            )

    def _mail_of(self, about: str, account: str, domain: str) -> Iterator[CheckResult]:
        mail_dns = self.service.mail_dns
        if mail_dns.checks(account):
            for level, text, remedy in verdicts(mail_dns.now(account, domain)):
                yield CheckResult(level, about, text, remedy)

    def _reached(self, about: str, what: str, url: str, remedy: str) -> CheckResult:
        """A GET, which does nothing there: whatever is below 500 came from somebody who listens."""
        host = urlsplit(url).hostname
        try:
            reply: Reply = self.service.outgoing.get(url, timeout=TIMEOUT)
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

    def _notify(self) -> Iterator[CheckResult]:
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
            yield self._reached(
                "notify", "The receiver of alerts", admin.notify, "Correct admin.notify."
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


def mode_of(file: Path) -> int:
    """0 where this user may not even look at it; what is wrong is said when it is opened."""
    try:
        return file.stat().st_mode
    except PermissionError:
        return 0


def bindable(address: tuple[str, int]) -> str:
    """Why this address cannot be listened on; empty when it can."""
    try:
        for family, *_, place in socket.getaddrinfo(*address, type=socket.SOCK_STREAM):
            with socket.socket(family, socket.SOCK_STREAM) as tried:
                tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                tried.bind(place)
    except OSError as error:
        return error.strerror or type(error).__name__
    return ""


def _endpoint(account: AccountSettings) -> str:
    """Where the account's commands go."""
    if isinstance(account, EnomAccountSettings):
        return account.endpoint
    return account.hosted_email.endpoint if account.hosted_email else ""


def _away(error: BridgeError) -> bool:
    return error.code in ("unavailable", "unclear", "garbled")
