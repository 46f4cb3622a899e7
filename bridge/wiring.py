"""The composition root: the only file that knows everything, and makes a working bridge of the settings."""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

from bridge import config, store
from bridge.backends import BACKENDS
from bridge.backends.enom import Command, EnomAccount, HostedEmailSettings
from bridge.backends.enom.hosted_email.wire import SERVICES
from bridge.domain import filtering
from bridge.domain.model import Terms
from bridge.domain.ports import Backend, Checkpoint, Clock, Limits
from bridge.engine import Engine
from bridge.infra import logs
from bridge.infra.crypto import Purpose, Sealer, Unsealable
from bridge.infra.events import Watch
from bridge.infra.http_client import LONGEST_WAIT, Outgoing
from bridge.maildns.check import Postal
from bridge.maildns.resolver import Resolver
from bridge.maildns.rules import Wanted
from bridge.pipeline.alerts import Notes
from bridge.pipeline.callbacks import JITTER, RETRIES, Callbacks, Recipient
from bridge.pipeline.intake import Door, Intake
from bridge.pipeline.queries import Counter, Queries
from bridge.pipeline.replay import Replay
from bridge.pipeline.worker import Desk, Worker
from bridge.reconcile.adoption import Adopting
from bridge.reconcile.inventory import Stock
from bridge.reconcile.nightly import Nightly
from bridge.reconcile.reconcile import Reconcile, Territory
from bridge.reconcile.scan import Reach, Surveyor
from bridge.reconcile.shadow import Observation
from bridge.reconcile.takeover import Importing, Party
from bridge.store.admin.clock_repair import Waits
from bridge.store.admin.findings import LEASE
from hooks import PLATFORMS, signing

log = logs.get("start")

DAY, HOUR = 86400.0, 3600.0
LEASE_MARGIN = 30.0  # seconds that a lease outlives the longest call
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass(frozen=True)
class Tuning:
    """What tests turn, and nobody else: clock, lease, pauses of callbacks, and where a process may be killed."""

    clock: Clock | None = None
    lease: float | None = None
    callback_retries: tuple[float, ...] = RETRIES
    callback_lease: float | None = None
    checkpoint: Checkpoint = lambda name: None


@dataclass(frozen=True)
class Service:
    """A bridge, wired but not started."""

    settings: config.Settings
    database: store.Database
    sealer: Sealer
    outgoing: Outgoing
    backends: Mapping[str, Backend]
    terms: Mapping[str, Terms]
    intake: Intake
    queries: Queries
    lookup: store.Lookup
    people: store.People
    standing: store.Standing
    replay: Replay
    adopting: Adopting
    importing: Importing
    reconcile: Reconcile
    findings: store.Findings
    observation: Observation
    postal: Postal
    watch: Watch
    gauges: store.Gauges
    new_engine: Callable[[], Engine]

    def stock(self, account: str) -> Stock:
        """What is paid for in one account, as its last reconciliation saw it."""
        last = self.findings.last(account)
        price = self.settings.accounts[account].place_price
        return Stock(account, last["ended_at"] if last else None, price, *self.findings.stock(account))

    def filters(self, what: str, given: Mapping[str, str | None]) -> dict[str, str | None]:
        """The filters of a list as they are looked for. Raises NoSuchValue."""
        configured = {"source": self.settings.sources, "account": self.settings.accounts}
        return filtering.check(self.lookup.possible, configured, what, given)

    def close(self) -> None:
        self.outgoing.close()
        self.database.close()


def build(settings: config.Settings, tuning: Tuning | None = None, upon: Service | None = None) -> Service:
    """Connects everything; touches neither network nor database. `prepare` has to come before first use.

    `upon` a service of other settings it shares that one's database, connections and watch, and is closed with it.
    """
    tuning = tuning or Tuning()
    database = upon.database if upon else store.Database(settings.bridge.database, tuning.clock)
    sealer = Sealer(settings.bridge.key_bytes())
    outgoing, watch = (upon.outgoing, upon.watch) if upon else (Outgoing(), Watch())
    clock = database.clock
    backends = {name: enom(account, settings.plans, outgoing, clock, watch) for name, account in settings.accounts.items()}
    terms = {name: terms_of(account, settings) for name, account in settings.accounts.items()}
    lookup, standing, people = store.Lookup(database), store.Standing(database), store.People(database, new_job_id)
    brake = store.Brake(settings.safety.max_suspended_share, first_id, settings.safety.terminate_grace_days > 0)
    inbox = store.Inbox(database, new_job_id, tuning.checkpoint, brake)
    doors = {name: door(source) for name, source in settings.sources.items()}
    intake = Intake(doors, inbox, sealer, tuning.clock or time.time, store.Withdrawals(database), watch)

    postal = Postal(store.Readings(database), wanted(settings), Resolver(settings.bridge.resolver).mail_of)

    reaches, surveyor, findings = (
        reaches_of(settings, backends),
        Surveyor(standing, clock),
        store.Findings(database, max(LEASE, lease_of(settings, tuning))),
    )
    reconcile = Reconcile(lookup, surveyor, findings, territories(settings, reaches, terms), clock)

    def new_engine() -> Engine:
        return engine(settings, tuning, database, sealer, outgoing, backends, terms, standing, reconcile, findings, watch)

    return Service(
        settings=settings,
        database=database,
        sealer=sealer,
        outgoing=outgoing,
        backends=backends,
        terms=terms,
        intake=intake,
        queries=Queries(lookup, standing, counters(settings, backends, terms), tuning.clock or time.time, postal),
        lookup=lookup,
        people=people,
        standing=standing,
        importing=Importing(lookup, surveyor, store.Owners(database), parties(settings, reaches, terms), clock),
        reconcile=reconcile,
        findings=findings,
        observation=Observation(lookup, surveyor, reaches, terms, clock),
        postal=postal,
        watch=watch,
        gauges=store.Gauges(database),
        replay=Replay(
            lookup=lookup,
            backends=backends,
            terms=terms,
            sealer=sealer,
            clock=clock,
            read=intake.read_again,
            retry=lambda who, job: people.by(who).retry(job),
            noted=lambda who, action, target: people.by(who).noted(action, target),
        ),
        adopting=Adopting(
            accounts={name: each.account for name, each in doors.items()},
            backends=backends,
            terms=terms,
            record=lookup.record,
            permit=lambda source, address: intake.permit(doors[source], address),
        ),
        new_engine=new_engine,
    )


def prepare(service: Service) -> None:
    """Upgrades the schema and makes sure that every account and source has its row. Raises StoreUnavailable."""
    store.upgrade(service.database)
    service.standing.know(service.settings.accounts, service.settings.sources)
    service.database.instance = service.standing.instance()


def put_right(service: Service, tuning: Tuning | None = None) -> None:
    """At the start of a process that stays: what a clock that was ahead has left, waits no longer than it may."""
    settings, tuning = service.settings, tuning or Tuning()
    every = settings.accounts.values()
    lease = lease_of(settings, tuning)
    waits = Waits(
        lease=lease,
        call=max(account.timeout for account in every),
        settle=max(account.settle for account in every),
        comparison=max(LEASE, lease),
        sending=tuning.callback_lease or store.CALLBACK_LEASE,
        callbacks=[pause * (1 + JITTER) for pause in tuning.callback_retries],
        asked=LONGEST_WAIT,
    )
    done = store.put_right(service.database, waits)
    if done.ahead:
        log.warning(
            "the clock was ahead and has been put back; what lay too far ahead was brought nearer",
            seconds=round(done.ahead),
            **{name.replace(".", "_"): count for name, count in done.times.items()},
        )


def engine(
    settings: config.Settings,
    tuning: Tuning,
    database: store.Database,
    sealer: Sealer,
    outgoing: Outgoing,
    backends: Mapping[str, Backend],
    terms: Mapping[str, Terms],
    standing: store.Standing,
    reconcile: Reconcile,
    findings: store.Findings,
    watch: Watch,
) -> Engine:
    """Everything that works in the background, under one lease length that is longer than any call."""
    lease = lease_of(settings, tuning)
    queue = store.Queue(database, standing, opener(sealer), lease, sealer.key_ids)
    outbox = store.Outbox(database, tuning.callback_lease or store.CALLBACK_LEASE)
    worker = Worker(
        queue=queue,
        desks={name: desk(account, backends[name], terms[name]) for name, account in settings.accounts.items()},
        digest=lambda text, known=None: sealer.digest(Purpose.REQUEST, text.encode(), known),
        clock=database.clock,
        limits=limits(settings),
        lease=lease,
        retry_seconds=settings.worker.retry_hours * HOUR,
        checkpoint=tuning.checkpoint,
        watch=watch,
    )
    recipients = {name: recipient(source) for name, source in settings.sources.items()}
    callbacks = Callbacks(
        outbox=outbox,
        recipients=recipients,
        outgoing=outgoing,
        clock=tuning.clock or time.time,
        retries=tuning.callback_retries,
        checkpoint=tuning.checkpoint,
        watch=watch,
    )
    admin = settings.admin
    notes = Notes(
        notebook=store.Notebook(database),
        notify=admin.notify,
        smtp=admin.smtp,
        smtp_password=admin.smtp_password.reveal() if admin.smtp_password else None,
        secret=note_secret(sealer),
        outgoing=outgoing,
        clock=tuning.clock or time.time,
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
        standing=standing,
        upkeep=store.Upkeep(database, new_job_id, settings.bridge.keep_days),
        troubles=store.Troubles(database, first_id),
        nightly=Nightly(findings, reconcile, settings.worker.reconcile_at, watch=watch),
        synchronise=database.synchronise,
        limits={name: account.max_in_flight for name, account in settings.accounts.items()},
        concurrency=settings.worker.concurrency,
        watch=watch,
    )


def limits(settings: config.Settings) -> Limits:
    return Limits(
        purchases_per_day=settings.safety.max_purchases_per_day,
        terminations_per_hour=settings.safety.max_terminations_per_hour,
        sharing=frozenset(name for name, source in settings.sources.items() if not source.domain_per_customer),
    )


def lease_of(settings: config.Settings, tuning: Tuning) -> float:
    """Seconds for which a worker holds a job without a sign of life: longer than any call."""
    return tuning.lease or max(account.timeout for account in settings.accounts.values()) + LEASE_MARGIN


def enom(
    account: config.Account, plans: Mapping[str, config.Plan], outgoing: Outgoing, clock: Clock, watch: Watch | None = None
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
        hosted_email=hosted_email(hosted) if hosted else None,
        commands={"suspend": command(commands.suspend), "unsuspend": command(commands.unsuspend)} if commands else None,
        plans={name: plan.quota_gb << 30 for name, plan in plans.items()},
    )
    return BACKENDS["enom"](settings, outgoing, clock, watch=watch)


def hosted_email(hosted: config.HostedEmail) -> HostedEmailSettings:
    return HostedEmailSettings(hosted.endpoint, hosted.user, hosted.password.reveal(), hosted.keep_receiving)


def command(configured: config.Command) -> Command:
    return Command(configured.command, configured.parameters)


def terms_of(account: config.Account, settings: config.Settings) -> Terms:
    hosted = account.hosted_email
    keep = {"receiving"} if hosted and hosted.keep_receiving else set()
    return Terms(
        suspend_with=account.suspend_with,
        purchase=account.purchase,
        services=tuple(name for name in SERVICES if name not in keep) if hosted else (),
        hosted_email=hosted is not None,
        plans={name: plan.quota_gb << 30 for name, plan in settings.plans.items()},
        grace=settings.safety.terminate_grace_days * DAY,
    )


def desk(account: config.Account, backend: Backend, terms: Terms) -> Desk:
    return Desk(backend, terms, account.settle, account.timeout, account.mode == "observe")


def counters(settings: config.Settings, backends: Mapping[str, Backend], terms: Mapping[str, Terms]) -> Mapping[str, Counter]:
    return {
        name: Counter(backends[name], terms[name], account.max_in_flight, account.timeout)
        for name, account in settings.accounts.items()
    }


def reaches_of(settings: config.Settings, backends: Mapping[str, Backend]) -> Mapping[str, Reach]:
    return {
        name: Reach(name, backends[name], account.max_in_flight, account.timeout) for name, account in settings.accounts.items()
    }


def parties(settings: config.Settings, reaches: Mapping[str, Reach], terms: Mapping[str, Terms]) -> Mapping[str, Party]:
    return {
        source.name: Party(source.name, frozenset(source.domains), reaches[source.account], terms[source.account])
        for source in settings.sources.values()
    }


def territories(settings: config.Settings, reaches: Mapping[str, Reach], terms: Mapping[str, Terms]) -> Mapping[str, Territory]:
    named = {account: frozenset[str]() for account in settings.accounts}
    for source in settings.sources.values():
        named[source.account] |= frozenset(source.domains) - {"*"}
    return {name: Territory(reach, terms[name], named[name]) for name, reach in reaches.items()}


def wanted(settings: config.Settings) -> Mapping[str, Wanted]:
    return {name: Wanted(account.mail_hosts, account.spf_include) for name, account in settings.accounts.items()}


def door(source: config.Source) -> Door:
    return Door(
        name=source.name,
        platform=PLATFORMS[source.platform],
        account=source.account,
        secrets=tuple(signing.decode_secret(secret.reveal()) for secret in source.secrets),
        scheme=cast(signing.Scheme, source.signature),
        domains=frozenset(source.domains),
        allow_from=source.allow_from,
    )


def recipient(source: config.Source) -> Recipient:
    newest = signing.decode_secret(source.secrets[-1].reveal())
    return Recipient(PLATFORMS[source.platform], source.callback, newest)


def note_secret(sealer: Sealer) -> bytes:
    """Signs notes that go out as webhooks; `enom-bridge config note-secret` shows it to whoever has to verify them."""
    return sealer.keys(Purpose.NOTE)[-1]


def opener(sealer: Sealer) -> Callable[[str], str | None]:
    def open_sealed(token: str) -> str | None:
        try:
            return sealer.open(Purpose.PASSWORD, token)
        except Unsealable:
            return None  # the key is gone from bridge.keys: the job ends as password_needed

    return open_sealed


def new_job_id(now: float) -> str:
    """`job_` and a ULID: 48 bits of milliseconds, 80 random ones."""
    return job_id(now, int.from_bytes(os.urandom(10)))


def first_id(now: float) -> str:
    """The lowest id that a job of this time can have: ids are in the order of time."""
    return job_id(now, 0)


def job_id(now: float, tail: int) -> str:
    number = int(now * 1000) << 80 | tail
    return "job_" + "".join(CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))
