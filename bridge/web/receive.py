"""`POST /hooks/<source>` and `POST /query/<source>`.

From a request to a Delivery, from a Receipt to an answer. Most hooks never come here: direct.py
answers those that are taken and ask for no wait.
"""

import re
import time
from contextlib import ExitStack, nullcontext, suppress

from flask import Blueprint, Response, g, jsonify, request

from bridge.domain.errors import Busy
from bridge.domain.jobs import ENDED
from bridge.domain.ports import Receipt
from bridge.infra import clients, logs
from bridge.pipeline.queries import FROM_THE_RECORD
from bridge.reporting import answers
from bridge.web import direct
from bridge.web.context import sender, web_context
from bridge.web.problems import of_delivery
from bridge.web.thread_limits import Use
from hooks.errors import BadSignature
from hooks.types import Delivery

blueprint = Blueprint("receive", __name__)


@blueprint.before_request
def begin() -> None:
    met = failed()
    g.begun, g.bound = met.begun if met else time.monotonic(), ExitStack()
    # As they came: whose they are is not known before the signature is checked.
    hook = request.headers.get("webhook-id", "")[:128]
    g.bound.enter_context(logs.bound(source=source_named()[:64], hook=hook))


@blueprint.after_request
def count(response: Response) -> Response:
    """Also where an error is answered; OPTIONS is not asked of us, but of Flask."""
    if request.method == "OPTIONS":
        return response
    path = (request.endpoint or "").removeprefix("receive.")
    seconds = time.monotonic() - g.begun
    web_context().metrics.request(path, source_named(), response.status_code, seconds)
    return response


@blueprint.teardown_request
def end(error: BaseException | None) -> None:
    g.bound.close()


@blueprint.post("/hooks/<source>")
def hook(source: str) -> Response:
    if (met := failed()) is not None:
        raise met.error
    service = web_context().service
    taken = service.intake.receive(delivery(source), clients.named(sender()))
    status, body = direct.answer(waited_for(source, taken) if isinstance(taken, Receipt) else taken)
    return Response(body, status, content_type="application/json")


def failed() -> direct.Failed | None:
    """Why direct.py did not take this hook; None where it was not asked to."""
    met: direct.Failed | None = request.environ.get(direct.FAILED)
    return met


@blueprint.post("/query/<source>")
def query(source: str) -> Response:
    context = web_context()
    known, verified, question = context.service.intake.ask(
        delivery(source), clients.named(sender())
    )
    at_once = question.type in FROM_THE_RECORD
    with nullcontext() if at_once else context.threads.slot(Use.ASK):
        data = context.service.queries.answer(source, known.account, verified, question)
    described = answers.dump(answers.ANSWERS[question.type], data)
    return jsonify({"type": question.type, "data": described})


@blueprint.errorhandler(BadSignature)
def refused(error: BadSignature) -> Response:
    web_context().refusals.note(sender(), error.reason, source_named())
    return of_delivery(error)


def source_named() -> str:
    """As the URL has it; there need be no such source."""
    return str((request.view_args or {})["source"])


def delivery(source: str) -> Delivery:
    """The request as it came. Raises werkzeug's 413 for a body over the limit, announced or not."""
    body = request.get_data(cache=False)
    headers = {name.lower(): value for name, value in request.headers.items()}
    return Delivery(source, headers, body, time.time())


def waited_for(source: str, receipt: Receipt) -> Receipt:
    """The receipt when its job has ended, or when the wait that was asked for is over."""
    context = web_context()
    limit = context.service.settings.bridge.wait_limit
    seconds = min(asked_wait(request.headers.get("Prefer", "")), limit)
    if receipt.status in ENDED or seconds <= 0:
        return receipt
    until = time.monotonic() + seconds
    # Where nobody else may wait, it is answered as it stands.
    with suppress(Busy), context.threads.slot(Use.WAIT):
        lookup = context.service.lookup
        return lookup.wait_ended(source, receipt.job, until, time.monotonic)
    return receipt


def asked_wait(prefer: str) -> float:
    """Seconds of `Prefer: wait=N`; 0 when there is none.

    RFC 7240: what is not understood is ignored.
    """
    found = re.search(
        r"(?:^|[,;\s])wait\s*=\s*\"?([0-9]{1,6})\"?\s*(?:$|[,;])", prefer, re.IGNORECASE
    )
    return float(found[1]) if found else 0.0
