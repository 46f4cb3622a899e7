"""Retry, approve, reject and cancel jobs; dismiss a hook; send a callback again.

Each says first what will happen.
"""

from collections.abc import Mapping

from flask import Response

from bridge.domain.decisions import GIVES_UP
from bridge.reporting.explain import plan_in_words
from bridge.reporting.next_steps import VERBS
from bridge.web.admin.blueprints import actions
from bridge.web.admin.confirm import Confirmation, reason, show
from bridge.web.admin.formatting import path
from bridge.web.admin.office import admin_context
from bridge.web.admin.page import done

SAYS: Mapping[str, tuple[str, ...]] = {
    "retry": (
        "A new job with the same request is put at the end of the line of this mailbox. It looks at Enom first, and does only "
        "what Enom does not show as done. Limits of safety hold it as they did before.",
    ),
    "approve": (
        "A new job with the same request is put at the end of the line of this mailbox, and the limit that held it lets it "
        "pass; no other limit does. It looks at Enom first, and does only what is not done yet.",
        "It can spend money or delete mail, if that is what was asked for.",
    ),
    "reject": (
        "It is not done: it ends as cancelled, and nobody is needed for it any more. Billing is told so. What was sent to Enom "
        "already is not undone; a deletion after a grace is taken back.",
    ),
    "cancel": (
        "It is taken out of the line and ends as cancelled. Billing is told so. What was sent to Enom already is not undone.",
    ),
}
DISMISS = (
    "Nobody waits for it any more: what was in it is wiped, and it is gone from the overview. The same id is refused from now "
    "on; if billing wants it after all, it sends it again under a new one.",
)
RESEND = (
    "It is sent again now, with all its tries before it and under the same id, so a receiver that had it already knows "
    "it again. It tells what was true when its job ended.",
)
REASON = "Reason (optional)"


@actions.get("/jobs/<id>/<any(retry,approve,reject,cancel):verb>")
def ask_act_on_job(id: str, verb: str) -> Response:
    story = admin_context().service.lookup.story(id)
    job, back = story["job"], f"/admin/jobs/{id}"
    if (refusal := story["may"][verb]) is not None:
        return show(Confirmation(VERBS[verb], [refusal], "", back, status=409))
    service = f"service {job['service_id']} of {job['source']}"
    facts = [("Job", id), ("Asked for", f"{job['action']} of {job['address']} for {service}")]
    if job["error"]:
        facts.append(("It stopped because of", f"{job['error']['code']}: {job['error']['detail']}"))
    if job["plan"] is not None:
        facts.append(("Its first plan", plan_in_words(job["plan"])))
    return show(
        Confirmation(
            f"{VERBS[verb]}: {job['action']} of {job['address']}",
            SAYS[verb],
            VERBS[verb],
            back,
            verb in GIVES_UP or (verb == "approve" and job["action"] == "mailbox.terminate"),
            asks_reason=REASON if verb == "reject" else "",
            facts=facts,
        )
    )


@actions.post("/jobs/<id>/<any(retry,approve,reject,cancel):verb>")
def act_on_job(id: str, verb: str) -> Response:
    operator = admin_context().operator_actions
    match verb:
        case "cancel":
            operator.cancel(id)
            return done(f"/admin/jobs/{id}", "The job is cancelled. Billing is told so.")
        case "reject":
            operator.reject(id, reason() or None)
            return done(f"/admin/jobs/{id}", "The job is rejected. Billing is told so.")
    receipt = operator.retry(id, approve=verb == "approve")
    how = "approved; it goes on" if verb == "approve" else "tried again"
    return done(f"/admin/jobs/{receipt.job}", f"{id} is {how} as this job.{reminder()}")


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
    return done(hook_page(source, id), "It is dismissed: nobody waits for it any more.")


@actions.get("/callbacks/<id>/resend")
def ask_resend(id: str) -> Response:
    row = admin_context().service.lookup.callback(id)
    title, back = "Send the callback again", f"/admin/callbacks/{id}"
    if (refusal := row["may"]["resend"]) is not None:
        return show(Confirmation(title, [refusal], "", back, status=409))
    about = f"{row['action']} of {row['address']}"
    facts = [("Callback", id), ("About", about), ("Now", row["status"])]
    return show(Confirmation(title, RESEND, "Send it again", back, facts=facts))


@actions.post("/callbacks/<id>/resend")
def resend(id: str) -> Response:
    admin_context().operator_actions.resend(id)
    return done(f"/admin/callbacks/{id}", f"It is sent again now.{reminder()}")


def hook_page(source: str, id: str) -> str:
    return f"/admin/hooks/{path(source)}/{path(id)}"


def reminder() -> str:
    """What was just asked for will not happen while nothing works on it."""
    if admin_context().service.standing.worker_alive():
        return ""
    return " No worker is running, so it waits until one is started."
