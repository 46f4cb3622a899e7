"""Approve, reject or try again all jobs that a list's filters leave: shown first, and only what was shown is done."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, request

from bridge.domain import decisions
from bridge.domain.errors import NotNow, NotThere
from bridge.reporting.next_steps import VERBS
from bridge.web.admin import confirm
from bridge.web.admin.acting import REASON, SAYS, reminder
from bridge.web.admin.confirm import Question, reason
from bridge.web.admin.office import Office
from bridge.web.admin.page import done
from bridge.web.admin.words import count

MOST = 100  # at a time
FILTERS = ("source", "account", "action", "code", "address", "service_id")
CHANGED = "The list has changed since you looked, so nothing was done. This is the new list."
NONE = "No job in this list allows this now."
ALL: Mapping[str, str] = {"approve": "Approve all", "retry": "Retry all", "reject": "Reject all"}
DONE: Mapping[str, str] = {"approve": "approved", "retry": "retried", "reject": "rejected"}


def offered() -> list[tuple[str, str]]:
    """The buttons above a list of what is held or failed, each with where it leads."""
    status = request.args.get("status", "")
    kept = {name: value for name in FILTERS if (value := request.args.get(name, "").strip())}
    able = [verb for verb, statuses in decisions.STATUSES.items() if status in statuses]
    return [(ALL[verb], f"/admin/jobs/all/{verb}?{urlencode(kept | {'status': status})}") for verb in able]


def described(row: Mapping[str, Any]) -> str:
    what = f"{row['action']} of {row['address']} for service {row['service_id']} of {row['source']}"
    return f"{what} ({row['code']})" if row["code"] else what


def add_to(pages: Blueprint, office: Office) -> None:
    def look(verb: str, first: str = "") -> tuple[Question, list[str]]:
        given = {name: request.values.get(name, "").strip() for name in (*FILTERS, "status")}
        kept = {name: value for name, value in given.items() if value}
        found, left = office.service.lookup.stopped(verb, office.service.filters("jobs", kept), MOST)
        ids = [row["id"] for row in found]
        back = f"/admin/jobs?{urlencode(kept)}"
        title = f"{VERBS[verb]} {count(len(ids), 'job')}"
        facts = [("Job", f"{row['id']}: {described(row)}") for row in found]
        facts += [("Skipped", no) for _, no in left]
        if not ids:
            return Question(title, [NONE], "", back, facts=facts, status=409), []
        says = [*([first] if first else []), "For each job below:", *SAYS[verb]]
        if len(found) == MOST:
            says.append(f"At most {MOST} jobs at a time; repeat for the rest.")
        question = Question(
            title,
            says,
            title,
            back,
            verb in decisions.GIVES_UP or any(row["action"] == "mailbox.terminate" for row in found),
            asks_reason=REASON if verb == "reject" else "",
            facts=facts,
            kept=kept | {"checksum": decisions.checksum(verb, ids)},
            status=409 if first else 200,
        )
        return question, ids

    def ask(verb: str) -> Question:
        return look(verb)[0]

    def act(verb: str) -> Response | Question:
        question, ids = look(verb)
        if not ids or request.form.get("checksum") != question.kept["checksum"]:
            return look(verb, CHANGED)[0]
        refused = [refusal for id in ids if (refusal := one(verb, id, reason() or None))]
        told = f"{count(len(ids) - len(refused), 'job')} {DONE[verb]}."
        more = f" {len(refused)} not: {refused[0]}" if refused else ""
        return done(office, question.back, f"{told}{more}{reminder(office) if verb != 'reject' else ''}")

    def one(verb: str, id: str, why: str | None) -> str | None:
        """Why it could not be done."""
        try:
            if verb == "reject":
                office.acting.reject(id, why)
            else:
                office.acting.retry(id, approve=verb == "approve")
        except (NotNow, NotThere) as refusal:
            return str(refusal)
        return None

    confirm.add_to(pages, office, "/jobs/all/<any(retry,approve,reject):verb>", "act_on_many", ask, act)
