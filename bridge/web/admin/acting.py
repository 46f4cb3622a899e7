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
        "A new job with the same request is queued for this mailbox. It checks Enom first and does only what is missing. "
        "Safety limits still apply.",
    ),
    "approve": (
        "A new job with the same request is queued for this mailbox and overrides the safety limit that held it; all other "
        "limits still apply. It checks Enom first and does only what is missing.",
        "It can spend money or delete mail, if that is what was requested.",
    ),
    "reject": (
        "The job ends as cancelled, and a callback tells billing. Commands already sent to Enom are not undone; a deletion "
        "scheduled after a grace period is called off.",
    ),
    "cancel": ("The job ends as cancelled, and a callback tells billing. Commands already sent to Enom are not undone.",),
}
DISMISS = (
    "The hook leaves the overview, and its content is wiped. Its id is refused from now on; if it is wanted after all, have "
    "billing send it again under a new id.",
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
        facts = [("Job", id), ("Request", what)]
        if job["error"]:
            facts.append(("Stopped because of", f"{job['error']['code']}: {job['error']['detail']}"))
        if job["plan"] is not None:
            facts.append(("First plan", plan_in_words(job["plan"])))
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
                return done(office, f"/admin/jobs/{id}", "Job cancelled. A callback tells billing.")
            case "reject":
                office.acting.reject(id, reason() or None)
                return done(office, f"/admin/jobs/{id}", "Job rejected. A callback tells billing.")
        receipt = office.acting.retry(id, approve=verb == "approve")
        how = "approved" if verb == "approve" else "retried"
        return done(office, f"/admin/jobs/{receipt.job}", f"{id} was {how} as this job.{reminder(office)}")

    def ask_dismiss(source: str, id: str) -> Question:
        hook, back = lookup.hook(id, source), hook_page(source, id)
        if (refusal := hook["may"]["dismiss"]) is not None:
            return Question("Dismiss", [refusal], "", back, status=409)
        facts = [("Hook", id), ("Source", source), ("Type", hook["type"] or "unknown")]
        return Question(f"Dismiss hook {id}", DISMISS, "Dismiss", back, danger=True, asks_reason=REASON, facts=facts)

    def dismiss(source: str, id: str) -> Response:
        office.acting.dismiss(id, source, reason() or None)
        return done(office, hook_page(source, id), "Hook dismissed.")

    def ask_resend(id: str) -> Question:
        row = lookup.callback(id)
        if (refusal := row["may"]["resend"]) is not None:
            return Question("Resend the callback", [refusal], "", f"/admin/callbacks/{id}", status=409)
        says = [
            "It is sent again now, under the same id (a receiver that has it can tell) and with new attempts. "
            "It reports the state when its job ended.",
        ]
        facts = [("Callback", id), ("About", f"{row['action']} of {row['address']}"), ("Now", row["status"])]
        return Question("Resend the callback", says, "Resend", f"/admin/callbacks/{id}", facts=facts)

    def resend(id: str) -> Response:
        office.acting.resend(id)
        return done(office, f"/admin/callbacks/{id}", f"Callback queued to be sent now.{reminder(office)}")

    confirm.add_to(pages, office, "/jobs/<id>/<any(retry,approve,reject,cancel):verb>", "act_on_job", ask, act)
    confirm.add_to(pages, office, "/hooks/<source>/<id>/dismiss", "dismiss", ask_dismiss, dismiss)
    confirm.add_to(pages, office, "/callbacks/<id>/resend", "resend", ask_resend, resend)


def hook_page(source: str, id: str) -> str:
    return f"/admin/hooks/{path(source)}/{path(id)}"


def reminder(office: Office) -> str:
    """What was just asked for will not happen while nothing works on it."""
    return "" if office.service.standing.worker_alive() else " No worker is running, so it waits until you start one."
