"""What a person does next about a job: a sentence that names the command, or the button. Pure; every error code has its own."""

from collections.abc import Mapping
from shlex import quote
from typing import Any

COMMANDS: Mapping[str, str] = {
    "retry": "enom-bridge jobs retry {job}",
    "approve": "enom-bridge jobs approve {job}",
    "cancel": "enom-bridge jobs cancel {job}",
    "follow": "enom-bridge jobs explain {next}",
    "siblings": "enom-bridge jobs list --address {address}",
    "mailbox": "enom-bridge mailboxes show {address}",
    "adopt": "enom-bridge mailboxes adopt {address} --source {source} --service-id {service_id} --apply",
    "compare": "enom-bridge reconcile --account {account}",
    "resume": "enom-bridge resume account {account}",
    "resend": "enom-bridge callbacks resend {callback}",
}
"""What is to be done, on the command line."""

VERBS: Mapping[str, str] = {"retry": "Try again", "approve": "Approve", "cancel": "Cancel"}
"""The buttons of a job's page."""

BUTTONS: Mapping[str, str] = {
    **{verb: f'"{title}"' for verb, title in VERBS.items()},
    "follow": "its new job",
    "siblings": "the jobs of this mailbox",
    "mailbox": "the page of this mailbox",
    "adopt": '"Give it to a service" on the page of this mailbox',
    "compare": '"Compare now" under Drift',
    "resume": '"Resume" on the overview',
    "resend": '"Send it again" on the page of the callback',
}
"""The same, on the pages."""

RETRY = "then: {retry}"

ADVICE: Mapping[str, str] = {
    "refused": f"Put right what Enom complains of, at Enom or in billing; {RETRY}",
    "not_found": "Enom has no such mailbox. If the customer should have one, let billing create it (mailbox.create).",
    "not_ours": f"If this mailbox does belong to service {{service_id}}, take it over: {{adopt}}; {RETRY}",
    "conflict": f"The mailbox is in a state that forbids this. See {{mailbox}}; when that is over, {RETRY}",
    "password_rejected": "Set another password in billing: Enom wants 10 to 20 characters with an upper-case letter, a "
    "digit and one of * @ - _ / . and without the address. Its new hook takes the place of this job.",
    "password_needed": "Have billing send a password: change it there, or run the same action again. "
    "Trying this job again would not help, because the bridge keeps no password.",
    "domain_not_in_account": f"Add {{domain}} to the Enom account of {{account}}, with its mail at Enom; {RETRY}",
    "pak_full": f'Buy another pak for {{domain}} at Enom, or set accounts.{{account}}.purchase = "paks"; {RETRY}',
    "purchase_needed": "Buy or renew the pak of {domain} at Enom, or allow the bridge to: "
    f'accounts.{{account}}.purchase = "paks" or "boxes", and reload it; {RETRY}',
    "plan_unknown": f"Add [plans.{{plan}}] to bridge.toml and reload the bridge, or correct the product in billing; {RETRY}",
    "unsupported": "This account is not set up for this: choose another suspend_with or add "
    f"[accounts.{{account}}.hosted_email], reload the bridge; {RETRY}",
    "credentials": "Correct the credentials of account {account} in bridge.toml and reload the bridge; its jobs then go on by "
    "themselves. To check them: enom-bridge doctor",
    "ip_not_allowed": "Add this machine's address to the API address list of account {account} at Enom. It is asked again "
    "every 5 minutes; to go on at once: {resume}",
    "insufficient_funds": "Refill the balance of account {account} at Enom. Purchases are tried again every 5 minutes; to go "
    "on at once: {resume}",
    "unavailable": "Enom could not be asked. When enom-bridge doctor reaches it again: {retry}",
    "unclear": "Look into Enom's control panel (mailboxes and orders of {domain}) whether it was done. Then, whether it was or "
    "not: {retry} - it looks first, and does only what Enom does not show as done.",
    "garbled": "Enom's answer could not be understood; look into its control panel whether it was done. Then: "
    "{retry} - it looks first, and does only what Enom does not show as done.",
    "unsafe": "If this is right: {approve} - if it is not, leave it: nothing more happens by itself.",
    "overtaken": "Nothing to do: a newer hook of the service goes before it. See: {siblings}",
    "withdrawn": "Nothing to do: billing took this hook back. See: {siblings}",
}
PAUSED_BY_PERSON = "A person paused account {account}. When its jobs may go on: {resume}"
PAUSED_BY_RESTORE = (
    "The database was restored, so account {account} is paused until a person has looked (docs/backup.md): "
    "{compare}, then: {resume}"
)
BY_HAND: Mapping[str, str] = {"person": PAUSED_BY_PERSON, "restored": PAUSED_BY_RESTORE}
OPEN_AT_BACKUP = (
    "Look into Enom's control panel and into billing. If it is still wanted: {retry} - it looks first, and "
    "does only what Enom does not show as done. If something newer was asked for since, leave it."
)
WAITS = "Nothing to do: it goes on by itself. To give it up: {cancel}"
NO_WORKER = "No worker is running, so nothing goes on: start enom-bridge serve (or enom-bridge worker)."
FOLLOW = "It was tried again. Go on with: {follow}"
RESEND = "Billing was not told. When it can be reached: {resend}"
OBSERVED = 'To let the bridge act: set accounts.{account}.mode = "act", reload the bridge, and let billing send the hook again.'
NOTHING = "Nothing to do."


def advise(story: Mapping[str, Any], worker_alive: bool, steps: Mapping[str, str] = COMMANDS) -> str:
    """The one next step. `story` as the store tells it; `steps`: COMMANDS or BUTTONS."""
    return _filled(_choose(story, worker_alive), steps, _names(story))


def about_account(paused: str, account: str, steps: Mapping[str, str] = COMMANDS) -> str:
    """What a person does about an account that is paused, or whose purchases are, for this reason."""
    return _filled(BY_HAND.get(paused) or ADVICE[paused], steps, {"account": account})


def _filled(text: str, steps: Mapping[str, str], names: Mapping[str, str]) -> str:
    told = {name: step.format_map(names) for name, step in steps.items() if f"{{{name}}}" in text}
    return text.format_map({**names, **told})


def _choose(story: Mapping[str, Any], worker_alive: bool) -> str:
    job = story["job"]
    code = (job["error"] or {}).get("code", "unclear")
    if story["tried_again_as"]:
        return FOLLOW
    match job["status"]:
        case "queued" | "running":
            return _while_open(story, code, worker_alive)
        case "failed" | "held":
            return OPEN_AT_BACKUP if (job["extra"] or {}).get("restored_at") else ADVICE[code]
    if _undelivered(story):
        return RESEND
    return _observed(job["extra"]) if (job["extra"] or {}).get("observed_only") else NOTHING


def _observed(extra: Mapping[str, Any]) -> str:
    """Before it acts, what would have stopped it is put right; this job, which has ended, is not tried again."""
    hindrance = ADVICE[extra["would_be"]["code"]].removesuffix(f"; {RETRY}") if extra.get("would_be") else OBSERVED
    return OBSERVED if "{retry}" in hindrance or "{approve}" in hindrance else hindrance


def _while_open(story: Mapping[str, Any], code: str, worker_alive: bool) -> str:
    account = story["account"] or {}
    if account.get("paused") in BY_HAND:
        return BY_HAND[account["paused"]]
    if story["job"]["waiting_for"] == "account":
        return ADVICE[account.get("paused") or code]
    return WAITS if worker_alive else NO_WORKER


def _undelivered(story: Mapping[str, Any]) -> str | None:
    """The newest callback, if it was given up; where none is configured, billing asks for itself."""
    newest = story["callbacks"][-1] if story["callbacks"] else None
    if newest and (newest["status"] == "exhausted" or (newest["status"] == "stopped" and newest["last_status"])):
        return str(newest["id"])
    return None


def _names(story: Mapping[str, Any]) -> dict[str, str]:
    job = story["job"]
    names = {name: job[name] for name in ("address", "domain", "source", "account")}
    more = {"job": job["id"], "service_id": quote(job["service_id"]), "plan": job["intent"].get("plan") or "NAME"}
    return names | more | {"next": story["tried_again_as"] or "", "callback": _undelivered(story) or ""}
