"""The tables. Times are epoch seconds on the database's clock; JSON holds no secrets."""

import sqlalchemy
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

JSON = sqlalchemy.JSON(none_as_null=True)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Serial = BigInteger().with_variant(Integer, "sqlite")


def when(name: str, table: str, condition: str, *columns: str) -> Index:
    """A partial index, so that what has ended costs nothing."""
    where = text(condition)
    return Index(f"ix_{table}_{name}", *columns, sqlite_where=where, postgresql_where=where)


hooks = Table(
    "hooks",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("source", String(64), nullable=False),
    Column("hook_id", String(128), nullable=False),
    Column("type", String(64), nullable=False),
    Column("digest", String(64), nullable=False),  # keyed, over type and data
    Column("key_index", Integer, nullable=False),
    Column("received_at", Float, nullable=False),
    Column("job_id", String(32)),  # null: parked
    Column("errors", JSON),  # of a parked delivery
    Column("sealed", Text),  # the whole body of a parked delivery, encrypted
    # Parked, or never seen, and nobody waits for it: its id is refused
    Column("dismissed_at", Float),
    UniqueConstraint("source", "hook_id"),
    Index("ix_hooks_job_id", "job_id"),
    when("sealed", "hooks", "sealed IS NOT NULL", "received_at"),
    when("parked", "hooks", "job_id IS NULL", "id"),
)

mailboxes = Table(
    "mailboxes",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("account", String(64), nullable=False),
    Column("domain", String(253), nullable=False),
    Column("address", String(320), nullable=False),
    Column("sequence", BigInteger, nullable=False, server_default="0"),
    Column("source", String(64)),  # the owner
    Column("service_id", String(64)),
    Column("state", String(16), nullable=False, server_default="unknown"),
    Column("password_digest", String(64)),
    Column("suspended_with", String(16)),
    Column("saved_services", JSON),
    Column("sessions_ended", Boolean, nullable=False, server_default=text("false")),
    Column("quota", BigInteger),
    Column("delete_after", Float),
    Column("settles_at", Float, nullable=False, server_default="0"),
    Column("observed_at", Float),
    # Fact, or "needed" -> [source, service, hook's own time]: which hook spoke last
    Column("decided", JSON),
    Column("customer_id", String(64)),  # billing's customer, as the newest hook that named one said
    Column("customer_source", String(64)),  # whose id that is; it stays when the owner is forgotten
    Column("gone_at", Float),  # when the mailbox was last seen to be gone
    Column("used", BigInteger),  # bytes, as a query last read them
    Column("used_at", Float),
    Column("aliases", JSON),  # as billing last wanted them; null: it never said
    Column("forwarding", JSON),  # forward_to and keep_copy, likewise
    Column("suspended_by", String(64)),  # the source whose hook led to its suspension
    # It was made with a password that nobody knows, and none was set since
    Column("awaits_password", Boolean, nullable=False, server_default=text("false")),
    UniqueConstraint("account", "address"),
    Index("ix_mailboxes_source_address", "source", "address"),
    when("delete_after", "mailboxes", "delete_after IS NOT NULL", "delete_after"),
    Index("ix_mailboxes_service_id", "service_id"),
    Index("ix_mailboxes_address", "address"),
    Index("ix_mailboxes_domain", "account", "domain"),
    when("unknown", "mailboxes", "state = 'unknown'", "id"),
    when("aliases", "mailboxes", "aliases IS NOT NULL", "account", "domain"),
)

# A service's own line, beside those of its mailboxes, and what was sold of it.
services = Table(
    "services",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("source", String(64), nullable=False),
    Column("service_id", String(64), nullable=False),
    Column("sequence", BigInteger, nullable=False, server_default="0"),
    Column("decided", JSON),  # as of a mailbox, by the hooks of the service itself
    Column("seats", Integer),  # as the newest creation that named them said
    Column("suspended_by", String(32)),  # the job of the last suspension, until it is lifted
    Column("suspended_at", Float),
    UniqueConstraint("source", "service_id"),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", String(32), primary_key=True),
    # Null: it is a service's, and its members are the jobs that name it
    Column("mailbox_id", Serial, ForeignKey("mailboxes.id")),
    Column("sequence", BigInteger, nullable=False),
    Column("hook_id", String(128), nullable=False),
    Column("source", String(64), nullable=False),
    Column("account", String(64), nullable=False),
    Column("domain", String(253), nullable=False),
    Column("address", String(320), nullable=False),
    Column("service_id", String(64), nullable=False),
    Column("action", String(32), nullable=False),
    Column("facts", String(64), nullable=False),  # what this hook decides, separated by spaces
    Column("intent", JSON, nullable=False),  # without password
    Column("sealed", Text),  # the password, encrypted
    Column("status", String(16), nullable=False),
    Column("waiting_for", String(16)),
    Column("available_at", Float, nullable=False),
    Column("lease_owner", String(64)),
    Column("lease_until", Float),
    Column("token", Integer, nullable=False, server_default="0"),
    # In a row, since it waited for anything but an error
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("undecided_since", Float),
    # A command may have been sent
    Column("touched", Boolean, nullable=False, server_default=text("false")),
    Column("passed", Boolean, nullable=False, server_default=text("false")),  # approved by a person
    Column("lifted", String(128)),  # the limits that this lifted, separated by spaces
    Column("purge", Boolean, nullable=False, server_default=text("false")),
    # While a worker was at it
    Column("withdrawn", Boolean, nullable=False, server_default=text("false")),
    Column("replaces", String(32)),
    # The first job of the service's hook that this is a member of
    Column("service_job", String(32)),
    # Its end is told by the service's callback alone
    Column("silent", Boolean, nullable=False, server_default=text("false")),
    Column("plan", JSON),
    Column("seen", JSON),
    Column("state", String(16), nullable=False, server_default="unknown"),
    Column("changed", Boolean, nullable=False, server_default=text("false")),
    Column("verified", JSON),
    Column("message", Text),
    Column("error", JSON),
    Column("code", String(32)),  # the error's, so that lists can be asked for it
    Column("extra", JSON),
    Column("created_at", Float, nullable=False),
    Column("started_at", Float),
    Column("finished_at", Float),
    Column("from_service_id", String(64)),  # of a change of service: who has the mailbox until then
    UniqueConstraint("mailbox_id", "sequence"),
    when(
        "queued",
        "jobs",
        "status = 'queued'",
        *("account", "source", "action", "domain", "available_at", "id"),
    ),
    when("open", "jobs", "status IN ('queued', 'running')", "mailbox_id", "sequence"),
    when("running", "jobs", "status = 'running'", "account", "domain"),
    when("sealed", "jobs", "sealed IS NOT NULL", "finished_at"),
    Index("ix_jobs_finished", "source", "finished_at", "id"),
    Index("ix_jobs_hook", "source", "hook_id"),
    Index("ix_jobs_service_id", "service_id", "id"),
    when("held", "jobs", "status = 'held'", "mailbox_id"),
    when("bad", "jobs", "status IN ('held', 'failed', 'cancelled')", "status", "id"),
    Index("ix_jobs_action", "action", "id"),
    when("code", "jobs", "code IS NOT NULL", "code", "id"),
    when("replaces", "jobs", "replaces IS NOT NULL", "replaces"),
    when(
        "created",
        "jobs",
        "action IN ('mailbox.create', 'mailbox.ensure') AND status = 'succeeded'",
        "mailbox_id",
        "action",
    ),
    when("members", "jobs", "service_job IS NOT NULL", "service_job", "status"),
    when("services", "jobs", "mailbox_id IS NULL", "service_id", "source", "sequence"),
    when("former_service", "jobs", "from_service_id IS NOT NULL", "from_service_id", "id"),
)

steps = Table(
    "steps",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("job_id", String(32), ForeignKey("jobs.id"), nullable=False),
    Column("token", Integer, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("command", String(64), nullable=False),
    Column("digest", String(64), nullable=False),  # keyed, over the change and its secret
    Column("arguments", JSON, nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("error", JSON),
    Column("evidence", JSON),
    Column("started_at", Float, nullable=False),
    # While the outcome is `intent`: when the call must have ended
    Column("ended_at", Float, nullable=False),
    Column("trust_after", Float, nullable=False),
    Index("ix_steps_job_id", "job_id", "id"),
    Index("ix_steps_started_at", "started_at"),
    when("deletes", "steps", "kind = 'delete'", "started_at"),
)

purchases = Table(
    "purchases",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("account", String(64), nullable=False),
    Column("domain", String(253), nullable=False),
    Column("job_id", String(32), nullable=False),
    Column("step_id", BigInteger, nullable=False, unique=True),
    Column("kind", String(16), nullable=False),
    Column("arguments", JSON, nullable=False),
    # As the step's; later done, undone or judged (by a person)
    Column("outcome", String(16), nullable=False),
    Column("evidence", JSON),
    Column("started_at", Float, nullable=False),
    Column("ended_at", Float, nullable=False),
    Column("settles_at", Float),  # until then reads may not show it
    Index("ix_purchases_domain", "account", "domain"),
    Index("ix_purchases_started_at", "started_at"),
    Index("ix_purchases_job_id", "job_id"),
)

callbacks = Table(
    "callbacks",
    metadata,
    Column("id", String(48), primary_key=True),
    Column("job_id", String(32), ForeignKey("jobs.id"), nullable=False),
    Column("mailbox_id", Serial, ForeignKey("mailboxes.id")),  # null: of a service
    Column("source", String(64), nullable=False),
    Column("service_id", String(64), nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("facts", String(64), nullable=False),
    Column("status", String(16), nullable=False),  # one of outbox.STATUSES
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("next_at", Float, nullable=False),
    Column("token", Integer, nullable=False, server_default="0"),
    Column("last_status", Integer),
    Column("last_error", Text),
    Column("created_at", Float, nullable=False),
    Column("ended_at", Float),
    Column("pending_since", Float),  # when a person had it sent again; null: since it was made
    Column("action", String(32), nullable=False, server_default=text("''")),  # the job's
    when("due", "callbacks", "status = 'pending'", "source", "action", "next_at"),
    when("order", "callbacks", "status = 'pending'", "mailbox_id", "sequence"),
    when("services", "callbacks", "mailbox_id IS NULL", "service_id", "source"),
    Index("ix_callbacks_job", "job_id"),
    when("exhausted", "callbacks", "status = 'exhausted'", "id"),
)

accounts = Table(
    "accounts",
    metadata,
    Column("name", String(64), primary_key=True),
    # Four things stop an account, each in columns of its own, so that none hides another: see
    # account_state.PAUSES.
    Column("paused", String(32)),  # the fault that Enom answers with: credentials or ip_not_allowed
    Column("detail", Text),
    Column("probe_at", Float),
    Column("pause_reason", Text),  # why a person paused it; null: no person did
    Column("money_until", Float),  # no purchase before, because there was no money
    # No purchase before, because reads may miss what was bought before a restore
    Column("quiet_until", Float),
    Column("reconcile_at", Float),  # when the nightly comparison is due; null: not yet known
    Column("reconcile_lease", Float),  # until then a process is at it
    Column("restored_at", Float),  # of a restore after which nobody has resumed the account
)

sources = Table(
    "sources",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("paused", Boolean, nullable=False),
    Column("detail", Text),  # why it is paused
    Column("suspensions_paused", Text),  # why no suspension of it is accepted; null: they are
    Column("suspensions_from", Float),  # suspensions before then count no more for the brake
    # In a row, that its receiver did not answer
    Column("receiver_tries", Integer, nullable=False, server_default="0"),
    Column("receiver_after", Float),  # no callback goes to it before then
    Column("sender", String(64)),  # the module that last tested the connection, with its version
    Column("compared_at", Float),  # when its subscriptions were last compared with the platform
)

notes = Table(
    "notes",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("subject", String(128), nullable=False),  # what the note is about: job:ID, account:NAME
    Column("cleared", Boolean, nullable=False),
    Column("text", Text, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("next_at", Float),  # null: sent, or given up
    when("due", "notes", "next_at IS NOT NULL", "next_at"),
    Index("ix_notes_subject", "subject", "id"),
)

used_ids = Table(
    "used_ids",
    metadata,
    Column("source", String(64), primary_key=True),
    Column("id", String(128), primary_key=True),
    Column("until", Float, nullable=False),
)

slots = Table(
    "slots",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("account", String(64), nullable=False),
    Column("until", Float, nullable=False),
)

workers = Table(
    "workers",
    metadata,
    Column("owner", String(64), primary_key=True),
    Column("seen_at", Float, nullable=False),
    Column("key_ids", Text),  # the names of the keys that it can open what is sealed with
)

key_values = Table(
    "marks",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("value", BigInteger, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("at", Float, nullable=False),
    Column("who", String(128), nullable=False),
    Column("action", String(32), nullable=False),
    Column("target", String(320), nullable=False),
    Column("detail", Text),
    Index("ix_audit_target", "target", "id"),
)

sign_in_failures = Table(
    "sign_in_failures",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("address", String(64), nullable=False),  # the client's
    Column("at", Float, nullable=False),
    Index("ix_sign_in_failures_at", "at"),
)

# What the last reconciliation of each domain found.

reconciliations = Table(
    "reconciliations",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("account", String(64), nullable=False),
    Column("who", String(128), nullable=False),
    Column("started_at", Float, nullable=False),
    Column("ended_at", Float, nullable=False),
    Column("whole", Boolean, nullable=False),  # every domain of the account that the bridge knows
    Column("domains", Integer, nullable=False),
    Column("unread", Integer, nullable=False),
    Column("mailboxes", Integer, nullable=False),
    Column("found", JSON, nullable=False),  # kind -> how many
    Index("ix_reconciliations_account", "account", "id"),
)

differences = Table(
    "differences",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("account", String(64), nullable=False),
    Column("domain", String(253), nullable=False),
    Column("address", String(320)),  # null: of the whole domain
    Column("kind", String(32), nullable=False),
    Column("source", String(64)),  # the owner
    Column("service_id", String(64)),
    Column("detail", Text, nullable=False),
    Column("remedy", Text, nullable=False),
    Column("since", Float, nullable=False),  # when it was found first
    Column("seen_at", Float, nullable=False),
    Index("ix_differences_domain", "account", "domain"),
    Index("ix_differences_address", "address"),
    Index("ix_differences_kind", "kind", "id"),
)

paks = Table(
    "paks",
    metadata,
    Column("account", String(64), primary_key=True),
    Column("domain", String(253), primary_key=True),
    Column("bundle", String(32), primary_key=True),
    Column("used", Integer, nullable=False),  # mailboxes that were listed in it
    Column("free", Integer, nullable=False),
    Column("expires", Float, nullable=False),
    Column("seen_at", Float, nullable=False),
)

readiness = Table(
    "readiness",
    metadata,
    Column("domain", String(253), primary_key=True),
    Column("found", JSON, nullable=False),  # what the domain's DNS says of its mail
    Column("checked_at", Float, nullable=False),
)

mail_watches = Table(
    "mail_watches",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("account", String(64), nullable=False),
    Column("domain", String(253), nullable=False),
    Column("ordered_at", Float),  # when a mailbox was last made there while its mail did not work
    # Its mail once did
    Column("receives", Boolean, nullable=False, server_default=text("false")),
    Column("sends", Boolean, nullable=False, server_default=text("false")),
    Column("failing_since", Float),  # since when one of these does no more
    Column("looks", Integer, nullable=False, server_default="0"),  # since it was ordered
    Column("looked_at", Float),
    Column("sampled_at", Float),  # its place in the round of all domains
    Column("next_at", Float),  # null: in that round only
    UniqueConstraint("account", "domain"),
    when("due", "mail_watches", "next_at IS NOT NULL", "next_at"),
    Index("ix_mail_watches_sampled_at", "sampled_at"),
)

# What a source wanted to be told of, beside how its jobs ended.
events = Table(
    "events",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("type", String(64), nullable=False),
    Column("account", String(64), nullable=False),
    Column("address", String(320), nullable=False),
    Column("source", String(64), nullable=False),
    Column("service_id", String(64), nullable=False),
    Column("data", JSON, nullable=False),
    Column("status", String(16), nullable=False),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("next_at", Float, nullable=False),
    Column("token", Integer, nullable=False, server_default="0"),
    Column("last_status", Integer),
    Column("last_error", Text),
    Column("created_at", Float, nullable=False),
    Column("ended_at", Float),
    Column("below_at", Float),  # when what it tells was seen to be over; null: it stands
    when("due", "events", "status = 'pending'", "next_at"),
    Index("ix_events_address", "address"),
)

# What a platform with webhooks of its own said last of each of its subscriptions.
subscriptions = Table(
    "subscriptions",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("source", String(64), nullable=False),
    Column("service_id", String(64), nullable=False),
    Column("account", String(64), nullable=False),
    Column("address", String(320), nullable=False),
    Column("action", String(32), nullable=False),  # what its status came to
    Column("status", String(32), nullable=False),  # in the platform's word
    Column("plan", String(64)),
    # No other status follows this one
    Column("final", Boolean, nullable=False, server_default=text("false")),
    Column("said_at", Float, nullable=False),  # the event's own time
    Column("said_in", JSON, nullable=False),  # the ids of the events of that time
    UniqueConstraint("source", "service_id"),
    Index("ix_subscriptions_service_id", "service_id"),
    Index("ix_subscriptions_address", "address"),
)

# What is written back to such a platform.
write_backs = Table(
    "write_backs",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("source", String(64), nullable=False),
    Column("service_id", String(64), nullable=False),
    Column("address", String(320), nullable=False),
    Column("written", JSON),  # what stands there, as far as the bridge wrote it
    Column("next_at", Float),  # null: nothing is due
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("token", Integer, nullable=False, server_default="0"),
    Column("last_error", Text),
    UniqueConstraint("source", "service_id"),
    when("due", "write_backs", "next_at IS NOT NULL", "next_at"),
    Index("ix_write_backs_address", "address"),
)

# One-time links by which a customer sets the first password; of each token a digest alone.
password_links = Table(
    "password_links",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("digest", String(64), nullable=False, unique=True),
    Column("mailbox_id", Serial, ForeignKey("mailboxes.id"), nullable=False),
    Column("source", String(64), nullable=False),  # the owner that it was made for
    Column("service_id", String(64), nullable=False),
    Column("created_at", Float, nullable=False),
    Column("expires_at", Float, nullable=False),
    Column("job_id", String(32)),  # of the password that was posted
    Column("ended_at", Float),  # since when a password was set, or the mailbox made anew
    Index("ix_password_links_mailbox_id", "mailbox_id"),
)
