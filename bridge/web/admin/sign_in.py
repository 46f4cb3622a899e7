"""Signing in by a password or a code from the command line, and signing out. Tries are limited and written down."""

import secrets
from enum import StrEnum

from flask import Blueprint, Response, g, request

from bridge.infra import clients
from bridge.store.admin.sign_ins import REFUSED, WINDOW, Try
from bridge.web.admin import link, passwords
from bridge.web.admin.guard import NOT_OURS
from bridge.web.admin.office import Office
from bridge.web.admin.page import go, page, put_cookie, say
from bridge.web.admin.session import BEFORE, COOKIE, LONGEST, Person
from bridge.web.receive import sender
from bridge.web.threads import Use

LONGEST_NAME = 60
LONGEST_PASSWORD = 1000
WRONG = "Wrong password. You are not signed in."
USED = "This code is wrong, was used before, or has expired. Make a new one: enom-bridge admin-link"
TOO_MANY = f"Too many failed attempts. Wait {WINDOW / 60:.0f} minutes, or sign in with a code: enom-bridge admin-link"


class Reason(StrEnum):
    """Why somebody was not signed in, in the log and, with spaces, in the audit trail."""

    WRONG = "wrong-password"
    WRONG_CODE = "wrong-code"
    USED_CODE = "used-code"
    TOO_MANY = "too-many-sign-ins"


def add_to(pages: Blueprint, office: Office) -> None:
    def sign_in() -> Response:
        if g.person is not None:
            return to(request.args.get("next", ""))
        return form(office)

    def signing_in() -> Response:
        if not office.sessions.is_ours(request.cookies.get(BEFORE, "-"), request.form.get("csrf", "")):
            return form(office, 403, NOT_OURS)
        with office.threads.taken(Use.SIGN_IN):
            person, status, refusal = by_code(office) if request.form.get("code") else by_password(office)
        if person is None:
            return form(office, status, refusal)
        g.person = person
        office.acting.noted("sign-in", client(office), None if person.acts else "read-only")
        return to(request.form.get("next", ""))

    def sign_out() -> Response:
        office.sign_ins.end_session(office.person.id, LONGEST)
        office.acting.noted("sign-out", client(office))
        g.signed_out = True
        response = go("/admin/sign-in")
        response.delete_cookie(COOKIE, path="/admin")
        return say(office, response, "You are signed out.")

    pages.add_url_rule("/sign-in", "sign_in", sign_in)
    pages.add_url_rule("/sign-in", "signing_in", signing_in, methods=["POST"])
    pages.add_url_rule("/sign-out", "sign_out", sign_out, methods=["POST"])


def form(office: Office, status: int = 200, refusal: str = "") -> Response:
    """The token of this form is of a cookie that was there before anybody signed in."""
    admin = office.service.settings.admin
    before = request.cookies.get(BEFORE) or secrets.token_urlsafe(12)
    response = page(
        office,
        "sign_in.html",
        status,
        refusal=refusal,
        csrf=office.sessions.form_token(before),
        password=admin.password_hash or admin.view_password_hash,
        next=place(request.values.get("next", "")),
        from_elsewhere=request.headers.get("Sec-Fetch-Site") == "cross-site",
    )
    put_cookie(office, response, BEFORE, before)
    return response


def by_password(office: Office) -> tuple[Person | None, int, str]:
    attempt = office.sign_ins.begin(client(office))
    if attempt.id is None:
        return too_many(office)
    role = passwords.role_of(office.service.settings.admin, request.form.get("password", "")[:LONGEST_PASSWORD])
    if role is None:
        return refused(office, attempt, Reason.WRONG, WRONG)
    office.sign_ins.succeeded(attempt)
    name = "".join(sign for sign in request.form.get("name", "") if sign.isprintable()).strip()[:LONGEST_NAME]
    return office.sessions.begin(f"{name or ('admin' if role else 'viewer')} (password)", role), 200, ""


def by_code(office: Office) -> tuple[Person | None, int, str]:
    """A code cannot be guessed, so a right one is let in however many wrong ones came before."""
    now = office.service.database.clock()
    found = link.read(office.service.sealer, request.form["code"][:LONGEST_PASSWORD], now)
    if found is not None and link.use(office.service.standing, found, now):
        return office.sessions.begin(found.who, found.acts), 200, ""
    attempt = office.sign_ins.begin(client(office))
    if attempt.id is None:
        return too_many(office)
    return refused(office, attempt, Reason.USED_CODE if found else Reason.WRONG_CODE, USED)


def refused(office: Office, attempt: Try, why: Reason, told: str) -> tuple[None, int, str]:
    """Written down; what comes after the last try is only counted, so that strangers cannot fill the database."""
    who = f"client {client(office)}"
    more = f"; no more attempts for {WINDOW / 60:.0f} minutes" if attempt.last else ""
    office.service.people.by(who).noted(REFUSED, client(office), f"{why.replace('-', ' ')}{more}")
    office.refusals.note(sender(office.service), why)
    return None, 403, told


def too_many(office: Office) -> tuple[None, int, str]:
    office.refusals.note(sender(office.service), Reason.TOO_MANY)
    return None, 429, TOO_MANY


def client(office: Office) -> str:
    """Its address; of IPv6 the network that one customer is given."""
    return clients.counted_as(sender(office.service))


def place(wanted: str) -> str:
    """Where to go on: a page of ours, or the first one."""
    ours = wanted.startswith("/admin/") and wanted.isprintable() and "\\" not in wanted and not wanted.startswith("/admin/sign")
    return wanted if ours else "/admin/"


def to(wanted: str) -> Response:
    return go(place(wanted))
