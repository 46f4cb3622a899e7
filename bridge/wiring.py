"""The composition root: the only file that knows everything, and makes a working bridge of the
settings."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

from bridge import config, store
from bridge.backends import BACKENDS
from bridge.backends.enom import EnomAccount
from bridge.domain import filtering
from bridge.domain.account import Account
from bridge.domain.model import Fact, Proof, Terms
from bridge.domain.ports import Backend, Checkpoint, Clock, Limits
from bridge.domain.source import ANY, CallbackEndpoint, Source
from bridge.engine import Engine
from bridge.infra import logs
from bridge.infra.crypto import Purpose, Sealer, Unsealable
from bridge.infra.events import Watch
from bridge.infra.http_client import LONGEST_WAIT, Outgoing
from bridge.infra.job_ids import first_id, new_job_id
from bridge.maildns.check import MailDns
from bridge.maildns.resolver import Resolver
from bridge.maildns.rules import Wanted
from bridge.pipeline.alerts import Alerts
from bridge.pipeline.callbacks import JITTER, RETRIES, Callbacks
from bridge.pipeline.intake import Intake
from bridge.pipeline.queries import Queries
from bridge.pipeline.replay import Replay
from bridge.pipeline.worker import Worker
from bridge.reconcile.adoption import Adopting
from bridge.reconcile.inventory import Inventory
from bridge.reconcile.nightly import Nightly
from bridge.reconcile.reconcile import Reconcile
from bridge.reconcile.scan import Scanner
from bridge.reconcile.shadow import Observation
from bridge.reconcile.takeover import Takeover
from bridge.store.admin.clock_repair import Waits
from bridge.store.admin.findings import LEASE
from hooks import PLATFORMS, signing

log = logs.get("start")

DAY, HOUR = 86400.0, 3600.0
LEASE_MARGIN = 30.0  # seconds that a lease outlives the longest call


@dataclass(frozen=True)
class Tuning:
    """What tests turn, and nobody else: clock, lease, pauses of callbacks, and where a process
    may be killed."""

    clock: Clock | None = None
    lease: float | None = None
    callback_retries: tuple[float, ...] = RETRIES
    callback_lease: float | None = None
    checkpoint: Checkpoint = lambda name: None


@dataclass(frozen=True)
class Service:
    """A bridge, wired but not started."""

    settings: config.Settings
    tuning: Tuning
    database: store.Database
    sealer: Sealer
    outgoing: Outgoing
    watch: Watch
    accounts: Mapping[str, Account]
    sources: Mapping[str, Source]
    lookup: store.Lookup
    operator: store.OperatorActions
    account_state: store.AccountState
    findings: store.Findings
    gauges: store.Gauges
    mail_dns: MailDns
    intake: Intake
    queries: Queries
    replay: Replay
    reconcile: Reconcile
    adopting: Adopting
    takeover: Takeover
    observation: Observation

    def new_engine(self) -> Engine:
        return engine(self)

    def inventory(self, account: str) -> Inventory:
        """What is paid for in one account, as its last reconciliation saw it."""
        last = self.findings.last(account)
        price = self.settings.accounts[account].place_price
        bought = self.accounts[account].backend.proofs[Fact.EXPIRY] is not Proof.UNSUPPORTED
        return Inventory(
            account,
            last["ended_at"] if last else None,
            price,
            *self.findings.inventory(account),
            unpaid=None if bought else self.findings.ownerless(account),
        )

    def filters(self, what: str, given: Mapping[str, str | None]) -> dict[str, str | None]:
        """The filters of a list as they are looked for. Raises NoSuchValue."""
        configured = {"source": self.settings.sources, "account": self.settings.accounts}
        return filtering.check(self.lookup.possible, configured, what, given)

    def close(self) -> None:
        self.outgoing.close()
        self.database.close()


def build(
    settings: config.Settings, tuning: Tuning | None = None, upon: Service | None = None
) -> Service:
    """Connects everything; touches neither network nor database. `prepare` has to come before first
    use.

    `upon` a service of other settings it shares that one's database, connections and watch, and is closed with it.
    """
    tuning = tuning or Tuning()

    # The outside: the database, the way out, the keys, and who is told of what goes on.
    database = upon.database if upon else store.Database(settings.bridge.database, tuning.clock)
    outgoing, watch = (upon.outgoing, upon.watch) if upon else (Outgoing(), Watch())
    sealer = Sealer(settings.bridge.key_bytes())
    clock, wall = database.clock, tuning.clock or time.time

    # Both sides of a hook: who sends it, and where it is done.
    accounts, sources = accounts_of(settings, outgoing, clock, watch), sources_of(settings)

    # What is stored.
    lookup, account_state, operator = (
        store.Lookup(database),
        store.AccountState(database),
        store.OperatorActions(database, new_job_id),
    )
    findings = store.Findings(database, max(LEASE, lease_of(settings, tuning)))
    brake = store.Brake(
        settings.safety.max_suspended_share, first_id, settings.safety.terminate_grace_days > 0
    )
    inbox = store.Inbox(database, new_job_id, tuning.checkpoint, brake)

    # The use cases. What works in the background is made of the same by `engine`.
    mail_dns = MailDns(
        store.DnsCache(database), wanted(settings), Resolver(settings.bridge.resolver).mail_of
    )
    scanner = Scanner(account_state, clock)
    intake = Intake(sources, inbox, sealer, wall, store.Withdrawals(database), watch)
    return Service(
        settings=settings,
        tuning=tuning,
        database=database,
        sealer=sealer,
        outgoing=outgoing,
        watch=watch,
        accounts=accounts,
        sources=sources,
        lookup=lookup,
        operator=operator,
        account_state=account_state,
        findings=findings,
        gauges=store.Gauges(database),
        mail_dns=mail_dns,
        intake=intake,
        queries=Queries(lookup, account_state, accounts, wall, mail_dns),
        replay=Replay(lookup, accounts, sealer, clock, intake, operator),
        reconcile=Reconcile(lookup, scanner, findings, accounts, clock),
        adopting=Adopting(sources, accounts, lookup, clock),
        takeover=Takeover(lookup, scanner, store.Owners(database), sources, accounts),
        observation=Observation(lookup, scanner, accounts),
    )


def prepare(service: Service) -> None:
    """Upgrades the schema and makes sure that every account and source has its row.

    Raises StoreUnavailable.
    """
    store.upgrade(service.database)
    service.account_state.know(service.settings.accounts, service.settings.sources)
    service.database.instance = service.account_state.instance()


def correct_future_times(service: Service) -> None:
    """At the start of a process that stays: what a clock that was ahead has left, waits no
    longer than it may."""
    tuning, every = service.tuning, service.accounts.values()
    lease = lease_of(service.settings, tuning)
    waits = Waits(
        lease=lease,
        call=max(account.call_limit for account in every),
        settle=max(account.settle for account in every),
        comparison=max(LEASE, lease),
        sending=tuning.callback_lease or store.CALLBACK_LEASE,
        callbacks=[pause * (1 + JITTER) for pause in tuning.callback_retries],
        asked=LONGEST_WAIT,
    )
    done = store.correct_future_times(service.database, waits)
    if done.ahead:
        log.warning(
            "the clock was set back; waiting times that were too far ahead have been shortened",
            seconds=round(done.ahead),
            **{name.replace(".", "_"): count for name, count in done.times.items()},
        )


def engine(service: Service) -> Engine:
    """Everything that works in the background, under one lease length that is longer than any
    call."""
    settings, tuning, database, watch = (
        service.settings,
        service.tuning,
        service.database,
        service.watch,
    )
    lease, wall = lease_of(settings, tuning), tuning.clock or time.time
    queue = store.Queue(database, opener(service.sealer), lease, service.sealer.key_ids)
    outbox = store.Outbox(database, tuning.callback_lease or store.CALLBACK_LEASE)
    worker = Worker(
        queue=queue,
        account_state=service.account_state,
        accounts=service.accounts,
        digest=lambda text, known=None: service.sealer.digest(
            Purpose.REQUEST, text.encode(), known
        ),
        clock=database.clock,
        limits=limits(settings),
        lease=lease,
        retry_seconds=settings.worker.retry_hours * HOUR,
        checkpoint=tuning.checkpoint,
        watch=watch,
    )
    callbacks = Callbacks(
        outbox=outbox,
        sources=service.sources,
        outgoing=service.outgoing,
        clock=wall,
        retries=tuning.callback_retries,
        checkpoint=tuning.checkpoint,
        watch=watch,
    )
    admin = settings.admin
    notes = Alerts(
        alert_log=store.AlertLog(database),
        notify=admin.notify,
        smtp=admin.smtp,
        smtp_password=admin.smtp_password.reveal() if admin.smtp_password else None,
        secret=note_secret(service.sealer),
        outgoing=service.outgoing,
        clock=wall,
        watch=watch,
        summaries=store.Summaries(database),
        summary_at=admin.summary_at,
    )
    return Engine(
        queue=queue,
        worker=worker,
        outbox=outbox,
        callbacks=callbacks,
        notes=notes,
        account_state=service.account_state,
        retention=store.Retention(database, new_job_id, settings.bridge.keep_days),
        troubles=store.Troubles(database, first_id),
        nightly=Nightly(
            service.findings, service.reconcile, settings.worker.reconcile_at, watch=watch
        ),
        synchronise=database.synchronise,
        limits={name: account.max_in_flight for name, account in service.accounts.items()},
        concurrency=settings.worker.concurrency,
        watch=watch,
    )


def limits(settings: config.Settings) -> Limits:
    return Limits(
        purchases_per_day=settings.safety.max_purchases_per_day,
        terminations_per_hour=settings.safety.max_terminations_per_hour,
        sharing=frozenset(
            name for name, source in settings.sources.items() if not source.domain_per_customer
        ),
    )


def lease_of(settings: config.Settings, tuning: Tuning) -> float:
    """Seconds for which a worker holds a job without a sign of life: longer than any call."""
    return (
        tuning.lease
        or max(account.timeout for account in settings.accounts.values()) + LEASE_MARGIN
    )


def accounts_of(
    settings: config.Settings, outgoing: Outgoing, clock: Clock, watch: Watch
) -> dict[str, Account]:
    named: dict[str, set[str]] = {name: set() for name in settings.accounts}
    for source in settings.sources.values():
        named[source.account] |= set(source.domains) - {ANY}
    made = {
        name: backend(each, settings.plans, outgoing, clock, watch)
        for name, each in settings.accounts.items()
    }
    return {
        name: Account(
            name=name,
            backend=made[name],
            terms=terms_of(account, settings, made[name]),
            settle=account.settle,
            call_limit=account.timeout,
            max_in_flight=account.max_in_flight,
            observe_only=account.mode == "observe",
            domains=frozenset(named[name]),
        )
        for name, account in settings.accounts.items()
    }


def sources_of(settings: config.Settings) -> dict[str, Source]:
    return {name: source_of(source) for name, source in settings.sources.items()}


def source_of(source: config.SourceSettings) -> Source:
    secrets = tuple(signing.decode_secret(secret.reveal()) for secret in source.secrets)
    return Source(
        name=source.name,
        platform=PLATFORMS[source.platform],
        account=source.account,
        secrets=secrets,
        scheme=cast(signing.Scheme, source.signature),
        domains=frozenset(source.domains),
        callback=CallbackEndpoint(source.callback, secrets[-1]),
        allow_from=source.allow_from,
    )


def backend(
    account: config.AccountSettings,
    plans: Mapping[str, config.Plan],
    outgoing: Outgoing,
    clock: Clock,
    watch: Watch,
) -> Backend:
    """What works for this account: nothing else asks which it is."""
    if isinstance(account, config.EnomAccountSettings):
        return enom(account, plans, outgoing, clock, watch)
    if isinstance(account, config.HostedEmailAccountSettings):
        return BACKENDS["hosted-email"](
            account.account(), outgoing, clock, watch, name=account.name, timeout=account.timeout
        )
    raise TypeError(f"nothing makes a backend of {type(account).__name__}")


def enom(
    account: config.EnomAccountSettings,
    plans: Mapping[str, config.Plan],
    outgoing: Outgoing,
    clock: Clock,
    watch: Watch | None = None,
) -> Backend:
    hosted, commands = account.hosted_email, account.commands
    settings = EnomAccount(
        name=account.name,
        uid=account.uid,
        token=account.token.reveal(),
        endpoint=account.endpoint,
        suspend_with=account.suspend_with,
        timeout=account.timeout,
        purchase=account.purchase,
        hosted_email=hosted.account() if hosted else None,
        commands={"suspend": commands.suspend, "unsuspend": commands.unsuspend}
        if commands
        else None,
        plans={name: plan.quota_gb << 30 for name, plan in plans.items()},
    )
    return BACKENDS["enom"](settings, outgoing, clock, watch=watch)


def terms_of(account: config.AccountSettings, settings: config.Settings, backend: Backend) -> Terms:
    return Terms(
        suspend_with=account.suspend_with,
        products=backend.products,
        services=tuple(backend.services),
        hosted_email=account.hosted_email is not None,
        plans={name: plan.quota_gb << 30 for name, plan in settings.plans.items()},
        grace=settings.safety.terminate_grace_days * DAY,
    )


def wanted(settings: config.Settings) -> Mapping[str, Wanted]:
    return {
        name: Wanted(account.mail_hosts, account.spf_include)
        for name, account in settings.accounts.items()
    }


def note_secret(sealer: Sealer) -> bytes:
    """Signs notes that go out as webhooks; `enom-bridge config note-secret` shows it to whoever
    has to verify them."""
    return sealer.keys(Purpose.NOTE)[-1]


def opener(sealer: Sealer) -> Callable[[str], str | None]:
    def open_sealed(token: str) -> str | None:
        try:
            return sealer.open(Purpose.PASSWORD, token)
        except Unsealable:
            return None  # the key is gone from bridge.keys: the job ends as password_needed

    return open_sealed
