"""Every error below /admin as a page that says what to do. What the rest of the bridge answers is not touched."""

from typing import Any

from flask import Blueprint, Response
from werkzeug.exceptions import HTTPException

from bridge.domain.errors import BridgeError, Busy, NotNow, NotThere, StoreUnavailable
from bridge.domain.filtering import NoSuchValue
from bridge.domain.ports import Dismissed, Forgotten, Reused, SourcePaused, SuspensionsPaused
from bridge.infra import logs
from bridge.web.admin.office import Office
from bridge.web.admin.page import page
from bridge.web.problems import DISMISSED, FORGOTTEN, REUSED
from hooks.errors import HookError

log = logs.get("admin")

TITLES = {
    403: "Not allowed",
    404: "Not found",
    409: "Not possible now",
    413: "Too large",
    500: "Internal error",
    503: "The database is not reachable",
}
BUSY = "Busy"
AWAY = (
    "The bridge cannot use its database, so no page works. Hooks are answered 503 meanwhile; billing sends them again, and "
    "nothing is lost. Check the log and bridge.database, then reload this page."
)


def add_to(pages: Blueprint, office: Office) -> None:
    def fault(status: int, text: str, title: str = "") -> Response:
        return page(office, "fault.html", status, title=title or TITLES[status], text=text)

    def of_http(error: HTTPException) -> Response:
        status = error.code if error.code in TITLES else 404
        own = error.description if status == 403 else None
        return fault(status, own or "Use the search above, or start at the overview.")

    def away(error: Exception) -> Response:
        log.error("the database is not reachable", error=str(error))
        response = fault(503, AWAY)
        response.headers["Retry-After"] = "5"
        return response

    def busy(error: Exception) -> Response:
        response = fault(503, str(error), BUSY)
        response.headers["Retry-After"] = "3"
        return response

    def unexpected(error: Exception) -> Response:
        log.error("unexpected", exc_info=error)
        return fault(500, "See the log. If it was an action, check whether it was done before you repeat it.")

    def register(kind: type[Exception], status: int, text: Any) -> None:
        pages.register_error_handler(kind, lambda error: fault(status, text(error)))

    register(NotThere, 404, str)
    register(NotNow, 409, str)
    register(NoSuchValue, 404, lambda error: error.sentence)
    register(BridgeError, 409, lambda error: error.detail)
    register(HookError, 409, lambda error: error.detail)
    register(SourcePaused, 409, lambda error: f"Source {error} is paused. Resume it first, on the overview.")
    register(
        SuspensionsPaused, 409, lambda error: f"Suspensions of source {error} are stopped. Resume it first, on the overview."
    )
    register(Reused, 409, lambda _: REUSED)
    register(Dismissed, 409, lambda _: DISMISSED)
    register(Forgotten, 409, lambda _: FORGOTTEN)
    pages.register_error_handler(Busy, busy)
    pages.register_error_handler(HTTPException, of_http)
    pages.register_error_handler(StoreUnavailable, away)
    pages.register_error_handler(Exception, unexpected)
