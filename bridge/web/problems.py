"""Every error as application/problem+json (RFC 9457).

Status, title and sentence; never what was sent.
"""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, jsonify
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from bridge.domain.errors import CODES, BridgeError, NotPossible, StoreUnavailable, UnknownThing
from bridge.domain.ports import (
    CannotWithdraw,
    Dismissed,
    Forgotten,
    Reused,
    SourcePaused,
    SuspensionsPaused,
)
from bridge.infra import logs
from bridge.reporting import answers
from hooks.errors import BadSignature, HookError, Invalid

log = logs.get("web")

CONTENT_TYPE = "application/problem+json"
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
    502: "The request to the mail provider failed",
    503: "Not available",
}
# One and the same words for every way to be a stranger.
STRANGER = (
    "The source, the sender's IP address, the signature or the time is wrong. Check the source "
    "name in the URL, its secret, "
    "both clocks, and allow_from in bridge.toml."
)

REUSED = (
    "This webhook-id was already used with another type or data. Send a new event under a new id; "
    "repeat an old one unchanged."
)
SUSPENSIONS_PAUSED = (
    "This source sent too many suspensions within an hour, so further ones are refused until an "
    "admin accepts them. All "
    "other hooks are accepted. Send it again later."
)
FORGOTTEN = (
    "This webhook-id was used before, but the key to check its content was removed from "
    "bridge.keys. Ask for its result "
    "with the query `job`; send a new event under a new id."
)
DISMISSED = "This hook was dismissed. Send it again under a new id."

blueprint = Blueprint("problems", __name__)


def of_reuse(error: Reused) -> str:
    """What is wrong with an id that was used before."""
    return (
        DISMISSED
        if isinstance(error, Dismissed)
        else FORGOTTEN
        if isinstance(error, Forgotten)
        else REUSED
    )


def described(status: int, title: str, detail: str, **more: Any) -> dict[str, Any]:
    content = {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}
    return answers.dump(answers.Problem, content)


def problem(status: int, detail: str, retry_after: float | None = None, **more: Any) -> Response:
    response = jsonify(described(status, TITLES[status], detail, **more))
    response.status_code = status
    response.content_type = CONTENT_TYPE
    if retry_after is not None:
        response.headers["Retry-After"] = str(max(1, round(retry_after)))
    return response


@blueprint.app_errorhandler(HookError)
def of_delivery(error: HookError) -> Response:
    if isinstance(error, BadSignature):
        return problem(401, STRANGER)
    errors: Mapping[str, Any] = {"errors": error.errors} if isinstance(error, Invalid) else {}
    detail = "Some fields are not valid; see `errors`." if errors else error.detail
    return problem(error.status, detail, **errors)


@blueprint.app_errorhandler(BridgeError)
def of_remote(error: BridgeError) -> Response:
    """A query's failure: with the contract's code, and without what Enom itself said."""
    status = 404 if error.code == "not_found" else 422 if error.code == "unsupported" else 502
    return problem(status, CODES[error.code] if error.remote else error.detail, code=error.code)


@blueprint.app_errorhandler(Reused)
def reused(error: Reused) -> Response:
    """Dismissed and Forgotten too, each in its own words."""
    return problem(409, of_reuse(error))


@blueprint.app_errorhandler(CannotWithdraw)
def cannot_withdraw(error: CannotWithdraw) -> Response:
    return problem(409, str(error))


@blueprint.app_errorhandler(SourcePaused)
def source_paused(error: SourcePaused) -> Response:
    return problem(503, "This source is paused, so nothing was accepted. Send it again later.", 60)


@blueprint.app_errorhandler(SuspensionsPaused)
def suspensions_paused(error: SuspensionsPaused) -> Response:
    """With a code: a sender must not take it that nothing else would be accepted."""
    return problem(503, SUSPENSIONS_PAUSED, 300, code="suspensions_stopped")


@blueprint.app_errorhandler(UnknownThing)
def not_there(error: UnknownThing) -> Response:
    return problem(404, str(error))


@blueprint.app_errorhandler(NotPossible)
def not_now(error: NotPossible) -> Response:
    return problem(429, str(error), 3)


@blueprint.app_errorhandler(StoreUnavailable)
def database_gone(error: Exception) -> Response:
    log.error("the database is not reachable", error=str(error))
    return problem(
        503, "The bridge cannot use its database, so nothing was accepted. Send it again.", 5
    )


@blueprint.app_errorhandler(HTTPException)
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


@blueprint.app_errorhandler(Exception)
def unexpected(error: Exception) -> Response:
    log.error("unexpected", exc_info=error)
    return problem(500, "Internal error of the bridge; see its log. Send it again.")
