"""Why something is not done, in sentences for the person who asked for it, with what to do instead. Pure.

The store decides and gives a code with its facts; the sentence of each code stands here.
"""

from collections.abc import Mapping

REFUSALS: Mapping[str, str] = {
    # What is not there
    "no_job": "There is no job {id!r}. List them: enom-bridge jobs list",
    "no_hook": "There is no hook {id!r}. List them: enom-bridge hooks list",
    "no_callback": "There is no callback {id!r}. List them: enom-bridge callbacks list",
    "no_mailbox": "The bridge knows no mailbox {address!r}. List them: enom-bridge mailboxes list",
    "no_page": "There is no page after {after!r}: use the `next` of the page before it.",
    "no_job_or_hook": "There is no job or hook of this id.",
    "no_account": "There is no account {name!r} in the configuration.",
    "no_source": "There is no source {name!r} in the configuration.",
    "job_pruned": "The job of this hook is not kept any more.",
    "nothing_held": "Nothing is held on {address}.",
    # Hooks
    "hook_of_several": "Several sources sent a hook with the id {id!r} ({sources}): say which one with --source.",
    "withdrawal_replayed": "The hook {id!r} took another one back: there is nothing to replay.",
    "withdrawal_withdrawn": ("This id is that of a job.withdraw, which cannot be taken back. Send what is wanted now."),
    "withdrawn_in_doubt": (
        "A purchase of job {job} is in doubt: it has to be found out first whether money was spent. "
        "Ask what became of it with the query `job`."
    ),
    # Jobs
    "job_withdrawn": ("withdrawn: billing took back the hook of job {job}. Let billing send again what it wants now."),
    "mailbox_needed": (
        "overtaken: a newer hook of this service needs the mailbox (job {needs}). Let billing send again what it wants now."
    ),
    "decided_by_newer": (
        "overtaken: newer hooks of this service decided what job {job} wanted. Let billing send again what it wants now."
    ),
    "purchase_looked_up": "{why} Its purchase counts as looked up, and holds up no other any more.",
    "not_held": "Job {job} is not held any more.",
    # Money and limits
    "purchases_quiet": (
        "Purchases of this account are paused: it was just restored, and Enom's reads may not show yet what was bought before."
    ),
    "purchases_without_money": "Purchases of this account are paused: it had no money.",
    "purchase_in_doubt": "The purchase of {job} is in doubt.",
    "purchases_of_day": (
        "{limit} purchases were made today (safety.max_purchases_per_day). If this one is right: enom-bridge jobs approve {job}"
    ),
    "deletions_of_hour": (
        "No more deletions within this hour (safety.max_terminations_per_hour = {limit}). "
        "If this one is right: enom-bridge jobs approve {job}"
    ),
    "calls_in_use": ("All calls that this account may make at a time are in use; ask again in a few seconds."),
    # Mailboxes
    "worker_at_mailbox": ("A worker is at job {job} of this mailbox right now; try again in a moment."),
    "owner_changed": ("{address} was changed meanwhile: it belongs to {owner} now. Look at it again."),
    "mailbox_changed": "{address} was changed meanwhile. Reconcile it again.",
    "state_known": "It is noted already that {address} is {state}.",
    "nothing_to_repair": "There is nothing to repair by itself.",
    "owned_already": "It belongs to service {service} of {source} by now.",
    "worker_at_job": ("A worker is at job {job} of it right now. Give the same command again in a moment."),
    "changed_since_look": ("The bridge has changed it since Enom was asked. Give the same command again in a few minutes."),
    # Accounts
    "restore_not_compared": (
        "The database was restored, and nobody has compared it with Enom since. First look at what "
        "differs: enom-bridge reconcile --account {account}"
    ),
    # Erasing
    "job_open": "Job {job} is {status}. Let it end, or: enom-bridge jobs cancel {job}",
    "purchase_open": ("A purchase of job {job} is in doubt, and only that job can settle it: enom-bridge jobs explain {job}"),
    "callback_open": ("Billing has not been told yet ({callback}). See: enom-bridge jobs explain {job}"),
    "deletion_open": ("{address} waits for its deletion. See: enom-bridge mailboxes show {address}"),
    # Keys
    "worker_without_key": (
        "A worker runs that does not know the newest key of bridge.keys, and could not open what is "
        "written now: {workers}. Restart it (and every `web`) with this configuration, then try "
        "again. One that was killed counts for {seconds:.0f} seconds."
    ),
    # The database
    "database_busy": "The database is busy.",
    "database_unusable": "The database cannot be used: {cause}.",
    "database_empty": (
        "The database is empty: the tables of the bridge are gone. If that was not meant, restore a "
        "backup (docs/backup.md); `enom-bridge db upgrade` makes new ones, which know nothing of "
        "what was before."
    ),
    "database_another": (
        "The database is another one than when this process began to use it. If that is right, "
        "restart the bridge; if not, put the former one back."
    ),
    "database_not_saved": "The removed database could not be saved as {target}: {error}",
    "file_belongs": (
        "{file} belongs to {owner}, and this user may not write it. Give it to the user of the bridge: chown USER: {file}*"
    ),
    "file_unwritable": "Is {setting} right, and may this user write {folder}?",
    "server_away": "Is {setting} right, and is it running?",
    "part_removed": (
        "{file} was removed while the bridge runs. Restart the bridge, without a kill: its end saves what stands in there."
    ),
    "part_replaced": (
        "{file} was replaced while the bridge runs. Restart the bridge, without a kill: its end saves what stands in there."
    ),
    "file_removed": (
        "The database file {file} was removed or moved while the bridge runs, or its volume is gone. "
        "Put it back, and the bridge goes on by itself. If you cannot, stop the bridge without a "
        "kill: it leaves a copy beside the place."
    ),
    "file_replaced": (
        "The database file {file} was replaced by another one while the bridge runs. Put the one "
        "from before back, and the bridge goes on by itself; or, if the new one is right, restart "
        "the bridge."
    ),
    "served_by_another": (
        "Another bridge serves {file} already ({who}). Stop that one first. With SQLite one `serve` "
        "does everything; the other commands work beside it. For several processes take PostgreSQL."
    ),
    "behind_pooler": (
        "This database is reached through a pooler, such as PgBouncer, which would give what this "
        "command sets to others. Give it a configuration whose bridge.database names PostgreSQL "
        "itself (enom-bridge --config FILE)."
    ),
    "schema_unknown": (
        "The database is at version {present} of the schema, which this program does not know: a "
        "newer enom-bridge has used it. Install that one again, or give this one a database of its "
        "own."
    ),
    "schema_newer": (
        "The schema is {present}, of a newer enom-bridge; this one knows {needed}: install the newer version again."
    ),
    "schema_to_upgrade": ("The schema is {present}, this version needs {needed}: run `enom-bridge db upgrade`."),
    "schema_to_serve": (
        "The schema is {present}, this version needs {needed}: start `enom-bridge serve`, which brings it up to date."
    ),
    "file_away": (
        "{file} is not there, and a bridge ran on it before. Put it back before you start one: "
        "`enom-bridge serve` would make an empty one."
    ),
    "file_missing": "{file} is not there yet. `enom-bridge serve` makes it.",
    "file_empty": "{file} is empty. `enom-bridge serve` makes it.",
    # Backups
    "bridge_runs": (
        "A bridge runs on this database: {owner} was seen {ago:.0f} s ago. Stop it first. If it was "
        "killed, wait: it counts as running for {alive:.0f} s."
    ),
    "unchanged": "{why} Nothing was changed.",
    "no_backup": "There is no backup at {file}.",
    "no_database": "There is no database at {file} yet: `enom-bridge serve` makes it.",
    "not_copied": "{source} could not be copied to {folder}: {error}. Nothing was changed.",
    "damaged": "{file} is damaged: {found}. Nothing was changed.",
    "not_ours": "{file} is no database of enom-bridge. Nothing was changed.",
    "dump_not_ours": "{file} is no dump of enom-bridge's tables. Nothing was changed.",
    "not_exchanged": "{file} could not be exchanged: {error}. Nothing was changed.",
    "opened_elsewhere": "Another process has {file} open. Stop the bridge first.",
    "unreadable": (
        "{file} cannot be read ({error}), so nobody can see whether a bridge runs on it. Stop the "
        "bridge, move the file away by hand, with its -wal and -shm if they are there, and give this "
        "command again."
    ),
    "target_exists": "{file} exists already, and nothing is overwritten: give another name.",
    "target_unwritable": "{file} cannot be written: {error}.",
    "no_program": (
        "{program} is not on the PATH: install PostgreSQL's client programs (Debian: "
        "postgresql-client). Or use tools of your own; after a restore with those give: "
        "enom-bridge db restore --in-place"
    ),
    "open_at_restore": (
        "The database was restored from a backup. This job was open in it, and may have been done since, or something newer."
    ),
}


def refusal(code: str, **facts: object) -> str:
    """The sentence of this code."""
    return REFUSALS[code].format(**facts)
