"""What a person does next about a job: which sentence, with which command or button.

Pure. The sentences are in advice.py.
"""

import re
from collections.abc import Mapping
from functools import partial
from shlex import quote
from typing import Any

from bridge.reporting import advice

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


def advise(
    story: Mapping[str, Any], worker_alive: bool, steps: Mapping[str, str] = COMMANDS
) -> str:
    """The one next step. `story` as the store tells it; `steps`: COMMANDS or BUTTONS."""
    return _filled(_choose(story, worker_alive), steps, _names(story))


def about_account(paused: str, account: str, steps: Mapping[str, str] = COMMANDS) -> str:
    """What a person does about an account that is paused, or whose purchases are, for this
    reason."""
    return _filled(
        advice.BY_HAND.get(paused) or advice.OF_CODE[paused], steps, {"account": account, "why": ""}
    )


def _filled(text: str, steps: Mapping[str, str], names: Mapping[str, str]) -> str:
    filled = {name: step.format_map(names) for name, step in steps.items() if f"{{{name}}}" in text}
    return text.format_map({**names, **filled})


def _choose(story: Mapping[str, Any], worker_alive: bool) -> str:
    job = story["job"]
    code = (job["error"] or {}).get("code", "unclear")
    if story["tried_again_as"]:
        return advice.FOLLOW_APPROVED if story.get("approved") else advice.FOLLOW
    if not job["address"] and (whole := _of_service(story, worker_alive)) is not None:
        return whole
    match job["status"]:
        case "queued" | "running":
            return _while_open(story, code, worker_alive)
        case "held":
            return _while_held(story, code)
        case "failed":
            chosen = _special(story, code) or advice.OF_CODE[code]
            no_retry = "{retry}" in chosen and story["may"]["retry"] is not None
            return advice.OF_CODE["overtaken"] if no_retry else chosen
    if _undelivered(story):
        return advice.RESEND
    return _observed(job["extra"]) if _only_observed(job) else advice.NOTHING


def _special(story: Mapping[str, Any], code: str) -> str | None:
    """Where services of one source give each other mailboxes: never that a terminate is repeated
    for a mailbox that another one has by now."""
    job, mailbox = story["job"], story.get("mailbox") or {}
    owner = mailbox.get("service_id")
    foreign = mailbox.get("source") == job["source"] and owner not in (None, job["service_id"])
    changes = job["action"] == "mailbox.change_service"
    if code == "not_ours" and foreign:
        if changes:
            return advice.SEND_FROM
        ends = job["action"] == "mailbox.terminate"
        return (
            advice.LEFT_BY_SERVICE
            if ends
            else f"{advice.LEFT_BY_SERVICE} If the record is wrong: {{adopt}}; {advice.RETRY}"
        )
    return advice.CANNOT_CHANGE if changes and code == "conflict" else None


def _of_service(story: Mapping[str, Any], worker_alive: bool) -> str | None:
    """Of a job that is about every mailbox of a service; None where it is as of any other."""
    match story["job"]["status"]:
        case "running":
            return advice.WAITS if worker_alive else advice.NO_WORKER
        case "held" if story["may"]["approve"] is None:
            return advice.OF_CODE["unsafe"]
        case "held" if story["may"]["retry"] is None:
            return advice.WHOLE_HELD
        case "failed":
            return (
                advice.WHOLE_FAILED
                if story["may"]["retry"] is None
                else f"{advice.NOTHING} See: {{members}}"
            )
    return None


def _while_held(story: Mapping[str, Any], code: str) -> str:
    """`may` of the story says what is allowed: nothing else is advised."""
    job, may = story["job"], story["may"]
    if may["retry"] is not None:
        return advice.DECIDED
    if (job["extra"] or {}).get("restored_at"):
        chosen = advice.OPEN_AT_BACKUP
    else:
        chosen = (
            advice.NO_LIMIT
            if code == "unsafe" and may["approve"] is not None
            else advice.OF_CODE[code]
        )
    return (
        chosen
        if "{reject}" in chosen or may["reject"] is not None
        else f"{chosen.rstrip('.')}.{advice.GIVE_UP}"
    )


def _observed(extra: Mapping[str, Any]) -> str:
    """Before it acts, what would have stopped it is put right; this job, which has ended, is not
    tried again."""
    hindrance = (
        advice.OF_CODE[extra["would_be"]["code"]].removesuffix(f"; {advice.RETRY}")
        if extra.get("would_be")
        else advice.OBSERVED
    )
    return advice.OBSERVED if "{retry}" in hindrance or "{approve}" in hindrance else hindrance


def _while_open(story: Mapping[str, Any], code: str, worker_alive: bool) -> str:
    account, job = story["account"] or {}, story["job"]
    if paused := account.get("paused"):
        return advice.BY_HAND.get(paused) or advice.OF_CODE[paused]
    if job["waiting_for"] == "account" and not is_later(account.get("quiet_until"), story["now"]):
        return advice.OF_CODE[code]
    if not worker_alive:
        return advice.NO_WORKER
    if job["waiting_for"] == "limit":
        return advice.WAITS_FOR_DAY
    if job["status"] == "running" and not story["holder_lives"]:
        return advice.LOST
    waits = advice.SILENT if job["error"] and code == "unavailable" else advice.CONTINUES
    return waits if story["may"]["cancel"] is not None else f"{waits}{advice.CANCEL}"


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
