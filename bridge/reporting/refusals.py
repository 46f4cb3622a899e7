"""Why something is not done, in sentences for the person who asked for it, with what to do instead.
Pure.

The store decides and gives a code with its facts; the sentence of each code stands here.
"""

from collections.abc import Mapping

REFUSALS: Mapping[str, str] = {
    # What is not there
    "no_job": "There is no job {id!r}. List them: enom-bridge jobs list",
    "no_hook": "There is no hook {id!r}. List them: enom-bridge hooks list",
    "no_callback": "There is no callback {id!r}. List them: enom-bridge callbacks list",
    "no_mailbox": (
        "There is no mailbox {address!r} in the bridge. List them: enom-bridge mailboxes list"
    ),
    "no_page": "There is no page after {after!r}: use the `next` of the previous page.",
    "no_job_or_hook": "No job or hook has this id.",
    "no_account": "There is no account {name!r} in the configuration.",
    "no_source": "There is no source {name!r} in the configuration.",
    "link_for_nobody": (
        "{address} belongs to no service, or does not exist: nobody can be sent a link for it."
    ),
    "link_of_several": "Several accounts have {address}; a link needs one.",
    "job_pruned": "The job of this hook is no longer kept.",
    "nothing_held": "Nothing is stored about {address}.",
    # Hooks
    "hook_of_several": (
        "Several sources sent a hook with the id {id!r} ({sources}): say which one with --source."
    ),
    "withdrawal_replayed": "Hook {id!r} withdraws another one: there is nothing to replay.",
    "withdrawal_withdrawn": (
        "This is the id of a job.withdraw, which cannot be withdrawn. Send what is wanted now."
    ),
    "withdrawn_in_doubt": (
        "A purchase of job {job} is in doubt, so it cannot be withdrawn until it is known "
        "whether money was spent. Ask for its result with the query `job`."
    ),
    # Jobs
    "job_withdrawn": (
        "withdrawn: billing withdrew the hook of job {job}. Have billing send what it wants now."
    ),
    "mailbox_needed": (
        "overtaken: a newer hook of this service needs the mailbox (job {needs}). Have billing "
        "send what it wants now."
    ),
    "decided_by_newer": (
        "overtaken: newer hooks of this service replaced job "
        "{job}. Have billing send what it wants now."
    ),
    "purchase_looked_up": "{why} Its purchase now counts as settled and no longer blocks others.",
    "not_held": "Job {job} is no longer held.",
    # Money and limits
    "purchases_quiet": (
        "Purchases of this account are paused: the database was just restored, and the mail "
        "provider may "
        "not show yet what was bought before."
    ),
    "purchases_without_money": "Purchases of this account are paused: its balance was too low.",
    "purchase_in_doubt": "The purchase of {job} is in doubt.",
    "purchases_of_day": (
        "{limit} purchases were made today (safety.max_purchases_per_day). If this one is "
        "right: enom-bridge jobs approve {job}"
    ),
    "deletions_of_hour": (
        "The hourly limit of deletions is reached (safety.max_terminations_per_hour = {limit}). "
        "If this one is right: enom-bridge jobs approve {job}"
    ),
    "service_deletions": (
        "It would delete {count} mailboxes at once, more than the hourly limit leaves "
        "(safety.max_terminations_per_hour = {limit}). Nothing was changed. If this one is right: "
        "enom-bridge jobs approve {job}"
    ),
    "service_elsewhere": (
        "Mailboxes of this service are in account {account}, which is not the account of source "
        "{source}, so nothing was done. Set sources.{source}.account back, or take them over "
        "in the new account first (enom-bridge mailboxes import)."
    ),
    "service_suspensions": (
        "It would suspend {count} mailboxes at once, more than this source may within an hour "
        "(safety.max_suspended_share). Nothing was changed. If this one is right: "
        "enom-bridge jobs approve {job}"
    ),
    "service_again": (
        "Job {job} would delete {count} mailboxes at once, more than the hourly limit leaves now "
        "(safety.max_terminations_per_hour = {limit}). Retry it within the next hours, or retry "
        "its mailboxes one by one."
    ),
    "service_done": (
        "Nothing of job {job} is left to be repeated: newer hooks replaced the rest. Have billing "
        "send what it wants now."
    ),
    "service_suspended": (
        "The service is suspended (job {job}). It gets new mailboxes once it is unsuspended."
    ),
    "seats_full": (
        "The service may have {seats} mailbox(es), and {taken} are in use or being created. Remove "
        "one, or have billing send a higher number of seats."
    ),
    "calls_in_use": (
        "This account has reached its limit of parallel calls to the mail provider; try again in a "
        "few seconds."
    ),
    # Mailboxes
    "worker_at_mailbox": "A worker is running job {job} of this mailbox; try again in a moment.",
    "owner_changed": (
        "{address} has changed since you looked: it now belongs to {owner}. Check it again."
    ),
    "mailbox_changed": "{address} has changed since you looked. Reconcile it again.",
    "state_known": "{address} is already recorded as {state}.",
    "nothing_to_repair": "The bridge cannot repair this by itself.",
    "owned_already": "It now belongs to service {service} of {source}.",
    "worker_at_job": "A worker is running its job {job}. Run the same command again in a moment.",
    "changed_since_look": (
        "The bridge has changed it since it was read from the mail provider. Run the same command "
        "again in "
        "a few minutes."
    ),
    # Accounts
    "restore_not_compared": (
        "The database was restored and has not been compared with the mail provider since. First "
        "compare it: "
        "enom-bridge reconcile --account {account}"
    ),
    "restore_no_domain": (
        "The database was restored, and no domain of account {account} is on record, so nothing "
        "was compared. Import billing's list (enom-bridge mailboxes import), or wait for the first "
        "hook; then: enom-bridge reconcile --account {account}"
    ),
    "restore_unread": (
        "The database was restored, and the comparison since could not read any domain at the mail "
        "provider. Find the cause: enom-bridge doctor. Then: enom-bridge reconcile --account "
        "{account}"
    ),
    # Erasing
    "job_open": ("Job {job} is {status}. Wait until it ends, or: enom-bridge jobs cancel {job}"),
    "purchase_open": (
        "A purchase of job {job} is in doubt, and only that job can settle it: enom-bridge "
        "jobs explain {job}"
    ),
    "callback_open": (
        "Callback {callback} is not delivered yet. See: enom-bridge jobs explain {job}"
    ),
    "deletion_open": (
        "{address} is scheduled for deletion. See: enom-bridge mailboxes show {address}"
    ),
    # Keys
    "worker_without_key": (
        "A worker runs without the newest key of bridge.keys and could not decrypt what is "
        "written now: {workers}. Restart it (and every `web`) with this configuration, then try "
        "again. A killed worker counts as running for {seconds:.0f} seconds."
    ),
    # The database
    "database_busy": "The database is busy.",
    "write_broken_off": "The thread that was writing to the database ended.",
    "database_unusable": "The database cannot be used: {cause}.",
    "database_empty": (
        "The database is empty: the bridge's tables are gone. If that is a mistake, restore a "
        "backup (docs/backup.md). To start over without the old data: `enom-bridge db upgrade`."
    ),
    "database_another": (
        "This is another database than when this process started. If that is intended, restart "
        "the bridge; if not, put the old one back."
    ),
    "database_not_saved": "The removed database could not be saved as {target}: {error}",
    "file_belongs": (
        "{file} belongs to {owner}, so this user cannot write it. Give it to the bridge's "
        "user: chown USER: {file}*"
    ),
    "file_unwritable": "Check {setting}, and that this user may write {folder}.",
    "server_away": "Check {setting}, and that the server is running.",
    "part_removed": (
        "{file} was removed while the bridge runs. Restart the bridge, but do not kill it: it "
        "saves the content when it stops."
    ),
    "part_replaced": (
        "{file} was replaced while the bridge runs. Restart the bridge, but do not kill it: it "
        "saves the content when it stops."
    ),
    "file_removed": (
        "The database file {file} was removed or moved while "
        "the bridge runs, or its volume is gone. "
        "Put it back, and the bridge continues by itself. If you cannot, stop the bridge normally, "
        "not by kill: it saves a copy there."
    ),
    "file_replaced": (
        "The database file {file} was replaced by another one while the bridge runs. Put the old "
        "one back, and the bridge continues by itself; or, if the new one is right, restart the "
        "bridge."
    ),
    "served_by_another": (
        "Another bridge already serves {file} ({who}). Stop that one first. With SQLite, one "
        "`serve` does all, and the other commands work next to it. For several processes use "
        "PostgreSQL."
    ),
    "behind_pooler": (
        "bridge.database goes through a pooler such as PgBouncer, which this command cannot use. "
        "Run it with a configuration that connects to PostgreSQL directly "
        "(enom-bridge --config FILE)."
    ),
    "schema_unknown": (
        "The database has schema {present}, which this version does not know: a newer enom-bridge "
        "has used it. Install that version again, or use another database."
    ),
    "schema_newer": (
        "The schema is {present}, from a newer enom-bridge; this version needs {needed}: "
        "install the newer version again."
    ),
    "schema_to_upgrade": (
        "The schema is {present}, this version needs {needed}: run `enom-bridge db upgrade`."
    ),
    "schema_to_serve": (
        "The schema is {present}, this version needs {needed}: start `enom-bridge serve`, "
        "which upgrades it."
    ),
    "file_away": (
        "{file} is missing, but a bridge has used it. Put it back before you start the bridge: "
        "`enom-bridge serve` would create an empty one."
    ),
    "file_missing": "{file} does not exist yet. `enom-bridge serve` creates it, or: enom-bridge db upgrade",
    "file_empty": "{file} is empty. `enom-bridge serve` creates it, or: enom-bridge db upgrade",
    # Backups
    "bridge_runs": (
        "A bridge runs on this database: {owner} was seen "
        "{ago:.0f} s ago. Stop it first. If it was "
        "killed, wait: it counts as running for {alive:.0f} s."
    ),
    "unchanged": "{why} Nothing was changed.",
    "no_backup": "There is no backup at {file}.",
    "no_database": (
        "There is no database at {file} yet. `enom-bridge serve` creates it, or: enom-bridge db "
        "upgrade"
    ),
    "not_copied": "{source} could not be copied to {folder}: {error}. Nothing was changed.",
    "damaged": "{file} is damaged: {found}. Nothing was changed.",
    "not_ours": "{file} is not a backup of enom-bridge. Nothing was changed.",
    "dump_not_ours": "{file} is not a dump of enom-bridge's tables. Nothing was changed.",
    "not_exchanged": "{file} could not be replaced: {error}. Nothing was changed.",
    "opened_elsewhere": "Another process has {file} open. Stop the bridge first.",
    "unreadable": (
        "{file} cannot be read ({error}), so it is unknown whether a bridge runs on it. Stop the "
        "bridge, move the file away by hand, with its -wal and -shm if they exist, and run this "
        "command again."
    ),
    "target_exists": "{file} already exists and is not overwritten: give another name.",
    "target_unwritable": "{file} cannot be written: {error}.",
    "no_program": (
        "{program} is not on the PATH: install PostgreSQL's client programs (Debian: "
        "postgresql-client). Or use your own tools; after a restore with those, run: "
        "enom-bridge db restore --in-place"
    ),
    "open_at_restore": (
        "The database was restored from a backup. This job was open in it; it may have been done "
        "since, or replaced by newer ones."
    ),
}


def refusal(code: str, **facts: object) -> str:
    return REFUSALS[code].format(**facts)
