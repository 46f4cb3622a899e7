"""What has to happen now and then, in lanes: the tasks of one lane run one after the other, and no
lane waits for another.

Losing any of them loses nothing: what is to be done stands in the database.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bridge.domain.account import Account
from bridge.domain.errors import BridgeError, StoreUnavailable, Unavailable
from bridge.domain.source import Source
from bridge.infra import logs
from bridge.infra.events import Events
from bridge.infra.periodic_tasks import PeriodicTask, PeriodicTasks
from bridge.maildns.watching import MailWatch
from bridge.pipeline.alerts import Alerts
from bridge.pipeline.service_events import EventSender
from bridge.pipeline.subscription_list import SubscriptionList
from bridge.pipeline.write_back import WriteBack
from bridge.store import AccountState, HeldServices, Retention, Subscribed, Troubles
from bridge.store.admin.mail_watches import MailWatches

log = logs.get("background")

CHORES = 5.0  # seconds between looks at what is due
MINUTE, HOUR = 60.0, 3600.0


def never() -> bool:
    return False


@dataclass
class DailyList:
    """Compares, once a day, the subscriptions of each source that has them."""

    subscribed: Subscribed
    list: SubscriptionList
    sources: Mapping[str, Source]

    def run(self) -> None:
        for source in self.sources.values():
            if source.subscriptions is None or not self.subscribed.take(source.name):
                continue
            try:
                made, left = self.list.ensure(source)
            except Unavailable as error:
                log.warning("not compared", source=source.name, error=error.detail)
                self.subscribed.failed(source.name)
            else:
                log.info("compared", source=source.name, made=made, left=left)
                self.subscribed.tell(source.name, left)


@dataclass
class Background:
    """`release_creations` lets those go on that waited for another day. `stopping`: whether the
    process is to end, so that a long task ends early."""

    accounts: Mapping[str, Account]
    account_state: AccountState
    retention: Retention
    troubles: Troubles
    held_services: HeldServices
    notes: Alerts
    event_sender: EventSender
    write_back: WriteBack
    daily_list: DailyList
    mail_watch: MailWatch
    mail_watches: MailWatches
    release_creations: Callable[[], None]
    events: Events = field(default_factory=Events)
    stopping: Callable[[], bool] = never

    def __post_init__(self) -> None:
        self.lanes: Mapping[str, PeriodicTasks] = {
            name: PeriodicTasks(tasks, self.events) for name, tasks in self._tables().items()
        }

    def _tables(self) -> Mapping[str, tuple[PeriodicTask, ...]]:
        return {
            "chores": (
                PeriodicTask("probes", CHORES, self._probe_due),
                PeriodicTask("deletions", CHORES, self.retention.purge_due),
                PeriodicTask("services", CHORES, self.held_services.call_off_needed),
                PeriodicTask("wiping", CHORES, self.retention.wipe),
                PeriodicTask("creations", MINUTE, self.release_creations),
                PeriodicTask("troubles", MINUTE, self.troubles.look),
                PeriodicTask("pruning", HOUR, self._prune),
            ),
            # Apart from those: a mail server that does not answer keeps nothing else waiting;
            "notify": (PeriodicTask("notes", CHORES, self.notes.send_due),),
            # nor does a receiver, which takes ten seconds to hang,
            "send_events": (PeriodicTask("events", CHORES, self.event_sender.send_due),),
            "write_back": (PeriodicTask("write_backs", CHORES, self.write_back.send_due),),
            # a long list, which takes minutes,
            "compare_lists": (PeriodicTask("subscriptions", MINUTE, self.daily_list.run),),
            # or a name server.
            "watch_mail": (
                PeriodicTask("mail", MINUTE, self.mail_watch.run),
                PeriodicTask("mail_forgetting", HOUR, self._forget_domains),
            ),
        }

    def end_early(self, stopping: Callable[[], bool]) -> None:
        self.stopping = self.event_sender.stopping = stopping
        self.mail_watch.stopping = self.write_back.stopping = stopping

    def _forget_domains(self) -> None:
        while self.mail_watches.forget() and not self.stopping():
            pass

    def _prune(self) -> None:
        while self.retention.prune() and not self.stopping():
            pass

    def _probe_due(self) -> None:
        failed: Exception | None = None
        for account in self.account_state.due_probes():
            try:
                self._probe(account)
            except StoreUnavailable:
                raise
            except Exception as error:  # the other accounts are asked all the same
                failed = error
        if failed is not None:
            raise failed

    def _probe(self, name: str) -> None:
        account = self.accounts.get(name)
        if account is None:
            return
        try:
            account.backend.probe()
        except BridgeError as error:
            log.warning("the account is still not usable", account=name, error=error.detail)
        else:
            self.account_state.resume_account(name)
