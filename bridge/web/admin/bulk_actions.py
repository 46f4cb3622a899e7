"""Approve, reject or try again all jobs that a list's filters leave.

They are shown first, and only what was shown is done.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from flask import Response, request

from bridge.domain import decisions
from bridge.domain.errors import NotPossible, UnknownThing
from bridge.reporting.next_steps import VERBS
from bridge.web.admin.actions import REASON, reminder, says
from bridge.web.admin.blueprints import actions
from bridge.web.admin.confirm import Confirmation, reason, show
from bridge.web.admin.context import admin_context
from bridge.web.admin.formatting import count
from bridge.web.admin.page import done

MOST = 100  # at a time
FILTERS = ("source", "account", "action", "code", "address", "service_id")
CHANGED = "The list has changed since you looked, so nothing was done. This is the new list."
NONE = "No job in this list allows this now."
ALL: Mapping[str, str] = {
    "approve": "Approve all",
    "retry": "Retry all",
    "reject": "Reject all",
}
DONE: Mapping[str, str] = {"approve": "approved", "retry": "retried", "reject": "rejected"}


def offered() -> list[tuple[str, str]]:
    """The buttons above a list of what is held or failed, each with where it leads."""
    status = request.args.get("status", "")
    kept = {name: value for name in FILTERS if (value := request.args.get(name, "").strip())}
    able = [verb for verb, statuses in decisions.STATUSES.items() if status in statuses]
    return [
        (ALL[verb], f"/admin/jobs/all/{verb}?{urlencode(kept | {'status': status})}")
        for verb in able
    ]


def described(row: Mapping[str, Any]) -> str:
    what = f"{row['action']} of {row['address'] or 'all mailboxes'} for service {row['service_id']} of {row['source']}"
    return f"{what} ({row['code']})" if row["code"] else what


@actions.get("/jobs/all/<any(retry,approve,reject):verb>")
def ask_act_on_many(verb: str) -> Response:
    return show(look(verb)[0])


@actions.post("/jobs/all/<any(retry,approve,reject):verb>")
def act_on_many(verb: str) -> Response:
    confirmation, ids = look(verb)
    if not ids or request.form.get("checksum") != confirmation.kept["checksum"]:
        return show(look(verb, CHANGED)[0])
    refused = [refusal for id in ids if (refusal := act_on_one(verb, id, reason() or None))]
    summary = f"{count(len(ids) - len(refused), 'job')} {DONE[verb]}."
    more = f" {len(refused)} not: {refused[0]}" if refused else ""
    end = reminder() if verb != "reject" else ""
    return done(confirmation.back, f"{summary}{more}{end}")


def look(verb: str, first: str = "") -> tuple[Confirmation, list[str]]:
    """What is asked before these jobs are acted on, and their ids.

    `first`: a sentence before all others.
    """
    given = {name: request.values.get(name, "").strip() for name in (*FILTERS, "status")}
    kept = {name: value for name, value in given.items() if value}
    service = admin_context().service
    found, left = service.lookup.stopped(verb, service.filters("jobs", kept), MOST)
    ids = [row["id"] for row in found]
    back = f"/admin/jobs?{urlencode(kept)}"
    title = f"{VERBS[verb]} {count(len(ids), 'job')}"
    facts = [("Job", f"{row['id']}: {described(row)}") for row in found]
    facts += [("Skipped", no) for _, no in left]
    if not ids:
        return Confirmation(title, [NONE], "", back, facts=facts, status=409), []
    sources = sorted({row["source"] for row in found})
    lines = [*([first] if first else []), "For each job below:", *says(verb, *sources)]
    if len(found) == MOST:
        lines.append(f"At most {MOST} jobs at a time; repeat for the rest.")
    deletes = any(row["action"] == "mailbox.terminate" for row in found)
    confirmation = Confirmation(
        title,
        lines,
        title,
        back,
        verb in decisions.GIVES_UP or deletes,
        asks_reason=REASON if verb == "reject" else "",
        facts=facts,
        kept=kept | {"checksum": decisions.checksum(verb, ids)},
        status=409 if first else 200,
    )
    return confirmation, ids


def act_on_one(verb: str, id: str, why: str | None) -> str | None:
    """Does it; gives the sentence why it could not be done, or None."""
    operator = admin_context().operator_actions
    try:
        if verb == "reject":
            operator.reject(id, why)
        else:
            operator.retry(id, approve=verb == "approve")
    except (NotPossible, UnknownThing) as refusal:
        return str(refusal)
    return None
