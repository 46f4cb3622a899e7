"""Pause and resume an account or a source, with a reason."""

from collections.abc import Mapping

from flask import Blueprint, Response

from bridge.domain.errors import NotThere
from bridge.store.admin.findings import compared
from bridge.store.admin.operator import not_compared
from bridge.store.queue.standing import RESTORED
from bridge.web.admin import confirm
from bridge.web.admin.confirm import Question, reason
from bridge.web.admin.office import Office
from bridge.web.admin.page import done

PAUSE: Mapping[str, str] = {
    "account": "Nothing more is sent to Enom for this account: its jobs wait, hooks are still accepted. Running jobs finish "
    "first. It stays paused until you resume it.",
    "source": "Its hooks are answered 503, so billing sends them again later. Jobs already accepted still run.",
}
RESUME: Mapping[str, str] = {
    "account": "Its jobs continue, purchases too. If the cause is not fixed, it pauses again by itself.",
    "source": "Its hooks are accepted again.",
}
SUSPENSIONS = (
    "It sent {why}, so further suspensions are refused. If they are right (end of the month, for example), accept them: "
    "the count restarts, and billing sends the refused ones again. If not, fix billing first."
)
RESTORE = (
    "The database was restored, so check first (docs/backup.md). Jobs continue; purchases wait until reads from Enom show "
    "everything that was bought before the restore."
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
        facts = [(f"Paused ({pause.code})", pause.detail) for pause in stops]
        last = office.service.findings.last(name) if restored else None
        if last:
            facts.append(("Last compared", compared(last)))
        if restored and not office.acting.is_compared(name):
            says, button = [not_compared(name)], ""
            if len(stops) > 1:
                says, button = (
                    [*says, "Resuming now ends the other reasons; the account stays paused until it was compared."],
                    title,
                )
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
        told = "paused" if verb == "pause" else "resumed"
        return done(office, "/admin/", f"{kind.capitalize()} {name} {told if changed else f'was already {told}'}.")

    def resumed(name: str) -> Response:
        left = office.acting.resume_account(name).left
        if not left:
            return done(office, "/admin/", f"Account {name} resumed.")
        return done(office, "/admin/", f"Account {name} is still paused. {not_compared(name)}")

    def known(kind: str, name: str) -> None:
        settings = office.service.settings
        if name not in (settings.accounts if kind == "account" else settings.sources):
            raise NotThere(f"There is no {kind} {name!r} in the configuration.")

    confirm.add_to(pages, office, "/<any(pause,resume):verb>/<any(account,source):kind>/<name>", "pause", ask, act)
