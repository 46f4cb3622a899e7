"""Retry, approve, reject and cancel jobs; dismiss a hook; send a callback again.

Each says first what will happen.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response

from bridge.domain.decisions import GIVES_UP
from bridge.domain.errors import Limit
from bridge.domain.jobs import WaitingFor
from bridge.reporting.changes import plan_in_words
from bridge.reporting.lists import first
from bridge.reporting.next_steps import VERBS
from bridge.reporting.receipts import billing_learns
from bridge.reporting.subjects import subject
from bridge.web.admin.blueprints import actions
from bridge.web.admin.confirm import Confirmation, reason, show
from bridge.web.admin.context import admin_context
from bridge.web.admin.formatting import path
from bridge.web.admin.page import done

DELETES = ("mailbox.terminate", "service.terminate")
SHOWN, MORE = 20, "and {:,} more"  # mailboxes of a service, by name
SAYS: Mapping[str, tuple[str, ...]] = {
    "retry": (
        "A new job with the same request is queued for this mailbox. It checks the mail provider "
        "first and "
        "does only what is missing. "
        "Safety limits still apply.",
    ),
    "approve": (
        "A new job with the same request is queued for this mailbox and overrides the limit that "
        "holds it. All other limits still apply.",
        "It checks the mail provider first and does only what is missing.",
    ),
    "reject": (
        "The job ends as cancelled; {learns}. Commands already sent to the "
        "mail provider "
        "are not undone; a deletion "
        "scheduled after a grace period is called off.",
    ),
    "cancel": (
        (
            "The job ends as cancelled; {learns}. Commands already sent to "
            "the mail provider are not undone."
        ),
    ),
}
APPROVES: Mapping[Limit, str] = {
    Limit.DELETIONS: "deletes the mailbox although the hourly limit of deletions is reached",
    Limit.SUSPENSIONS: "suspends every mailbox of the service at once",
    Limit.PURCHASES: "can spend money although today's limit of purchases is reached",
    Limit.CREATIONS: "creates the mailbox although today's limit of new mailboxes is reached",
    Limit.RENEWAL: "spends money on a renewal over more years than usual",
    Limit.RESERVED_NAME: "creates the mailbox although its name is reserved",
    Limit.DOMAIN_OF_ANOTHER: "creates the mailbox although another customer uses this domain",
}
APPROVE = (
    "A new job with the same request is queued for this mailbox. It {what}. All other limits "
    "still apply.",
    "It checks the mail provider first and does only what is missing.",
)
PASS = (
    "The job continues now, although today's limit of new mailboxes is reached. All other limits "
    "still apply.",
    "It checks the mail provider first and does only what is missing.",
)
DISMISS = (
    "The hook leaves the overview, and its content is wiped. Its id is refused from now on; if it "
    "is wanted after all, have "
    "billing send it again under a new id.",
)
RESEND = (
    "It is sent again now, under the same id (a receiver "
    "that has it can tell) and with new attempts. "
    "It reports the state when its job ended.",
)
REASON = "Reason (optional)"


def says(verb: str, *sources: str) -> list[str]:
    """What will happen to jobs of these sources."""
    return [line.format(learns=learns(*sources)) for line in SAYS[verb]]


def learns(*sources: str) -> str:
    """How billing learns that jobs of these sources have ended."""
    configured = admin_context().service.settings.sources
    return billing_learns(
        {bool((source := configured.get(name)) and source.callback) for name in sources}
    )


def outcome(job: str) -> str:
    phrase = learns(admin_context().service.lookup.story(job)["job"]["source"])
    return phrase[0].upper() + phrase[1:]


@actions.get("/jobs/<id>/<any(retry,approve,reject,cancel):verb>")
def ask_act_on_job(id: str, verb: str) -> Response:
    story = admin_context().service.lookup.story(id)
    job, back = story["job"], f"/admin/jobs/{id}"
    if (refusal := story["may"][verb]) is not None:
        return show(Confirmation(VERBS[verb], [refusal], "", back, status=409))
    service = f"service {job['service_id']} of {job['source']}"
    what = job["address"] or "all mailboxes"
    facts = [("Job", id), ("Request", f"{job['action']} of {what} for {service}")]
    if story["members"]:
        names = [each["address"] for each in story["members"]]
        facts.append(("Mailboxes", f"{len(names)}: {', '.join(first(names, SHOWN, MORE))}"))
    if job["error"]:
        facts.append(("Stopped because of", f"{job['error']['code']}: {job['error']['detail']}"))
    if job["plan"] is not None:
        facts.append(("First plan", plan_in_words(job["plan"])))
    return show(
        Confirmation(
            f"{VERBS[verb]}: {job['action']} of {subject(job)}",
            approving(job) if verb == "approve" else says(verb, job["source"]),
            VERBS[verb],
            back,
            verb in GIVES_UP or (verb == "approve" and job["action"] in DELETES),
            asks_reason=REASON if verb == "reject" else "",
            facts=facts,
        )
    )


def approving(job: Mapping[str, Any]) -> Sequence[str]:
    """What an approval of this job does, by the limit that holds it."""
    if job["waiting_for"] == WaitingFor.LIMIT:
        return PASS
    return [each.format(what=APPROVES[Limit(job["error"]["limit"])]) for each in APPROVE]


@actions.post("/jobs/<id>/<any(retry,approve,reject,cancel):verb>")
def act_on_job(id: str, verb: str) -> Response:
    operator = admin_context().operator_actions
    match verb:
        case "cancel":
            operator.cancel(id)
            return done(f"/admin/jobs/{id}", f"Job cancelled. {outcome(id)}.")
        case "reject":
            operator.reject(id, reason() or None)
            return done(f"/admin/jobs/{id}", f"Job rejected. {outcome(id)}.")
    receipt = operator.retry(id, approve=verb == "approve")
    if receipt.job == id:
        return done(f"/admin/jobs/{id}", f"Job approved; it continues now.{reminder()}")
    how = "approved" if verb == "approve" else "retried"
    text = f"You {how} {id}; this job continues it.{reminder()}"
    return done(f"/admin/jobs/{receipt.job}", text)


@actions.get("/hooks/<source>/<id>/dismiss")
def ask_dismiss(source: str, id: str) -> Response:
    hook, back = admin_context().service.lookup.hook(id, source), hook_page(source, id)
    if (refusal := hook["may"]["dismiss"]) is not None:
        return show(Confirmation("Dismiss", [refusal], "", back, status=409))
    facts = [("Hook", id), ("Source", source), ("Type", hook["type"] or "unknown")]
    title = f"Dismiss hook {id}"
    return show(
        Confirmation(title, DISMISS, "Dismiss", back, danger=True, asks_reason=REASON, facts=facts)
    )


@actions.post("/hooks/<source>/<id>/dismiss")
def dismiss(source: str, id: str) -> Response:
    admin_context().operator_actions.dismiss(id, source, reason() or None)
    return done(hook_page(source, id), "Hook dismissed.")


@actions.get("/callbacks/<id>/resend")
def ask_resend(id: str) -> Response:
    row = admin_context().service.lookup.callback(id)
    title, back = "Resend the callback", f"/admin/callbacks/{id}"
    if (refusal := row["may"]["resend"]) is not None:
        return show(Confirmation(title, [refusal], "", back, status=409))
    about = f"{row['action']} of {subject(row)}"
    facts = [("Callback", id), ("About", about), ("Now", row["status"])]
    return show(Confirmation(title, RESEND, "Resend", back, facts=facts))


@actions.post("/callbacks/<id>/resend")
def resend(id: str) -> Response:
    admin_context().operator_actions.resend(id)
    return done(f"/admin/callbacks/{id}", f"Callback queued to be sent now.{reminder()}")


def hook_page(source: str, id: str) -> str:
    return f"/admin/hooks/{path(source)}/{path(id)}"


def reminder() -> str:
    """What was just asked for will not happen while nothing works on it."""
    if admin_context().service.account_state.worker_alive():
        return ""
    return " No worker is running, so it waits until you start one."
