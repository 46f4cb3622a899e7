"""The database: the only place that knows SQL. Each class is one concern over the same tables."""

from bridge.store.ahead import put_right
from bridge.store.brake import Brake
from bridge.store.copies import Copies, Restored
from bridge.store.database import ANOTHER, EMPTY, Database, remedy, sqlite_file
from bridge.store.files import FULL, WHILE
from bridge.store.findings import Findings
from bridge.store.gauges import Gauges
from bridge.store.inbox import Inbox
from bridge.store.lookup import Lookup
from bridge.store.migrate import check, newest, schema_fault, upgrade
from bridge.store.notes import Notebook
from bridge.store.outbox import CALLBACK_LEASE, Outbox
from bridge.store.overview import Overview
from bridge.store.owners import Owners
from bridge.store.people import People
from bridge.store.privacy import Held, Privacy, names
from bridge.store.queue import Queue
from bridge.store.readiness import Readings
from bridge.store.rotation import Rotation, Survey, Tally
from bridge.store.sign_ins import SignIns
from bridge.store.sole import served_before, sole
from bridge.store.standing import Standing
from bridge.store.summaries import Summaries
from bridge.store.troubles import Troubles
from bridge.store.upkeep import Upkeep
from bridge.store.withdrawals import Withdrawals

__all__ = [
    "ANOTHER",
    "CALLBACK_LEASE",
    "EMPTY",
    "FULL",
    "WHILE",
    "Brake",
    "Copies",
    "Database",
    "Findings",
    "Gauges",
    "Held",
    "Inbox",
    "Lookup",
    "Notebook",
    "Outbox",
    "Overview",
    "Owners",
    "People",
    "Privacy",
    "Queue",
    "Readings",
    "Restored",
    "Rotation",
    "SignIns",
    "Standing",
    "Summaries",
    "Survey",
    "Tally",
    "Troubles",
    "Upkeep",
    "Withdrawals",
    "check",
    "names",
    "newest",
    "put_right",
    "remedy",
    "schema_fault",
    "served_before",
    "sole",
    "sqlite_file",
    "upgrade",
]
