"""`POST /hooks/<source>` and `POST /query/<source>`: from a request to a Delivery, from a Receipt to an answer."""

import re
import time
from collections.abc import Callable
from contextlib import nullcontext, suppress
from functools import partial

from flask import Flask, Response, jsonify, request

from bridge.domain.errors import Busy
from bridge.domain.jobs import ENDED
from bridge.domain.ports import Dismissal, Receipt
from bridge.infra import clients, logs
from bridge.pipeline.queries import FROM_THE_RECORD
from bridge.web.metrics import Metrics
from bridge.web.refusals import Refusals
from bridge.web.threads import Threads, Use
from bridge.wiring import Service
from hooks.errors import BadSignature
from hooks.types import Delivery


def add_to(app: Flask, service: Service, metrics: Metrics, threads: Threads, refusals: Refusals) -> None:
    limit = service.settings.bridge.wait_limit

    def hook(source: str) -> Response:
        receipt = service.intake.receive(delivery(source, service), clients.named(sender(service)))
        if isinstance(receipt, Dismissal):
            return jsonify(receipt.describe())
        seconds = min(asked_wait(request.headers.get("Prefer", "")), limit)
        if receipt.status not in ENDED and seconds > 0:
            wait = partial(service.lookup.wait_ended, source, receipt.job, time.monotonic() + seconds, time.monotonic)
            with suppress(Busy), threads.taken(Use.WAIT):  # where nobody else may wait, it is answered as it stands
                receipt = wait()
        return answer(receipt)

    def query(source: str) -> Response:
        known, verified, question = service.intake.ask(delivery(source, service), clients.named(sender(service)))
        with nullcontext() if question.type in FROM_THE_RECORD else threads.taken(Use.ASK):
            data = service.queries.answer(source, known.account, verified, question)
        return jsonify({"type": question.type, "data": data})

    def counted(name: str, view: Callable[[str], Response]) -> Callable[[str], Response]:
        def timed(source: str) -> Response:
            begun = time.monotonic()
            # As they came: whose they are is not known before the signature is checked.
            with logs.bound(source=source[:64], hook=request.headers.get("webhook-id", "")[:128]):
                try:
                    response = app.make_response(view(source))
                except Exception as error:
                    if isinstance(error, BadSignature):
                        refusals.note(sender(service), error.reason, source)
                    response = app.make_response(app.handle_user_exception(error))
            metrics.request(name, source, response.status_code, time.monotonic() - begun)
            return response

        return timed

    app.add_url_rule("/hooks/<source>", "hook", counted("hook", hook), methods=["POST"])
    app.add_url_rule("/query/<source>", "query", counted("query", query), methods=["POST"])


def delivery(source: str, service: Service) -> Delivery:
    """The request as it came. Raises werkzeug's 413 for a body over the limit, announced or not."""
    body = request.get_data(cache=False)
    headers = {name.lower(): value for name, value in request.headers.items()}
    return Delivery(source, headers, body, time.time())


def answer(receipt: Receipt) -> Response:
    response = jsonify(receipt.describe())
    response.status_code = 200 if receipt.status in ENDED else 202
    return response


def asked_wait(prefer: str) -> float:
    """Seconds of `Prefer: wait=N`; 0 when there is none (RFC 7240: what is not understood is ignored)."""
    found = re.search(r"(?:^|[,;\s])wait\s*=\s*\"?([0-9]{1,6})\"?\s*(?:$|[,;])", prefer, re.IGNORECASE)
    return float(found[1]) if found else 0.0


def sender(service: Service) -> clients.Client | None:
    """Whose request it is; None where that cannot be known."""
    forwarded = request.headers.get("X-Forwarded-For", "")
    return clients.of(request.remote_addr or "", forwarded, service.settings.bridge.trusted_proxies)
