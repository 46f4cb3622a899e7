"""Every error below /admin as a page that says what to do.

What the rest of the bridge answers is not touched.
"""

from flask import Response
from werkzeug.exceptions import HTTPException, NotFound

from bridge.domain.errors import BridgeError, Busy, NotPossible, StoreUnavailable, UnknownThing
from bridge.domain.filtering import NoSuchValue
from bridge.domain.ports import Reused, SourcePaused, SuspensionsPaused
from bridge.infra import logs
from bridge.web.admin.blueprints import pages
from bridge.web.admin.page import page
from bridge.web.problems import of_reuse
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
    "The bridge cannot use its database, so no page works. Hooks are answered 503 meanwhile; "
    "billing sends them again, and "
    "nothing is lost. Check the log and bridge.database, then reload this page."
)


def fault(status: int, text: str, title: str = "") -> Response:
    return page("fault.html", status, title=title or TITLES[status], text=text)


@pages.errorhandler(UnknownThing)
def not_there(error: UnknownThing) -> Response:
    return fault(404, str(error))


@pages.errorhandler(NoSuchValue)
def no_such_value(error: NoSuchValue) -> Response:
    return fault(404, error.sentence)


@pages.errorhandler(NotPossible)
def not_now(error: NotPossible) -> Response:
    return fault(409, str(error))


@pages.errorhandler(BridgeError)
@pages.errorhandler(HookError)
def of_job_or_hook(error: BridgeError | HookError) -> Response:
    return fault(409, error.detail)


@pages.errorhandler(SourcePaused)
def source_paused(error: SourcePaused) -> Response:
    return fault(409, f"Source {error} is paused. Resume it first, on the overview.")


@pages.errorhandler(SuspensionsPaused)
def suspensions_paused(error: SuspensionsPaused) -> Response:
    return fault(
        409, f"Suspensions of source {error} are stopped. Resume it first, on the overview."
    )


@pages.errorhandler(Reused)
def reused(error: Reused) -> Response:
    return fault(409, of_reuse(error))


@pages.errorhandler(Busy)
def busy(error: Busy) -> Response:
    response = fault(503, str(error), BUSY)
    response.headers["Retry-After"] = "3"
    return response


@pages.errorhandler(StoreUnavailable)
def database_gone(error: StoreUnavailable) -> Response:
    log.error("the database is not reachable", error=str(error))
    response = fault(503, AWAY)
    response.headers["Retry-After"] = "5"
    return response


@pages.errorhandler(HTTPException)
def of_http(error: HTTPException) -> Response:
    status = error.code if error.code in TITLES else 404
    own = error.description if status == 403 else None
    return fault(status, own or "Use the search above, or start at the overview.")


@pages.errorhandler(Exception)
def unexpected(error: Exception) -> Response:
    log.error("unexpected", exc_info=error)
    return fault(
        500,
        "See the log. If it was an action, check whether it was done before you repeat it.",
    )


@pages.route("/<path:rest>", methods=["GET", "POST"])
def no_such_page(rest: str) -> Response:
    """So that this is answered by a page as well, and only to those who are signed in."""
    raise NotFound
