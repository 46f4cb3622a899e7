"""Who may see a page, and act: signed in, by their own form. And what no browser may do with it."""

from contextlib import ExitStack
from urllib.parse import quote, urlsplit

from flask import Response, g, request
from werkzeug.exceptions import Forbidden, NotFound

from bridge.infra import clients
from bridge.web.admin.blueprints import actions, pages
from bridge.web.admin.context import admin_context
from bridge.web.admin.page import go, here, put_cookie
from bridge.web.admin.session import COOKIE, IDLE, Person
from bridge.web.thread_limits import Use

OPEN = ("admin.sign_in", "admin.signing_in", "admin.static")
# What htmx says about a part that updates itself: nobody is at the keyboard because of it.
POLLING = "live"
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
NOT_OURS = (
    "This form is too old, or did not come from this bridge. "
    "Nothing was done. Reload the page and try again."
)


@pages.before_request
def let_in() -> Response | None:
    """Who it is, and whether this is a page's own form. An answer instead for a stranger."""
    g.person = None
    require_readable()
    if request.method == "POST":
        require_own_origin(admin_context().service.settings.bridge.public_url)
    if request.endpoint == "admin.static":
        return None
    g.person = person_of_request()
    if g.person is None:
        return None if request.endpoint in OPEN else to_sign_in()
    if request.method == "POST" and request.endpoint not in OPEN:
        require_own_form(g.person)
    # Whoever is signed in can ask for what takes long: a search, an export.
    g.held = ExitStack()
    g.held.enter_context(admin_context().threads.slot(Use.PAGE))
    return None


@pages.after_request
def harden(response: Response) -> Response:
    """What a browser may do with it, and for how long it stays signed in."""
    for name, value in HEADERS.items():
        response.headers[name] = value
    if request.endpoint == "admin.static":
        if request.args.get("v") and response.status_code == 200:
            response.headers["Cache-Control"] = f"public, max-age={ASSETS_LAST}, immutable"
        return response
    person = g.get("person")
    if person is not None and has_session(person) and not g.get("signed_out") and not is_polling():
        remember(response, person)
    return response


@pages.teardown_request
def give_back(error: BaseException | None) -> None:
    if held := g.pop("held", None):
        held.close()


def require_readable() -> None:
    if not request.query_string.isascii():  # werkzeug can read none with a raw byte in it
        request.query_string = quote(request.query_string, safe="%&=+;/?:@").encode()
    if request.method not in ("GET", "HEAD", "POST"):
        raise NotFound
    if not all(map(str.isprintable, (request.path, *request.args.values()))):
        raise NotFound


def has_session(person: Person) -> bool:
    """False: a proxy says anew with each request who it is."""
    return not person.id.startswith("proxy:")


def person_of_request() -> Person | None:
    """By the session, else by what a trusted proxy says."""
    context = admin_context()
    person = context.sessions.read(request.cookies.get(COOKIE, ""))
    if person is not None and not context.sign_ins.ended(person.id):
        return person
    admin, bridge = context.service.settings.admin, context.service.settings.bridge
    peer = clients.read(request.remote_addr or "")
    if not admin.user_header or not clients.within(peer, bridge.trusted_proxies):
        return None
    name = request.headers.get(admin.user_header, "").strip()
    # A comma means that the header came twice: from the proxy, and from whoever is behind it.
    if not 1 <= len(name) <= 100 or not name.isprintable() or "," in name:
        return None
    now = context.service.database.clock()
    return Person(f"proxy:{name}", f"{name} (proxy)", name in admin.user_admins, now)


def remember(response: Response, person: Person) -> None:
    sessions = admin_context().sessions
    most = int(min(IDLE, sessions.left(person)))
    put_cookie(response, COOKIE, sessions.cookie(person), most)


def to_sign_in() -> Response:
    """A page leads to the form and back; a part of a page makes the whole page go there."""
    if request.method == "POST":
        raise Forbidden("Your session has ended, so nothing was done. Sign in and try again.")
    wanted = here()
    place = "/admin/sign-in"
    if wanted not in ("/admin", "/admin/"):
        place += f"?next={quote(wanted, safe='/')}"
    if request.headers.get("HX-Request"):
        return Response("", 401, {"HX-Refresh": "true"})
    return go(place)


def require_own_origin(public_url: str) -> None:
    """A browser says where a form came from, one way or the other, or it is none of today."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is None and origin is None:
        raise Forbidden(NOT_OURS)
    if site not in (None, "same-origin"):
        raise Forbidden(NOT_OURS)
    ours = (request.host, urlsplit(public_url).netloc)
    if origin is not None and urlsplit(origin).netloc not in ours:
        raise Forbidden(NOT_OURS)


def require_own_form(person: Person) -> None:
    token = request.headers.get("X-CSRF-Token") or request.form.get("csrf", "")
    if not admin_context().sessions.is_ours(person.id, token):
        raise Forbidden(NOT_OURS)


@actions.before_request
def require_acting() -> None:
    if not admin_context().person.acts:
        raise Forbidden(READ_ONLY)


def is_polling() -> bool:
    return request.headers.get("HX-Trigger") == POLLING
