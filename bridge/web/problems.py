"""Every error as application/problem+json (RFC 9457). Status, title and sentence; never what was sent."""

from collections.abc import Mapping
from typing import Any

from flask import Flask, Response, jsonify
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from bridge.domain.errors import CODES, BridgeError, NotNow, NotThere, StoreUnavailable
from bridge.domain.ports import CannotWithdraw, Dismissed, Forgotten, Reused, SourcePaused, SuspensionsPaused
from bridge.infra import logs
from hooks.errors import BadSignature, HookError, Invalid

log = logs.get("web")

TITLES = {
    400: "Not a JSON object",
    401: "Not accepted",
    403: "Domain not allowed",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    413: "Too large",
    415: "Not JSON",
    422: "Not valid",
    429: "Busy",
    500: "Internal error",
    502: "The request to Enom failed",
    503: "Not available",
}
# One and the same words for every way to be a stranger.
STRANGER = (
    "The source, the sender's IP address, the signature or the time is wrong. Check the source name in the URL, its secret, "
    "both clocks, and allow_from in bridge.toml."
)

REUSED = (
    "This webhook-id was already used with another type or data. Send a new event under a new id; repeat an old one unchanged."
)
SUSPENSIONS_PAUSED = (
    "This source sent too many suspensions within an hour, so further ones are refused until an operator accepts them. All "
    "other hooks are accepted. Send it again later."
)
FORGOTTEN = (
    "This webhook-id was used before, but the key to check its content was removed from bridge.keys. Ask for its result "
    "with the query `job`; send a new event under a new id."
)
DISMISSED = "This hook was dismissed. Send it again under a new id."


def problem(status: int, detail: str, retry_after: float | None = None, **more: Any) -> Response:
    body: dict[str, Any] = {"type": "about:blank", "title": TITLES[status], "status": status, "detail": detail, **more}
    response = jsonify(body)
    response.status_code = status
    response.content_type = "application/problem+json"
    if retry_after is not None:
        response.headers["Retry-After"] = str(max(1, round(retry_after)))
    return response


def of_delivery(error: HookError) -> Response:
    if isinstance(error, BadSignature):
        return problem(401, STRANGER)
    errors: Mapping[str, Any] = {"errors": error.errors} if isinstance(error, Invalid) else {}
    detail = "Some fields are not valid; see `errors`." if errors else error.detail
    return problem(error.status, detail, **errors)


def of_remote(error: BridgeError) -> Response:
    """A query's failure: with the contract's code, and without what Enom itself said."""
    status = 404 if error.code == "not_found" else 422 if error.code == "unsupported" else 502
    return problem(status, CODES[error.code] if error.remote else error.detail, code=error.code)


def add_to(app: Flask) -> None:
    app.register_error_handler(HookError, of_delivery)
    app.register_error_handler(BridgeError, of_remote)
    app.register_error_handler(Reused, lambda _: problem(409, REUSED))
    app.register_error_handler(CannotWithdraw, lambda error: problem(409, str(error)))
    app.register_error_handler(Dismissed, lambda _: problem(409, DISMISSED))
    app.register_error_handler(Forgotten, lambda _: problem(409, FORGOTTEN))
    app.register_error_handler(
        SourcePaused, lambda _: problem(503, "This source is paused, so nothing was accepted. Send it again later.", 60)
    )
    # With a code: a sender must not take it that nothing else would be accepted.
    stopped = {"code": "suspensions_stopped"}
    app.register_error_handler(SuspensionsPaused, lambda _: problem(503, SUSPENSIONS_PAUSED, 300, **stopped))
    app.register_error_handler(StoreUnavailable, database_gone)
    app.register_error_handler(NotThere, lambda error: problem(404, str(error)))
    app.register_error_handler(NotNow, lambda error: problem(429, str(error), 3))
    app.register_error_handler(HTTPException, of_http)
    app.register_error_handler(Exception, unexpected)


def database_gone(error: Exception) -> Response:
    log.error("the database is not reachable", error=str(error))
    return problem(503, "The bridge cannot use its database, so nothing was accepted. Send it again.", 5)


def of_http(error: HTTPException) -> Response:
    status = error.code if error.code in TITLES else 400
    detail = {
        404: "Nothing at this path. Hooks go to /hooks/<source>, queries to /query/<source>.",
        405: "Send hooks and queries with POST; read everything else with GET.",
        413: "The body is larger than 64 KiB.",
    }.get(status, "The request cannot be read as HTTP.")
    response = problem(status, detail)
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        response.headers["Allow"] = ", ".join(sorted(error.valid_methods))
    return response


def unexpected(error: Exception) -> Response:
    log.error("unexpected", exc_info=error)
    return problem(500, "Internal error of the bridge; see its log. Send it again.")
