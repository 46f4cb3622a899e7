"""The sentences of what a person does next about a job; every error code has its own.

In braces stands what `next_steps` fills in: a step of its COMMANDS or BUTTONS, or a name of the job.
"""

from collections.abc import Mapping

RETRY = "then: {retry}"

LEFT_BY_SERVICE = (
    "The mailbox is of service {owner} now. If that is right, nothing is to be done: end service "
    "{service_id} in billing without terminating it. If not, have billing send a "
    "mailbox.change_service from service {owner} to {service_id}."
)
SEND_FROM = (
    "The mailbox is of service {owner}. If it shall go over from there, have billing send the change "
    "again with that service as from_service_id."
)
CANNOT_CHANGE = (
    "The error says what stands in the way. If it is the customer, have billing send the change "
    "again with the right one. If the mailbox waits for its deletion, its own service has to ask for "
    "it first (mailbox.unsuspend). If the service is suspended, unsuspend it (service.unsuspend); "
    f"{RETRY}"
)
OF_CODE: Mapping[str, str] = {
    "refused": f"Fix what the mail provider complains about, there or in billing; {RETRY}",
    "not_found": (
        "The mail provider has no such mailbox. If the customer should have one, create it from "
        "billing "
        "(mailbox.create)."
    ),
    "not_ours": f"If this mailbox belongs to service {{service_id}}, adopt it: {{adopt}}; {RETRY}",
    "conflict": (
        f"The mailbox is in a state that does not allow this. See {{mailbox}}; once that is "
        f"resolved, {RETRY}"
    ),
    "password_rejected": (
        "Set another password in billing; docs/errors.md has the mail provider's rules. The new "
        "hook replaces this job."
    ),
    "password_needed": (
        "Have billing send a new password: change it there, or run the same action again. "
        "Retrying this job does not help, because the bridge does not keep passwords."
    ),
    "domain_not_in_account": (
        f"Add {{domain}} to account {{account}} at the mail provider, with its mail service there; "
        f"{RETRY}"
    ),
    "pak_full": (
        f"Get another mailbox slot for {{domain}} at the mail provider (docs/errors.md says how), "
        f"or allow the bridge to; {RETRY}"
    ),
    "purchase_needed": "Buy or renew the pak of {domain} at Enom, or let the bridge do it: "
    f'set accounts.{{account}}.purchase = "paks" or "boxes" and reload the bridge; {RETRY}',
    "seats_full": (
        "The service has as many mailboxes as were sold. Remove one, or have billing send a higher "
        "number of seats (mailbox.create, mailbox.change_service)."
    ),
    "plan_unknown": (
        f"Add [plans.{{plan}}] to bridge.toml and reload the bridge, or correct the product in "
        f"billing; {RETRY}"
    ),
    "unsupported": (
        "Account {account} is not configured for this: choose another suspend_with, or add "
        f"[accounts.{{account}}.hosted_email], and reload the bridge; {RETRY}"
    ),
    "credentials": (
        "Correct the credentials of account {account} in bridge.toml and reload the bridge; its "
        "jobs then "
        "continue by themselves. To check: enom-bridge doctor"
    ),
    "ip_not_allowed": (
        "Add this machine's IP address to the API allow list of account {account} at the mail "
        "provider. "
        "The bridge retries every 5 minutes; to continue at once: {resume}"
    ),
    "insufficient_funds": (
        "Top up the balance of account {account} at Enom. Purchases are retried every 5 minutes; "
        "to continue at once: {resume}"
    ),
    "unavailable": (
        "The mail provider was not reachable. When enom-bridge doctor reaches it again: {retry}"
    ),
    "unclear": (
        "Check in the mail provider's control panel (mailboxes and orders of {domain}) whether it "
        "was done. Then, "
        "done or not: {retry} - the retry checks the mail provider first and does only what is "
        "missing."
    ),
    "garbled": (
        "The bridge could not read the mail provider's answer; check in its control panel whether "
        "it was done. "
        "Then, done or not: {retry} - the retry checks the mail provider first and does only what is "
        "missing."
    ),
    "unsafe": "If this is right: {approve} - if not: {reject}",
    "domain_of_another": (
        "Find out whether both customers may use {domain} (see: {neighbours}). If so: "
        "{approve} - or have billing send it with domain_confirmed. If not: {reject}"
    ),
    "reserved_name": (
        "Find out whether {domain} belongs to this customer (contact data, or a DNS record that "
        "you ask for). "
        "If so: {approve} - or have billing send it with domain_confirmed. If not: {reject}"
    ),
    "address_taken": (
        "Find out which mailbox has it (see: {neighbours}). Once it is removed there, "
        "{retry} - or have billing send other aliases."
    ),
    "forwarding_loop": (
        "Have billing send other addresses to forward to, or with keep_copy. The new hook replaces "
        "this job."
    ),
    "overtaken": "Nothing to do: a newer hook of this service replaced it. See: {siblings}",
    "withdrawn": "Nothing to do: billing withdrew this hook. See: {siblings}",
    "rejected": (
        "Nothing to do: an admin rejected it. If it is "
        "wanted after all, have billing send it again."
    ),
}
WHOLE_HELD = (
    "See which of its mailboxes are held, and why: {members}; once that is resolved, {retry} - it "
    "repeats only what is not done. If it is no longer wanted: {reject}"
)
WHOLE_FAILED = (
    "See for which of its mailboxes it was not done, and why: {members}; once that is resolved, "
    "{retry} - it repeats only those."
)
NO_LIMIT = f"Fix at the mail provider what blocks it; {RETRY}"
GIVE_UP = " If it is no longer wanted: {reject}"
DECIDED = "Newer hooks of this service replaced it, so it cannot be retried. To close it: {reject}"
PAUSED_BY_PERSON = "An admin paused account {account}{why}. To let its jobs continue: {resume}"
PAUSED_BY_RESTORE = (
    "The database was restored, so account {account} is paused until you have checked it "
    "(docs/backup.md): "
    "{compare}, then: {resume}"
)
BY_HAND: Mapping[str, str] = {"person": PAUSED_BY_PERSON, "restored": PAUSED_BY_RESTORE}
OPEN_AT_BACKUP = (
    "Check the mail provider's control panel and billing. If it is still wanted: {retry} - the "
    "retry checks "
    "the mail provider first and does only what is missing."
)
CONTINUES = "Nothing to do: it continues by itself."
SILENT = (
    "Nothing to do: it continues by itself as soon as the mail provider answers. To find out why it "
    "does not: enom-bridge doctor."
)
CANCEL = " To cancel it: {cancel}"
WAITS = f"{CONTINUES}{CANCEL}"
WAITS_FOR_DAY = f"{WAITS} - to create it today: {{approve}}"
LOST = (
    "Nothing to do: another worker takes over. To speed that up, restart the bridge (enom-bridge "
    "serve, or worker)."
)
NO_WORKER = "No worker is running, so jobs wait: start enom-bridge serve (or enom-bridge worker)."
FOLLOW = "It was retried. Continue with: {follow}"
FOLLOW_APPROVED = "It was approved. Continue with: {follow}"
RESEND = "The callback was not delivered. When billing is reachable: {resend}"
OBSERVED = (
    'To let the bridge act: set accounts.{account}.mode = "act", reload the bridge, and have '
    "billing send the hook again."
)
NOTHING = "Nothing to do."
