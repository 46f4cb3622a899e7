"""`/password/<token>`: where a customer sets the first password, by the link that was sent once.

Rule 1: opening it consumes nothing, however often and by whom; posting does. Rule 2: the token is in
no log, no metric and no header that leaves.

It is complete HTML and needs no script, in the language that the browser asks for. Whoever has the
link may set the password, so nothing else is asked; whoever guesses is counted.
"""

import re
import secrets
import threading
import time
from contextlib import suppress

from flask import Blueprint, Response, g, make_response, render_template, request
from werkzeug.exceptions import HTTPException, NotFound

from bridge.domain.errors import Busy, StoreUnavailable
from bridge.domain.jobs import ENDED, Status
from bridge.domain.ports import LinkUsed, Receipt
from bridge.infra import clients, logs
from bridge.infra.crypto import Purpose
from bridge.pipeline.first_password import PATH, digest_of
from bridge.web.context import sender, web_context
from bridge.web.password_words import WORDS, Words
from bridge.web.thread_limits import Use

log = logs.get("web")

SHORTEST = 10
WAITS = 15.0  # seconds, at most, for the mail provider's answer
WINDOW = 900.0  # seconds that a wrong link counts
MOST_WRONG = 20  # of one client within the window
MOST_CLIENTS = 4096

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
_PASSWORD = re.compile(r"[!#-~]{1,54}")

blueprint = Blueprint("password", __name__, template_folder="templates")


class WrongLinks:
    """How often a client came with a link that is none, lately."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[str, tuple[float, int]] = {}

    def too_many(self, client: str, now: float) -> bool:
        with self._lock:
            since, count = self._counts.get(client, (now, 0))
            return now - since < WINDOW and count >= MOST_WRONG

    def note(self, client: str, now: float) -> None:
        with self._lock:
            since, count = self._counts.pop(client, (now, 0))
            if now - since >= WINDOW:
                since, count = now, 0
            if len(self._counts) >= MOST_CLIENTS:  # the one that came longest ago
                del self._counts[next(iter(self._counts))]
            self._counts[client] = since, count + 1


wrong_links = WrongLinks()


@blueprint.get(f"{PATH}/<token>")
def form(token: str) -> Response:
    found = require_link(token)
    return page(address=found)


@blueprint.post(f"{PATH}/<token>")
def post(token: str) -> Response:
    address = require_link(token)
    password, again = request.form.get("password", ""), request.form.get("again", "")
    with logs.hiding(password, again):
        if password != again:
            return page(422, address=address, refusal=words().different)
        if not SHORTEST <= len(password) or not _PASSWORD.fullmatch(password):
            return page(422, address=address, refusal=words().not_fit)
        service = web_context().service
        sealed = service.sealer.seal(Purpose.PASSWORD, password)
        used = service.first_password.links.use(
            digest_of(token), sealed, f"link, client {client()}"
        )
        if used is None:  # another one was faster
            return page(404, text=words().gone)
        log.info("a password was posted", job=used.job)
        return told(waited_for(used), address)


def told(receipt: Receipt, address: str) -> Response:
    if receipt.status == Status.SUCCEEDED:
        return page(text=words().done)
    if receipt.status == Status.FAILED and (receipt.error or {})["code"] == "password_rejected":
        return page(422, address=address, refusal=words().rejected)
    if receipt.status == Status.FAILED:
        return page(409, text=words().failed)
    return page(202, text=words().later)


def waited_for(used: LinkUsed) -> Receipt:
    """The receipt when its job has ended, or when nobody may wait longer."""
    context = web_context()
    lookup = context.service.lookup
    until = time.monotonic() + min(WAITS, context.service.settings.bridge.wait_limit)
    with suppress(Busy), context.threads.slot(Use.WAIT):
        receipt = lookup.wait_ended(used.source, used.job, until, time.monotonic)
        if receipt.status in ENDED:
            return receipt
    return lookup.receipt(used.source, used.job)


def require_link(token: str) -> str:
    """The address whose password this link sets. Raises NotFound, Busy."""
    now = time.monotonic()
    if wrong_links.too_many(client(), now):
        raise Busy
    found = None
    if _TOKEN.fullmatch(token):
        found = web_context().service.first_password.links.find(digest_of(token))
    if found is None:
        wrong_links.note(client(), now)
        web_context().refusals.note(sender(), "wrong-password-link")
        raise NotFound
    return found.address


def client() -> str:
    return clients.counted_as(sender())


def language() -> str:
    return request.accept_languages.best_match(WORDS) or next(iter(WORDS))


def words() -> Words:
    return WORDS[language()]


def page(
    status: int = 200, *, address: str | None = None, refusal: str = "", text: str = ""
) -> Response:
    """The form where there is an address, else one sentence."""
    g.nonce = secrets.token_urlsafe(16)
    said = refusal.format(shortest=SHORTEST)
    rendered = render_template(
        "password.html",
        address=address,
        refusal=said,
        text=text,
        shortest=SHORTEST,
        language=language(),
        words=words(),
        nonce=g.nonce,
    )
    return make_response(rendered, status)


@blueprint.after_request
def harden(response: Response) -> Response:
    """Nothing of the address of this page leaves, and nothing of it is kept."""
    nonce = g.get("nonce", "none")
    response.headers["Content-Security-Policy"] = (
        f"default-src 'none'; style-src 'nonce-{nonce}'; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    )
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Content-Language"], response.headers["Vary"] = language(), "Accept-Language"
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    response.headers["X-Frame-Options"] = "DENY"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    return response


@blueprint.errorhandler(HTTPException)
def not_there(error: HTTPException) -> Response:
    return page(error.code or 404, text=words().gone if error.code == 404 else words().away)


@blueprint.errorhandler(Busy)
def busy(error: Busy) -> Response:
    response = page(429, text=words().too_many)
    response.headers["Retry-After"] = str(int(WINDOW))
    return response


@blueprint.errorhandler(StoreUnavailable)
def away(error: StoreUnavailable) -> Response:
    log.error("the database is not reachable", error=str(error))
    return page(503, text=words().away)
