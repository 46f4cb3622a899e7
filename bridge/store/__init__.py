"""The database: the only place that knows SQL. Each class is one concern over the same tables."""

from bridge.store.admin.clock_repair import correct_future_times
from bridge.store.admin.dns_cache import DnsCache
from bridge.store.admin.findings import Findings
from bridge.store.admin.lookup import Lookup
from bridge.store.admin.mail_watches import MailWatches
from bridge.store.admin.metrics import Gauges
from bridge.store.admin.operator import OperatorActions
from bridge.store.admin.overview import Overview
from bridge.store.admin.owners import Owners
from bridge.store.admin.privacy import PersonalData, Privacy, names
from bridge.store.admin.retention import Retention
from bridge.store.admin.rotation import Rotation, Survey, Tally
from bridge.store.admin.service_actions import HeldServices
from bridge.store.admin.service_events import ServiceEvents
from bridge.store.admin.services import Services
from bridge.store.admin.sign_ins import SignIns
from bridge.store.admin.subscribed import Subscribed
from bridge.store.admin.summaries import Summaries
from bridge.store.admin.troubles import Troubles
from bridge.store.backup.copies import Copies, Restored
from bridge.store.base.database import ANOTHER, EMPTY, Database, remedy, sqlite_file
from bridge.store.base.migrate import check, newest, schema_fault, upgrade
from bridge.store.base.serve_lock import served_before, sole
from bridge.store.base.sqlite_files import FULL, WHILE
from bridge.store.queue.account_state import AccountState
from bridge.store.queue.brake import Brake
from bridge.store.queue.inbox import Inbox
from bridge.store.queue.notes import AlertLog
from bridge.store.queue.outbox import CALLBACK_LEASE, Outbox
from bridge.store.queue.password_links import PasswordLinks
from bridge.store.queue.queue import Queue
from bridge.store.queue.shared_writes import SharedWrites
from bridge.store.queue.withdrawals import Withdrawals
from bridge.store.queue.write_backs import WriteBacks

__all__ = [
    "ANOTHER",
    "CALLBACK_LEASE",
    "EMPTY",
    "FULL",
    "WHILE",
    "AccountState",
    "AlertLog",
    "Brake",
    "Copies",
    "Database",
    "DnsCache",
    "Findings",
    "Gauges",
    "HeldServices",
    "Inbox",
    "Lookup",
    "MailWatches",
    "OperatorActions",
    "Outbox",
    "Overview",
    "Owners",
    "PasswordLinks",
    "PersonalData",
    "Privacy",
    "Queue",
    "Restored",
    "Retention",
    "Rotation",
    "ServiceEvents",
    "Services",
    "SharedWrites",
    "SignIns",
    "Subscribed",
    "Summaries",
    "Survey",
    "Tally",
    "Troubles",
    "Withdrawals",
    "WriteBacks",
    "check",
    "correct_future_times",
    "names",
    "newest",
    "remedy",
    "schema_fault",
    "served_before",
    "sole",
    "sqlite_file",
    "upgrade",
]
