"""Replay a recorded hook: its plan is shown first, and only what was shown is done."""

from flask import Response, request

from bridge.pipeline.replay import Preview, checksum
from bridge.reporting.changes import plan_in_words
from bridge.web.admin.actions import reminder
from bridge.web.admin.blueprints import actions
from bridge.web.admin.confirm import Confirmation, show
from bridge.web.admin.context import admin_context
from bridge.web.admin.page import done

PARKED = (
    "The hook is read again and becomes a job with this plan. "
    "Nothing happens before you press the button."
)
ENDED = (
    "This is the plan now. A failed or held job is retried as a new job; a job that succeeded is "
    "not repeated."
)
CHANGED = "The plan has changed since you looked, so nothing was done. This is the new plan."


@actions.get("/hooks/<source>/<id>/replay")
def ask_replay(source: str, id: str) -> Response:
    return show(confirmation(look(source, id)))


@actions.post("/hooks/<source>/<id>/replay")
def replay(source: str, id: str) -> Response:
    preview = look(source, id)
    shown = request.form.get("checksum")
    if preview.problem or shown != checksum([preview]):
        return show(confirmation(preview, CHANGED))
    receipt = admin_context().service.replay.carry_out(preview, admin_context().person.who)
    return done(f"/admin/jobs/{receipt.job}", f"{id} continues as this job.{reminder()}")


def look(source: str, id: str) -> Preview:
    context = admin_context()
    with context.enom_slot():
        return context.service.replay.recorded(id, source)


def confirmation(preview: Preview, first: str = "") -> Confirmation:
    back, intent = f"/admin/hooks/{preview.source}/{preview.name}", preview.intent
    title, sentences = f"Replay hook {preview.name}", [first] if first else []
    facts = [("Source", preview.source)]
    if intent:
        facts.append(
            (
                "Request",
                f"{intent.action} of {intent.address or 'all mailboxes'} for service {intent.service_id}",
            )
        )
    if preview.job:
        facts.append(("Newest job", preview.job))
    if preview.problem:
        sentences.append(f"Not possible now: {preview.problem[1]}")
        return Confirmation(title, sentences, "", back, facts=facts, status=409)
    facts.append(("Plan", plan_in_words(preview.plan.describe())))
    sentences.append(ENDED if preview.job else PARKED)
    kept, status = {"checksum": checksum([preview])}, 409 if first else 200
    return Confirmation(title, sentences, "Replay", back, facts=facts, kept=kept, status=status)
