"""Signing in by a password or a code from the command line, and signing out.

Tries are limited and written down.
"""

import secrets
from enum import StrEnum

from flask import Response, g, request

from bridge.infra import clients
from bridge.store.admin.sign_ins import REFUSED, WINDOW, SignInAttempt
from bridge.web.admin import passwords, sign_in_code
from bridge.web.admin.access import NOT_OURS
from bridge.web.admin.blueprints import pages
from bridge.web.admin.context import admin_context
from bridge.web.admin.page import go, page, put_cookie, say
from bridge.web.admin.session import BEFORE, COOKIE, LONGEST, Person
from bridge.web.context import sender
from bridge.web.thread_limits import Use

LONGEST_NAME = 60
LONGEST_PASSWORD = 1000
WRONG = "Wrong password. You are not signed in."
USED = "This code is wrong, was used before, or has expired. Make a new one: enom-bridge admin-link"
TOO_MANY = (
    f"Too many failed attempts. Wait {WINDOW / 60:.0f} minutes, or sign in with a code: "
    "enom-bridge admin-link"
)


class Reason(StrEnum):
    """Why somebody was not signed in, in the log and, with spaces, in the audit trail."""

    WRONG = "wrong-password"
    WRONG_CODE = "wrong-code"
    USED_CODE = "used-code"
    TOO_MANY = "too-many-sign-ins"


@pages.get("/sign-in")
def sign_in() -> Response:
    if g.person is not None:
        return to(request.args.get("next", ""))
    return form()


@pages.post("/sign-in")
def signing_in() -> Response:
    context = admin_context()
    if not context.sessions.is_ours(request.cookies.get(BEFORE, "-"), request.form.get("csrf", "")):
        return form(403, NOT_OURS)
    with context.threads.slot(Use.SIGN_IN):
        person, status, refusal = by_code() if request.form.get("code") else by_password()
    if person is None:
        return form(status, refusal)
    g.person = person
    context.operator_actions.noted("sign-in", client(), None if person.acts else "read-only")
    return to(request.form.get("next", ""))


@pages.post("/sign-out")
def sign_out() -> Response:
    context = admin_context()
    context.sign_ins.end_session(context.person.id, LONGEST)
    context.operator_actions.noted("sign-out", client())
    g.signed_out = True
    response = go("/admin/sign-in")
    response.delete_cookie(COOKIE, path="/admin")
    return say(response, "You are signed out.")


def form(status: int = 200, refusal: str = "") -> Response:
    """The token of this form is of a cookie that was there before anybody signed in."""
    context = admin_context()
    admin = context.service.settings.admin
    before = request.cookies.get(BEFORE) or secrets.token_urlsafe(12)
    response = page(
        "sign_in.html",
        status,
        refusal=refusal,
        csrf=context.sessions.form_token(before),
        password=admin.password_hash or admin.view_password_hash,
        next=place(request.values.get("next", "")),
        from_elsewhere=request.headers.get("Sec-Fetch-Site") == "cross-site",
    )
    put_cookie(response, BEFORE, before)
    return response


def by_password() -> tuple[Person | None, int, str]:
    context = admin_context()
    attempt = context.sign_ins.begin(client())
    if attempt.id is None:
        return too_many()
    role = passwords.role_of(
        context.service.settings.admin, request.form.get("password", "")[:LONGEST_PASSWORD]
    )
    if role is None:
        return refused(attempt, Reason.WRONG, WRONG)
    context.sign_ins.succeeded(attempt)
    name = "".join(sign for sign in request.form.get("name", "") if sign.isprintable()).strip()[
        :LONGEST_NAME
    ]
    return (
        context.sessions.begin(f"{name or ('admin' if role else 'viewer')} (password)", role),
        200,
        "",
    )


def by_code() -> tuple[Person | None, int, str]:
    """A code cannot be guessed, so a right one is let in however many wrong ones came before."""
    context = admin_context()
    now = context.service.database.clock()
    found = sign_in_code.read(context.service.sealer, request.form["code"][:LONGEST_PASSWORD], now)
    if found is not None and sign_in_code.use(context.service.account_state, found, now):
        return context.sessions.begin(found.who, found.acts), 200, ""
    attempt = context.sign_ins.begin(client())
    if attempt.id is None:
        return too_many()
    return refused(attempt, Reason.USED_CODE if found else Reason.WRONG_CODE, USED)


def refused(attempt: SignInAttempt, why: Reason, sentence: str) -> tuple[None, int, str]:
    """Written down; what comes after the last try is only counted, so that strangers cannot fill
    the database.
    """
    context, who = admin_context(), f"client {client()}"
    more = f"; no more attempts for {WINDOW / 60:.0f} minutes" if attempt.last else ""
    context.service.operator.by(who).noted(REFUSED, client(), f"{why.replace('-', ' ')}{more}")
    context.refusals.note(sender(), why)
    return None, 403, sentence


def too_many() -> tuple[None, int, str]:
    admin_context().refusals.note(sender(), Reason.TOO_MANY)
    return None, 429, TOO_MANY


def client() -> str:
    """Its address; of IPv6 the network that one customer is given."""
    return clients.counted_as(sender())


def place(wanted: str) -> str:
    """Where to go on: a page of ours, or the first one."""
    ours = (
        wanted.startswith("/admin/")
        and wanted.isprintable()
        and "\\" not in wanted
        and not wanted.startswith("/admin/sign")
    )
    return wanted if ours else "/admin/"


def to(wanted: str) -> Response:
    return go(place(wanted))
