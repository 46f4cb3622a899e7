"""`/admin/jobs`: what was asked for and how it stands.

One job is a story, with the evidence behind each sentence.
"""

from collections.abc import Mapping
from typing import Any

from flask import Response

from bridge.domain.decisions import GIVES_UP
from bridge.domain.jobs import ENDED
from bridge.reporting import explain
from bridge.reporting.next_steps import BUTTONS, VERBS, advise
from bridge.web.admin import bulk_actions, listing
from bridge.web.admin.blueprints import pages
from bridge.web.admin.context import admin_context
from bridge.web.admin.page import page

EVERY = 3  # seconds, while it is open
CHAPTERS: Mapping[str, str] = {
    "asked": "Asked",
    "seen": "Read from the mail provider",
    "planned": "Planned",
    "sent": "Commands",
    "proved": "Read back",
    "ended": "Result",
    "told": "Callback",
}
EVIDENCE: Mapping[str, tuple[str, ...]] = {
    "asked": ("intent", "hook_id", "created_at", "service_id", "replaces", "passed", "purge"),
    "seen": ("seen", "started_at"),
    "planned": ("plan",),
    "proved": ("verified", "changed", "state"),
    "ended": (
        "status",
        "waiting_for",
        "available_at",
        "tries",
        "undecided_since",
        "message",
        "error",
        "extra",
        "finished_at",
    ),
}
"""The columns of the job that each chapter tells of."""


@pages.get("/jobs")
def jobs() -> Response:
    names = (listing.of_source(), listing.of_account(), listing.ACTION, listing.CODE)
    filters = [listing.FILTERS["jobs"], *names, listing.ADDRESS, listing.SERVICE]
    return listing.show("jobs", "jobs.html", filters, many=bulk_actions.offered())


@pages.get("/jobs/<id>")
def job(id: str) -> Response:
    service = admin_context().service
    found = service.lookup.story(id)
    alive, hours = service.account_state.worker_alive(), service.settings.worker.retry_hours
    done, _ = service.lookup.page("audit", 10, target=id)
    return page(
        "job.html",
        every=EVERY if found["job"]["status"] not in ENDED else None,
        story=found,
        job=found["job"],
        chapters=timeline(found, hours),
        advice=advise(found, alive, BUTTONS),
        verbs={verb: VERBS[verb] for verb, refusal in found["may"].items() if refusal is None},
        gives_up=GIVES_UP,
        audit=done,
    )


def timeline(found: Mapping[str, Any], hours: float) -> list[dict[str, Any]]:
    """Title, sentences and raw evidence of every chapter that has something to tell."""
    job = found["job"]
    more = {"sent": found["commands"] + found["purchases"], "told": found["callbacks"]}
    return [
        {
            "name": name,
            "title": CHAPTERS[name],
            "lines": lines,
            "evidence": more.get(name)
            or {
                key: job[key] for key in EVIDENCE.get(name, ()) if job[key] not in (None, False, "")
            },
        }
        for name, lines in explain.chapters(found, hours).items()
        if lines
    ]
