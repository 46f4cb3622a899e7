"""The composition root: the only folder that knows everything, and makes a working bridge of the
settings."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from bridge import config, store
from bridge.domain import filtering
from bridge.domain.account import Account
from bridge.domain.model import Fact, Proof
from bridge.domain.ports import AccountLimits, Checkpoint, Clock, Limits, ServiceRules
from bridge.domain.service_events import EventType
from bridge.domain.source import Source
from bridge.engine import Engine
from bridge.engine.background import Background, DailyList
from bridge.infra import logs
from bridge.infra.crypto import Purpose, Sealer, Unsealable, note_secret
from bridge.infra.events import Events
from bridge.infra.http_client import LONGEST_WAIT, HttpClient
from bridge.infra.job_ids import first_id, new_job_id
from bridge.maildns.check import MailDns
from bridge.maildns.resolver import Resolver
from bridge.maildns.watching import MailWatch
from bridge.pipeline.alerts import Alerts
from bridge.pipeline.callbacks import JITTER, RETRIES, Callbacks
from bridge.pipeline.first_password import FirstPassword
from bridge.pipeline.intake import Intake
from bridge.pipeline.queries import Queries
from bridge.pipeline.read_back import ReadBack
from bridge.pipeline.replay import Replay
from bridge.pipeline.service_events import EventSender, NearlyFull
from bridge.pipeline.subscription_list import SubscriptionList
from bridge.pipeline.worker import Worker
from bridge.pipeline.write_back import WriteBack
from bridge.reconcile.adoption import Adoptions
from bridge.reconcile.inventory import Inventory
from bridge.reconcile.nightly import Nightly
from bridge.reconcile.reconcile import AT_ONCE, Reconcile
from bridge.reconcile.scan import THREADS, Scanner
from bridge.reconcile.shadow import Observation
from bridge.reconcile.takeover import Takeover
from bridge.store.admin.clock_repair import MaximumWaits
from bridge.store.admin.findings import LEASE
from bridge.wiring.accounts import accounts_of, sources_of, wanted
from bridge.wiring.accounts import enom as enom  # for the doctor, which asks with less

log = logs.get("start")

HOUR = 3600.0
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
    """A bridge, wired but not started: `prepare` comes before first use, `close` ends it."""

    settings: config.Settings
    tuning: Tuning
    database: store.Database
    sealer: Sealer
    outgoing: HttpClient
    events: Events
    accounts: Mapping[str, Account]
    sources: Mapping[str, Source]
    lookup: store.Lookup
    operator: store.OperatorActions
    account_state: store.AccountState
    findings: store.Findings
    gauges: store.Gauges
    mail_dns: MailDns
    service_events: store.ServiceEvents
    services: store.Services
    intake: Intake
    queries: Queries
    replay: Replay
    reconcile: Reconcile
    adoptions: Adoptions
    takeover: Takeover
    observation: Observation
    first_password: FirstPassword
    subscription_list: SubscriptionList

    def new_engine(self) -> Engine:
        return engine(self)

    def inventory(self, account: str) -> Inventory:
        """What is paid for in one account, as its last reconciliation saw it."""
        last, read = self.findings.last(account), self.findings.last(account, read=True)
        price = self.settings.accounts[account].place_price
        bought = self.accounts[account].backend.proofs[Fact.EXPIRY] is not Proof.UNSUPPORTED
        return Inventory(
            account,
            read["ended_at"] if read else None,
            price,
            *self.findings.inventory(account),
            unpaid=None if bought else self.findings.ownerless(account),
            unread=read["unread"] if read else 0,
            failed_at=last["ended_at"] if last and (not read or last["id"] != read["id"]) else None,
            services=self.sold(account),
        )

    def sold(self, account: str) -> Sequence[Mapping[str, Any]]:
        """Each service of the account's sources that was sold seats, with how many it uses."""
        names = [name for name, each in self.sources.items() if each.account == account]
        return [dict(row) for row in self.services.sold(names)]

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
    outgoing, events = (upon.outgoing, upon.events) if upon else (HttpClient(), Events())
    sealer = Sealer(settings.bridge.key_bytes())
    clock, wall = database.clock, tuning.clock or time.time

    # Both sides of a hook: who sends it, and where it is done.
    accounts, sources = accounts_of(settings, outgoing, clock, events), sources_of(settings)

    # What is stored.
    lookup, account_state, operator = (
        store.Lookup(database),
        store.AccountState(database),
        store.OperatorActions(database, new_job_id, rules=service_rules(settings, accounts)),
    )
    findings = store.Findings(database, max(LEASE, lease_of(settings, tuning)))
    brake = store.Brake(
        settings.safety.max_suspended_share, first_id, settings.safety.terminate_grace_days > 0
    )
    inbox = store.Inbox(
        database, new_job_id, tuning.checkpoint, brake, service_rules(settings, accounts)
    )

    # The use cases. What works in the background is made of the same by `engine`.
    mail_dns = MailDns(
        store.DnsCache(database), wanted(settings), Resolver(settings.bridge.resolver)
    )
    service_events, services = store.ServiceEvents(database, new_job_id), store.Services(database)
    nearly_full = NearlyFull(
        service_events,
        sizes={name: plan.quota_gb << 30 for name, plan in settings.plans.items()},
        thresholds={name: plan.nearly_full for name, plan in settings.plans.items()},
        sources=frozenset(
            name
            for name, source in settings.sources.items()
            if EventType.NEARLY_FULL in source.events
        ),
        silent=frozenset(name for name, each in accounts.items() if each.observe_only),
    )
    threads = THREADS // max(1, min(len(accounts), AT_ONCE))
    scanner = Scanner(account_state, clock, threads=threads)
    intake = Intake(sources, inbox, sealer, wall, store.Withdrawals(database), events)
    return Service(
        settings=settings,
        tuning=tuning,
        database=database,
        sealer=sealer,
        outgoing=outgoing,
        events=events,
        accounts=accounts,
        sources=sources,
        lookup=lookup,
        operator=operator,
        account_state=account_state,
        findings=findings,
        gauges=store.Gauges(database),
        mail_dns=mail_dns,
        service_events=service_events,
        services=services,
        intake=intake,
        queries=Queries(lookup, account_state, accounts, wall, services, mail_dns, nearly_full),
        replay=Replay(lookup, accounts, sealer, clock, intake, operator, services),
        reconcile=Reconcile(lookup, scanner, findings, accounts, clock),
        adoptions=Adoptions(sources, accounts, lookup, clock),
        takeover=Takeover(lookup, scanner, store.Owners(database), sources, accounts),
        observation=Observation(lookup, scanner, accounts),
        first_password=FirstPassword(
            store.PasswordLinks(database, new_job_id), settings.bridge.public_url
        ),
        subscription_list=SubscriptionList(
            intake, lookup, store.Subscribed(database), outgoing, wall
        ),
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
    waits = MaximumWaits(
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
    settings, tuning, database, events = (
        service.settings,
        service.tuning,
        service.database,
        service.events,
    )
    lease, wall = lease_of(settings, tuning), tuning.clock or time.time
    writes = store.SharedWrites(database)
    queue = store.Queue(
        database, partial(open_password, service.sealer), lease, service.sealer.key_ids, writes
    )
    outbox = store.Outbox(database, tuning.callback_lease or store.CALLBACK_LEASE, writes)
    worker = Worker(
        queue=queue,
        account_state=service.account_state,
        accounts=service.accounts,
        digest=lambda text, known=None: service.sealer.digest(
            Purpose.REQUEST, text.encode(), known
        ),
        clock=database.clock,
        limits=limits(settings, service.accounts),
        lease=lease,
        retry_seconds=settings.worker.retry_hours * HOUR,
        checkpoint=tuning.checkpoint,
        events=events,
        read_back=ReadBack(service.sources, service.outgoing, wall),
    )
    callbacks = Callbacks(
        outbox=outbox,
        sources=service.sources,
        outgoing=service.outgoing,
        clock=wall,
        retries=tuning.callback_retries,
        checkpoint=tuning.checkpoint,
        events=events,
        first_password=service.first_password,
    )
    write_back = WriteBack(
        write_backs=store.WriteBacks(database),
        sources=service.sources,
        outgoing=service.outgoing,
        clock=wall,
        retries=tuning.callback_retries,
    )
    event_sender = EventSender(
        events=service.service_events,
        sources=service.sources,
        outgoing=service.outgoing,
        clock=wall,
        retries=tuning.callback_retries,
    )
    admin, watches = settings.admin, store.MailWatches(database)
    notes = Alerts(
        alert_log=store.AlertLog(database),
        notify=admin.notify,
        smtp=admin.smtp,
        smtp_password=admin.smtp_password.reveal() if admin.smtp_password else None,
        secret=note_secret(service.sealer),
        outgoing=service.outgoing,
        clock=wall,
        events=events,
        summaries=store.Summaries(database),
        summary_at=admin.summary_at,
    )
    background = Background(
        accounts=service.accounts,
        account_state=service.account_state,
        retention=store.Retention(database, new_job_id, settings.bridge.keep_days),
        troubles=store.Troubles(database, first_id),
        held_services=store.HeldServices(database),
        notes=notes,
        event_sender=event_sender,
        write_back=write_back,
        daily_list=DailyList(
            store.Subscribed(database),
            service.subscription_list,
            {
                name: source
                for name, source in service.sources.items()
                if settings.worker.reconcile_at
                and not service.accounts[source.account].observe_only
            },
        ),
        mail_watch=MailWatch(
            watches, service.mail_dns, database.clock, settings.worker.mail_sample
        ),
        mail_watches=watches,
        release_creations=lambda: queue.release_creations(worker.limits),
        events=events,
    )
    return Engine(
        queue=queue,
        worker=worker,
        outbox=outbox,
        callbacks=callbacks,
        nightly=Nightly(
            service.findings, service.reconcile, settings.worker.reconcile_at, events=events
        ),
        background=background,
        synchronise=database.synchronise,
        limits={
            name: AccountLimits(account.max_in_flight, account.backend.products.exclusive_actions)
            for name, account in service.accounts.items()
        },
        concurrency=settings.worker.concurrency,
        events=events,
    )


def limits(settings: config.Settings, accounts: Mapping[str, Account]) -> Limits:
    return Limits(
        purchases_per_day=settings.safety.max_purchases_per_day,
        terminations_per_hour=settings.safety.max_terminations_per_hour,
        sharing=frozenset(
            name for name, source in settings.sources.items() if not source.domain_per_customer
        ),
        creations_per_day=settings.safety.max_creations_per_day,
        monthly=frozenset(
            name for name, account in accounts.items() if account.backend.products.monthly
        ),
    )


def service_rules(settings: config.Settings, accounts: Mapping[str, Account]) -> ServiceRules:
    return ServiceRules(
        terminations_per_hour=settings.safety.max_terminations_per_hour,
        grace=settings.safety.terminate_grace_days > 0,
        member_callbacks=frozenset(
            name for name, source in settings.sources.items() if source.member_callbacks
        ),
        observed=frozenset(name for name, each in accounts.items() if each.observe_only),
    )


def lease_of(settings: config.Settings, tuning: Tuning) -> float:
    """Seconds for which a worker holds a job without a sign of life: longer than any call."""
    return (
        tuning.lease
        or max(account.timeout for account in settings.accounts.values()) + LEASE_MARGIN
    )


def open_password(sealer: Sealer, sealed: str) -> str | None:
    """None when its key is gone from bridge.keys: the job then ends as password_needed."""
    try:
        return sealer.open(Purpose.PASSWORD, sealed)
    except Unsealable:
        return None
