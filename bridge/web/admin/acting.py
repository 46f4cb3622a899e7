"""Retry, approve, reject and cancel jobs; dismiss a hook; send a callback again. Each says first what will happen."""

from collections.abc import Mapping

from flask import Blueprint, Response

from bridge.domain.decisions import GIVES_UP
from bridge.reporting.explain import plan_in_words
from bridge.reporting.next_steps import VERBS
from bridge.web.admin import confirm
from bridge.web.admin.confirm import Question, reason
from bridge.web.admin.office import Office
from bridge.web.admin.page import done
from bridge.web.admin.words import path

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
REASON = "Reason (optional)"


def add_to(pages: Blueprint, office: Office) -> None:
    lookup = office.service.lookup

    def ask(id: str, verb: str) -> Question:
        story = lookup.story(id)
        job, back = story["job"], f"/admin/jobs/{id}"
        what = f"{job['action']} of {job['address']} for service {job['service_id']} of {job['source']}"
        if (refusal := story["may"][verb]) is not None:
            return Question(VERBS[verb], [refusal], "", back, status=409)
        facts = [("Job", id), ("Asked for", what)]
        if job["error"]:
            facts.append(("It stopped because of", f"{job['error']['code']}: {job['error']['detail']}"))
        if job["plan"] is not None:
            facts.append(("Its first plan", plan_in_words(job["plan"])))
        return Question(
            f"{VERBS[verb]}: {job['action']} of {job['address']}",
            SAYS[verb],
            VERBS[verb],
            back,
            verb in GIVES_UP or (verb == "approve" and job["action"] == "mailbox.terminate"),
            asks_reason=REASON if verb == "reject" else "",
            facts=facts,
        )

    def act(id: str, verb: str) -> Response:
        match verb:
            case "cancel":
                office.acting.cancel(id)
                return done(office, f"/admin/jobs/{id}", "The job is cancelled. Billing is told so.")
            case "reject":
                office.acting.reject(id, reason() or None)
                return done(office, f"/admin/jobs/{id}", "The job is rejected. Billing is told so.")
        receipt = office.acting.retry(id, approve=verb == "approve")
        how = "approved; it goes on" if verb == "approve" else "tried again"
        return done(office, f"/admin/jobs/{receipt.job}", f"{id} is {how} as this job.{reminder(office)}")

    def ask_dismiss(source: str, id: str) -> Question:
        hook, back = lookup.hook(id, source), hook_page(source, id)
        if (refusal := hook["may"]["dismiss"]) is not None:
            return Question("Dismiss", [refusal], "", back, status=409)
        facts = [("Hook", id), ("Source", source), ("Type", hook["type"] or "unknown")]
        return Question(f"Dismiss hook {id}", DISMISS, "Dismiss", back, danger=True, asks_reason=REASON, facts=facts)

    def dismiss(source: str, id: str) -> Response:
        office.acting.dismiss(id, source, reason() or None)
        return done(office, hook_page(source, id), "It is dismissed: nobody waits for it any more.")

    def ask_resend(id: str) -> Question:
        row = lookup.callback(id)
        if (refusal := row["may"]["resend"]) is not None:
            return Question("Send the callback again", [refusal], "", f"/admin/callbacks/{id}", status=409)
        says = [
            "It is sent again now, with all its tries before it and under the same id, so a receiver that had it already knows "
            "it again. It tells what was true when its job ended.",
        ]
        facts = [("Callback", id), ("About", f"{row['action']} of {row['address']}"), ("Now", row["status"])]
        return Question("Send the callback again", says, "Send it again", f"/admin/callbacks/{id}", facts=facts)

    def resend(id: str) -> Response:
        office.acting.resend(id)
        return done(office, f"/admin/callbacks/{id}", f"It is sent again now.{reminder(office)}")

    confirm.add_to(pages, office, "/jobs/<id>/<any(retry,approve,reject,cancel):verb>", "act_on_job", ask, act)
    confirm.add_to(pages, office, "/hooks/<source>/<id>/dismiss", "dismiss", ask_dismiss, dismiss)
    confirm.add_to(pages, office, "/callbacks/<id>/resend", "resend", ask_resend, resend)


def hook_page(source: str, id: str) -> str:
    return f"/admin/hooks/{path(source)}/{path(id)}"


def reminder(office: Office) -> str:
    """What was just asked for will not happen while nothing works on it."""
    return "" if office.service.standing.worker_alive() else " No worker is running, so it waits until one is started."
