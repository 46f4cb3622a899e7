"""Pause and resume an account or a source, with a reason."""

from collections.abc import Mapping

from flask import Response

from bridge.domain.errors import UnknownThing
from bridge.reporting.notes import compared, paused_how
from bridge.reporting.refusals import refusal
from bridge.store.queue.account_state import RESTORED
from bridge.web.admin.blueprints import actions
from bridge.web.admin.confirm import Confirmation, reason, show
from bridge.web.admin.context import admin_context
from bridge.web.admin.page import done

PAUSE: Mapping[str, str] = {
    "account": (
        "Nothing more is sent to the mail provider for this account: its jobs wait, hooks are "
        "still accepted. Running jobs finish "
        "first. It stays paused until you resume it."
    ),
    "source": (
        "Its hooks are answered 503, so billing sends them "
        "again later. Jobs already accepted still run."
    ),
}
RESUME: Mapping[str, str] = {
    "account": (
        "Its jobs continue, purchases too. If the cause is not fixed, it pauses again by itself."
    ),
    "source": "Its hooks are accepted again.",
}
SUSPENSIONS = (
    "It sent {why}, so further suspensions are refused. If they are right (end of the month, for "
    "example), accept them: "
    "the count restarts, and billing sends the refused ones again. If not, fix billing first."
)
RESTORE = (
    "The database was restored, so check first (docs/backup.md). Jobs continue; purchases wait "
    "until reads from the mail provider show "
    "everything that was bought before the restore."
)


@actions.get("/<any(pause,resume):verb>/<any(account,source):kind>/<name>")
def ask_pause(verb: str, kind: str, name: str) -> Response:
    require(kind, name)
    title = f"{verb.capitalize()} {kind} {name}"
    if verb == "pause":
        says = [PAUSE[kind]]
        return show(Confirmation(title, says, title, "/admin/", danger=True, asks_reason="Reason"))
    return show(
        resuming_account(name, title) if kind == "account" else resuming_source(name, title)
    )


@actions.post("/<any(pause,resume):verb>/<any(account,source):kind>/<name>")
def pause(verb: str, kind: str, name: str) -> Response:
    require(kind, name)
    context, why = admin_context(), reason()
    changed = True
    match verb, kind:
        case "pause", "account":
            why = why or f"Paused by {context.person.who}."
            changed = context.operator_actions.pause_account(name, why)
        case "resume", "account":
            return resume_account(name)
        case _:
            changed = context.operator_actions.pause_source(name, verb == "pause", why or None)
    if verb == "pause":
        outcome = "paused" if changed else "was already paused"
    else:
        outcome = "resumed" if changed else "was not paused"
    return done("/admin/", f"{kind.capitalize()} {name} {outcome}.")


def resume_account(name: str) -> Response:
    actions = admin_context().operator_actions
    if not actions.resume_account(name).left:
        return done("/admin/", f"Account {name} resumed.")
    why = actions.not_compared(name) or refusal("restore_not_compared", account=name)
    return done("/admin/", f"Account {name} is still paused. {why}")


def resuming_account(name: str, title: str) -> Confirmation:
    context = admin_context()
    stops = context.service.account_state.pauses(name)
    restored = any(pause.code == RESTORED for pause in stops)
    facts = [(f"Paused {paused_how(pause.code)}", pause.detail) for pause in stops]
    last = context.service.findings.last(name) if restored else None
    if last:
        facts.append(("Last compared", compared(last)))
    missing = context.operator_actions.not_compared(name) if restored else None
    if missing:
        says, button = [missing], ""
        if len(stops) > 1:
            says.append(
                "Resuming now ends the other reasons; the account "
                "stays paused until it was compared."
            )
            button = title
        status = 200 if button else 409
        return Confirmation(title, says, button, "/admin/", facts=facts, status=status)
    says = [RESTORE if restored else RESUME["account"]]
    return Confirmation(title, says, title, "/admin/", facts=facts)


def resuming_source(name: str, title: str) -> Confirmation:
    row = admin_context().service.account_state.source_state(name)
    if row["suspensions_paused"] and not row["paused"]:
        title = f"Accept suspensions of source {name}"
        says = [SUSPENSIONS.format(why=row["suspensions_paused"])]
        return Confirmation(title, says, title, "/admin/")
    return Confirmation(title, [RESUME["source"]], title, "/admin/")


def require(kind: str, name: str) -> None:
    settings = admin_context().service.settings
    if name not in (settings.accounts if kind == "account" else settings.sources):
        raise UnknownThing(f"There is no {kind} {name!r} in the configuration.")
