"""What a person does next about a job: a sentence that names the command, or the button.

Pure; every error code has its own.
"""

import re
from collections.abc import Mapping
from functools import partial
from shlex import quote
from typing import Any

COMMANDS: Mapping[str, str] = {
    "retry": "enom-bridge jobs retry {job}",
    "approve": "enom-bridge jobs approve {job}",
    "reject": "enom-bridge jobs reject {job}",
    "cancel": "enom-bridge jobs cancel {job}",
    "follow": "enom-bridge jobs explain {next}",
    "siblings": "enom-bridge jobs list --address {address}",
    "members": "enom-bridge jobs list --service-id {service_id}",
    "mailbox": "enom-bridge mailboxes show {address}",
    "neighbours": "enom-bridge mailboxes list --domain {domain}",
    "adopt": (
        "enom-bridge mailboxes adopt {address} --source {source} --service-id {service_id} --apply"
    ),
    "compare": "enom-bridge reconcile --account {account}",
    "resume": "enom-bridge resume account {account}",
    "resend": "enom-bridge callbacks resend {callback}",
}
"""What is to be done, on the command line."""

VERBS: Mapping[str, str] = {
    "retry": "Retry",
    "approve": "Approve",
    "reject": "Reject",
    "cancel": "Cancel",
}
"""The buttons of a job's page."""

BUTTONS: Mapping[str, str] = {
    **{verb: f'"{title}"' for verb, title in VERBS.items()},
    "follow": "its new job",
    "siblings": "the jobs of this mailbox",
    "members": "the jobs of this service",
    "mailbox": "the page of this mailbox",
    "neighbours": "the mailboxes of this domain",
    "adopt": '"Adopt" on the page of this mailbox',
    "compare": '"Compare now" under Drift',
    "resume": '"Resume" on the overview',
    "resend": '"Resend" on the page of the callback',
}
"""The same, on the pages."""

ON_PAGES: Mapping[str, str] = {
    **{
        COMMANDS[verb]: BUTTONS[verb]
        for verb in (
            *VERBS,
            "siblings",
            "members",
            "neighbours",
            "mailbox",
            "adopt",
            "resume",
            "resend",
        )
    },
    "enom-bridge mailboxes adopt {address} --source {source} --service-id {service_id}": BUTTONS[
        "adopt"
    ],
    "enom-bridge reconcile shows the plan, and does it with --apply": '"Repair" under Drift shows the plan, and does it',
    "enom-bridge reconcile --account {account}": BUTTONS["compare"],
    "enom-bridge pause account {account}": '"Pause" on the overview',
    "enom-bridge resume source {source}": BUTTONS["resume"],
    "enom-bridge jobs explain {job}": "the page of job {job}",
    **{
        f"enom-bridge {what} list": f"the page {what.capitalize()}"
        for what in ("jobs", "hooks", "callbacks", "mailboxes")
    },
}
"""Each command for which the pages have a button, and what it is there."""


def _of_command(command: str) -> re.Pattern[str]:
    """Finds it with whatever it is given, but not the full stop after it."""
    pattern = re.escape(command).replace(r"\ ", " ")
    pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>'[^']*'|[^\\s,;()]+?)", pattern)
    return re.compile(rf"{pattern}(?: --[a-z-]+(?: [^\s,;()-]\S*?)?)*(?=[.,;:)]*(?:\s|$))")


_FOUND = sorted(
    ((_of_command(command), button) for command, button in ON_PAGES.items()),
    key=lambda each: -len(each[0].pattern),
)


def in_buttons(text: str) -> str:
    """The same sentence with the buttons of the pages in the place of commands.

    A command without one stays.
    """
    for pattern, button in _FOUND:
        text = pattern.sub(partial(_named, button), text)
    return text


def _named(button: str, found: re.Match[str]) -> str:
    return button.format_map(found.groupdict())


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
ADVICE: Mapping[str, str] = {
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


def advise(
    story: Mapping[str, Any], worker_alive: bool, steps: Mapping[str, str] = COMMANDS
) -> str:
    """The one next step. `story` as the store tells it; `steps`: COMMANDS or BUTTONS."""
    return _filled(_choose(story, worker_alive), steps, _names(story))


def about_account(paused: str, account: str, steps: Mapping[str, str] = COMMANDS) -> str:
    """What a person does about an account that is paused, or whose purchases are, for this
    reason."""
    return _filled(BY_HAND.get(paused) or ADVICE[paused], steps, {"account": account, "why": ""})


def _filled(text: str, steps: Mapping[str, str], names: Mapping[str, str]) -> str:
    filled = {name: step.format_map(names) for name, step in steps.items() if f"{{{name}}}" in text}
    return text.format_map({**names, **filled})


def _choose(story: Mapping[str, Any], worker_alive: bool) -> str:
    job = story["job"]
    code = (job["error"] or {}).get("code", "unclear")
    if story["tried_again_as"]:
        return FOLLOW_APPROVED if story.get("approved") else FOLLOW
    if not job["address"] and (whole := _of_service(story, worker_alive)) is not None:
        return whole
    match job["status"]:
        case "queued" | "running":
            return _while_open(story, code, worker_alive)
        case "held":
            return _while_held(story, code)
        case "failed":
            chosen = _special(story, code) or ADVICE[code]
            no_retry = "{retry}" in chosen and story["may"]["retry"] is not None
            return ADVICE["overtaken"] if no_retry else chosen
    if _undelivered(story):
        return RESEND
    return _observed(job["extra"]) if _only_observed(job) else NOTHING


def _special(story: Mapping[str, Any], code: str) -> str | None:
    """Where services of one source give each other mailboxes: never that a terminate is repeated
    for a mailbox that another one has by now."""
    job, mailbox = story["job"], story.get("mailbox") or {}
    owner = mailbox.get("service_id")
    foreign = mailbox.get("source") == job["source"] and owner not in (None, job["service_id"])
    changes = job["action"] == "mailbox.change_service"
    if code == "not_ours" and foreign:
        if changes:
            return SEND_FROM
        ends = job["action"] == "mailbox.terminate"
        return (
            LEFT_BY_SERVICE
            if ends
            else f"{LEFT_BY_SERVICE} If the record is wrong: {{adopt}}; {RETRY}"
        )
    return CANNOT_CHANGE if changes and code == "conflict" else None


def _of_service(story: Mapping[str, Any], worker_alive: bool) -> str | None:
    """Of a job that is about every mailbox of a service; None where it is as of any other."""
    match story["job"]["status"]:
        case "running":
            return WAITS if worker_alive else NO_WORKER
        case "held" if story["may"]["approve"] is None:
            return ADVICE["unsafe"]
        case "held" if story["may"]["retry"] is None:
            return WHOLE_HELD
        case "failed":
            return WHOLE_FAILED if story["may"]["retry"] is None else f"{NOTHING} See: {{members}}"
    return None


def _while_held(story: Mapping[str, Any], code: str) -> str:
    """`may` of the story says what is allowed: nothing else is advised."""
    job, may = story["job"], story["may"]
    if may["retry"] is not None:
        return DECIDED
    if (job["extra"] or {}).get("restored_at"):
        chosen = OPEN_AT_BACKUP
    else:
        chosen = NO_LIMIT if code == "unsafe" and may["approve"] is not None else ADVICE[code]
    return (
        chosen
        if "{reject}" in chosen or may["reject"] is not None
        else f"{chosen.rstrip('.')}.{GIVE_UP}"
    )


def _observed(extra: Mapping[str, Any]) -> str:
    """Before it acts, what would have stopped it is put right; this job, which has ended, is not
    tried again."""
    hindrance = (
        ADVICE[extra["would_be"]["code"]].removesuffix(f"; {RETRY}")
        if extra.get("would_be")
        else OBSERVED
    )
    return OBSERVED if "{retry}" in hindrance or "{approve}" in hindrance else hindrance


def _while_open(story: Mapping[str, Any], code: str, worker_alive: bool) -> str:
    account, job = story["account"] or {}, story["job"]
    if paused := account.get("paused"):
        return BY_HAND.get(paused) or ADVICE[paused]
    if job["waiting_for"] == "account" and not is_later(account.get("quiet_until"), story["now"]):
        return ADVICE[code]
    if not worker_alive:
        return NO_WORKER
    if job["waiting_for"] == "limit":
        return WAITS_FOR_DAY
    if job["status"] == "running" and not story["holder_lives"]:
        return LOST
    waits = SILENT if job["error"] and code == "unavailable" else CONTINUES
    return waits if story["may"]["cancel"] is not None else f"{waits}{CANCEL}"


def is_later(moment: float | None, now: float) -> bool:
    return moment is not None and moment > now


def _undelivered(story: Mapping[str, Any]) -> str | None:
    """The newest callback, if it was given up; where none is configured, billing asks for itself.

    What was only observed needs nobody who does not take it.
    """
    newest = story["callbacks"][-1] if story["callbacks"] else None
    turned_down = (
        newest
        and newest["status"] == "stopped"
        and newest["last_status"]
        and not _only_observed(story["job"])
    )
    return (
        str(newest["id"]) if newest and (turned_down or newest["status"] == "exhausted") else None
    )


def _why(account: Mapping[str, Any]) -> str:
    """The reason that an admin gave for the pause of this account, in brackets."""
    given = [each["detail"] for each in account.get("pauses", ()) if each["code"] == "person"]
    return f" ({given[0].rstrip('.')})" if given and not given[0].startswith("Paused by ") else ""


def _only_observed(job: Mapping[str, Any]) -> bool:
    return bool((job["extra"] or {}).get("observed_only"))


def _names(story: Mapping[str, Any]) -> dict[str, str]:
    job = story["job"]
    names = {name: job[name] for name in ("address", "domain", "source", "account")}
    more = {
        "job": job["id"],
        "service_id": quote(job["service_id"]),
        "owner": quote((story.get("mailbox") or {}).get("service_id") or "-"),
        "plan": job["intent"].get("plan") or "NAME",
        "why": _why(story["account"] or {}),
    }
    return (
        names
        | more
        | {"next": story["tried_again_as"] or "", "callback": _undelivered(story) or ""}
    )
