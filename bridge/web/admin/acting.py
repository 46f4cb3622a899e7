"""Retry, approve and cancel a job; send a callback again. Each says first what will happen."""

from collections.abc import Mapping

from flask import Blueprint, Response

from bridge.advice import VERBS
from bridge.story import plan_in_words
from bridge.web.admin import confirm
from bridge.web.admin.confirm import Question
from bridge.web.admin.jobs import verbs
from bridge.web.admin.office import Office
from bridge.web.admin.page import done

SAYS: Mapping[str, tuple[str, ...]] = {
    "retry": (
        "A new job with the same request is put at the end of the line of this mailbox. It looks at Enom first, and does only "
        "what Enom does not show as done. Limits of safety hold it as they did before.",
    ),
    "approve": (
        "A new job with the same request is put at the end of the line of this mailbox, and what held it lets it "
        "pass. It looks at Enom first, and does only what is not done yet.",
        "It can spend money or delete mail, if that is what was asked for.",
    ),
    "cancel": (
        "It is taken out of the line and ends as cancelled. Billing is told so. What was sent to Enom already is not undone.",
    ),
}
NOT_NOW = "This cannot be done to this job now: it is {status}, or was tried again already."


def add_to(pages: Blueprint, office: Office) -> None:
    def ask(id: str, verb: str) -> Question:
        story = office.service.lookup.story(id)
        job, back = story["job"], f"/admin/jobs/{id}"
        what = f"{job['action']} of {job['address']} for service {job['service_id']} of {job['source']}"
        if verb not in verbs(story):
            return Question(VERBS[verb], [NOT_NOW.format(status=job["status"])], "", back, status=409)
        facts = [("Job", id), ("Asked for", what)]
        if job["error"]:
            facts.append(("It stopped because of", f"{job['error']['code']}: {job['error']['detail']}"))
        if job["plan"] is not None:
            facts.append(("Its first plan", plan_in_words(job["plan"])))
        danger = verb == "cancel" or (verb == "approve" and job["action"] == "mailbox.terminate")
        return Question(
            f"{VERBS[verb]}: {job['action']} of {job['address']}", SAYS[verb], VERBS[verb], back, danger, facts=facts
        )

    def act(id: str, verb: str) -> Response:
        if verb == "cancel":
            office.acting.cancel(id)
            return done(office, f"/admin/jobs/{id}", "The job is cancelled. Billing is told so.")
        receipt = office.acting.retry(id, approve=verb == "approve")
        how = "approved; it goes on" if verb == "approve" else "tried again"
        return done(office, f"/admin/jobs/{receipt.job}", f"{id} is {how} as this job.{reminder(office)}")

    def ask_resend(id: str) -> Question:
        row = office.service.lookup.callback(id)
        says = [
            "It is sent again now, with all its tries before it and under the same id, so a receiver that had it already knows "
            "it again. It tells what was true when its job ended.",
        ]
        facts = [("Callback", id), ("About", f"{row['action']} of {row['address']}"), ("Now", row["status"])]
        return Question("Send the callback again", says, "Send it again", f"/admin/callbacks/{id}", facts=facts)

    def resend(id: str) -> Response:
        office.acting.resend(id)
        return done(office, f"/admin/callbacks/{id}", f"It is sent again now.{reminder(office)}")

    confirm.add_to(pages, office, "/jobs/<id>/<any(retry,approve,cancel):verb>", "act_on_job", ask, act)
    confirm.add_to(pages, office, "/callbacks/<id>/resend", "resend", ask_resend, resend)


def reminder(office: Office) -> str:
    """What was just asked for will not happen while nothing works on it."""
    return "" if office.service.standing.worker_alive() else " No worker is running, so it waits until one is started."
