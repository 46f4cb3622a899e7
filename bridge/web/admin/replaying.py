"""Replay a recorded hook: its plan is shown first, and only what was shown is done."""

from flask import Blueprint, Response, request

from bridge.pipeline.replay import Preview, checksum
from bridge.reporting.explain import plan_in_words
from bridge.web.admin import confirm
from bridge.web.admin.acting import reminder
from bridge.web.admin.confirm import Question
from bridge.web.admin.office import Office
from bridge.web.admin.page import done

PARKED = "The hook is read again and becomes a job with this plan. Nothing happens before you press the button."
ENDED = "This is the plan now. A failed or held job is retried as a new job; a job that succeeded is not repeated."
CHANGED = "The plan has changed since you looked, so nothing was done. This is the new plan."


def add_to(pages: Blueprint, office: Office) -> None:
    def look(source: str, id: str) -> Preview:
        with office.looking():
            return office.service.replay.recorded(id, source)

    def ask(source: str, id: str) -> Question:
        return question(look(source, id))

    def act(source: str, id: str) -> Response | Question:
        preview = look(source, id)
        if preview.problem or request.form.get("checksum") != checksum([preview]):
            return question(preview, CHANGED)
        receipt = office.service.replay.carry_out(preview, office.person.who)
        return done(office, f"/admin/jobs/{receipt.job}", f"{id} continues as this job.{reminder(office)}")

    confirm.add_to(pages, office, "/hooks/<source>/<id>/replay", "replay", ask, act)


def question(preview: Preview, first: str = "") -> Question:
    back, intent = f"/admin/hooks/{preview.source}/{preview.name}", preview.intent
    title, said = f"Replay hook {preview.name}", [first] if first else []
    facts = [("Source", preview.source)]
    if intent:
        facts.append(("Request", f"{intent.action} of {intent.address} for service {intent.service_id}"))
    if preview.job:
        facts.append(("Newest job", preview.job))
    if preview.problem:
        said.append(f"Not possible now: {preview.problem[1]}")
        return Question(title, said, "", back, facts=facts, status=409)
    facts.append(("Plan", plan_in_words(preview.plan.describe())))
    said.append(ENDED if preview.job else PARKED)
    kept, status = {"checksum": checksum([preview])}, 409 if first else 200
    return Question(title, said, "Replay", back, facts=facts, kept=kept, status=status)
