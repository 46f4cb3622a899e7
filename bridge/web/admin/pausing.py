"""Pause and resume an account or a source, with a reason."""

from collections.abc import Mapping

from flask import Blueprint, Response

from bridge.domain.errors import NotThere
from bridge.reporting.notes import compared
from bridge.reporting.refusals import refusal
from bridge.store.queue.account_state import RESTORED
from bridge.web.admin import confirm
from bridge.web.admin.confirm import Question, reason
from bridge.web.admin.office import Office
from bridge.web.admin.page import done

PAUSE: Mapping[str, str] = {
    "account": "Nothing more is sent to Enom for it: its jobs wait, and hooks are still accepted. What is under way now is "
    "finished first. It goes on only when a person resumes it.",
    "source": "Its hooks are answered 503, so that it sends them again later; jobs that it gave before are still done.",
}
RESUME: Mapping[str, str] = {
    "account": "Its jobs go on, purchases too. If what stopped it is still so, it stops again by itself.",
    "source": "Its hooks are accepted again.",
}
SUSPENSIONS = (
    "It sent {why}, so no more of its suspensions are accepted. If they are right, as at the end of a month: they are counted "
    "anew from now on, and billing sends again what was refused. If not, put billing right first."
)
RESTORE = (
    "The database was restored, so look first (docs/backup.md). Its jobs go on; purchases as soon as Enom's reads must show "
    "what was bought before the restore."
)


def add_to(pages: Blueprint, office: Office) -> None:
    def ask(verb: str, kind: str, name: str) -> Question:
        known(kind, name)
        title = f"{verb.capitalize()} {kind} {name}"
        if verb == "pause":
            return Question(title, [PAUSE[kind]], title, "/admin/", danger=True, asks_reason="Reason")
        if kind == "account":
            return resuming(name, title)
        row = office.service.standing.source_state(name)
        if row["suspensions_paused"] and not row["paused"]:
            title = f"Accept suspensions of source {name}"
            return Question(title, [SUSPENSIONS.format(why=row["suspensions_paused"])], title, "/admin/")
        return Question(title, [RESUME[kind]], title, "/admin/")

    def resuming(name: str, title: str) -> Question:
        stops = office.service.standing.pauses(name)
        restored = any(pause.code == RESTORED for pause in stops)
        facts = [(f"It is paused ({pause.code})", pause.detail) for pause in stops]
        last = office.service.findings.last(name) if restored else None
        if last:
            facts.append(("Last compared", compared(last)))
        if restored and not office.acting.is_compared(name):
            says, button = [refusal("restore_not_compared", account=name)], ""
            if len(stops) > 1:
                says, button = [*says, "To resume now ends what else it is paused for, and leaves it paused."], title
            return Question(title, says, button, "/admin/", facts=facts, status=200 if button else 409)
        return Question(title, [RESTORE if restored else RESUME["account"]], title, "/admin/", facts=facts)

    def act(verb: str, kind: str, name: str) -> Response:
        known(kind, name)
        why = reason()
        changed = True
        match verb, kind:
            case "pause", "account":
                changed = office.acting.pause_account(name, why or f"Paused by {office.person.who}.")
            case "resume", "account":
                return resumed(name)
            case _:
                changed = office.acting.pause_source(name, verb == "pause", why or None)
        told = "paused" if verb == "pause" else "not paused any more"
        return done(office, "/admin/", f"The {kind} {name} is {told}{'.' if changed else ': somebody was faster.'}")

    def resumed(name: str) -> Response:
        left = office.acting.resume_account(name).left
        if not left:
            return done(office, "/admin/", f"The account {name} is not paused any more.")
        return done(office, "/admin/", f"The account {name} is still paused. {refusal('restore_not_compared', account=name)}")

    def known(kind: str, name: str) -> None:
        settings = office.service.settings
        if name not in (settings.accounts if kind == "account" else settings.sources):
            raise NotThere(f"There is no {kind} {name!r} in the configuration.")

    confirm.add_to(pages, office, "/<any(pause,resume):verb>/<any(account,source):kind>/<name>", "pause", ask, act)
