"""What stands around every page: who is it, is it their own form, may they act; and what no browser may do with it."""

from contextlib import ExitStack
from urllib.parse import quote, urlsplit

from flask import Blueprint, Response, g, request
from werkzeug.exceptions import Forbidden, NotFound

from bridge.infra import clients
from bridge.web.admin.office import Office
from bridge.web.admin.page import go, here, put_cookie
from bridge.web.admin.session import COOKIE, IDLE, Person
from bridge.web.threads import Use

OPEN = ("admin.sign_in", "admin.signing_in", "admin.static")
POLLING = "live"  # what htmx says about a part that updates itself: nobody is at the keyboard because of it
POLICY = "; ".join([
    "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'", "connect-src 'self'",
    "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'",
])  # fmt: skip
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Robots-Tag": "noindex",
}
ASSETS_LAST = 86400 * 365  # an address names its content
READ_ONLY = "You are signed in read-only. Ask someone with full access to do this."
NOT_OURS = "This form is too old, or did not come from this bridge. Nothing was done. Reload the page and try again."


def add_to(pages: Blueprint, office: Office) -> None:
    def before() -> Response | None:
        g.person = None
        if not request.query_string.isascii():  # werkzeug can read none with a raw byte in it
            request.query_string = quote(request.query_string, safe="%&=+;/?:@").encode()
        if request.method not in ("GET", "HEAD", "POST") or not all(
            map(str.isprintable, (request.path, *request.args.values()))
        ):
            raise NotFound
        if request.method == "POST":
            require_own_origin(office.service.settings.bridge.public_url)
        if request.endpoint == "admin.static":
            return None
        g.person = person_of(office)
        if g.person is None and request.endpoint not in OPEN:
            return to_sign_in()
        if request.method == "POST" and g.person is not None and request.endpoint not in OPEN:
            require_own_form(office, g.person)
        if g.person is not None:
            # Whoever is signed in can ask for what takes long: a search, an export.
            g.held = ExitStack()
            g.held.enter_context(office.threads.taken(Use.PAGE))
        return None

    def after(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers[name] = value
        if request.endpoint == "admin.static":
            if request.args.get("v") and response.status_code == 200:
                response.headers["Cache-Control"] = f"public, max-age={ASSETS_LAST}, immutable"
            return response
        person = g.get("person")
        if person is not None and not person.id.startswith("proxy:") and not g.get("signed_out") and not is_polling():
            remember(office, response, person)
        return response

    def done(error: BaseException | None) -> None:
        if held := g.pop("held", None):
            held.close()

    pages.before_request(before)
    pages.teardown_request(done)
    pages.after_request(after)


def person_of(office: Office) -> Person | None:
    """By the session, else by what a trusted proxy says."""
    person = office.sessions.read(request.cookies.get(COOKIE, ""))
    if person is not None and not office.sign_ins.ended(person.id):
        return person
    admin, bridge = office.service.settings.admin, office.service.settings.bridge
    if not admin.user_header or not clients.within(clients.read(request.remote_addr or ""), bridge.trusted_proxies):
        return None
    name = request.headers.get(admin.user_header, "").strip()
    # A comma means that the header came twice: from the proxy, and from whoever is behind it.
    if not 1 <= len(name) <= 100 or not name.isprintable() or "," in name:
        return None
    return Person(f"proxy:{name}", f"{name} (proxy)", name in admin.user_admins, office.service.database.clock())


def remember(office: Office, response: Response, person: Person) -> None:
    most = int(min(IDLE, office.sessions.left(person)))
    put_cookie(office, response, COOKIE, office.sessions.cookie(person), most)


def to_sign_in() -> Response:
    """A page leads to the form and back; a part of a page makes the whole page go there."""
    if request.method == "POST":
        raise Forbidden("Your session has ended, so nothing was done. Sign in and try again.")
    wanted = here()
    place = "/admin/sign-in" if wanted in ("/admin", "/admin/") else f"/admin/sign-in?next={quote(wanted, safe='/')}"
    if request.headers.get("HX-Request"):
        return Response("", 401, {"HX-Refresh": "true"})
    return go(place)


def require_own_origin(public_url: str) -> None:
    """A browser says where a form came from, one way or the other; what says nothing is no browser of today."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is None and origin is None:
        raise Forbidden(NOT_OURS)
    if site not in (None, "same-origin"):
        raise Forbidden(NOT_OURS)
    if origin is not None and urlsplit(origin).netloc not in (request.host, urlsplit(public_url).netloc):
        raise Forbidden(NOT_OURS)


def require_own_form(office: Office, person: Person) -> None:
    token = request.headers.get("X-CSRF-Token") or request.form.get("csrf", "")
    if not office.sessions.is_ours(person.id, token):
        raise Forbidden(NOT_OURS)


def require_acting(office: Office) -> None:
    if not office.person.acts:
        raise Forbidden(READ_ONLY)


def is_polling() -> bool:
    return request.headers.get("HX-Trigger") == POLLING
