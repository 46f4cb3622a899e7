"""`POST /hooks/<source>` and `POST /query/<source>`: from a request to a Delivery, from a Receipt to an answer."""

import re
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from ipaddress import IPv4Network, IPv6Network, ip_address

from flask import Flask, Response, jsonify, request

from bridge import logs
from bridge.jobs import ENDED
from bridge.ports import Dismissal, Receipt
from bridge.web.metrics import Metrics
from bridge.wiring import Service
from hooks.types import Delivery


def add_to(app: Flask, service: Service, metrics: Metrics, most_holding: int) -> None:
    holding = threading.BoundedSemaphore(most_holding)
    limit = service.settings.bridge.wait_limit

    def hook(source: str) -> Response:
        receipt = service.intake.receive(delivery(source, service), sender(service))
        if isinstance(receipt, Dismissal):
            return jsonify(receipt.describe())
        seconds = min(asked_wait(request.headers.get("Prefer", "")), limit)
        if receipt.status not in ENDED and seconds > 0 and holding.acquire(blocking=False):
            try:
                wait = partial(service.lookup.wait_ended, source, receipt.job, time.monotonic() + seconds, time.monotonic)
                receipt = wait()
            finally:
                holding.release()
        return answer(receipt)

    def query(source: str) -> Response:
        door, verified, question = service.intake.ask(delivery(source, service), sender(service))
        return jsonify({"type": question.type, "data": service.queries.answer(source, door.account, verified, question)})

    def counted(name: str, view: Callable[[str], Response]) -> Callable[[str], Response]:
        def timed(source: str) -> Response:
            begun = time.monotonic()
            # As they came: whose they are is not known before the signature is checked.
            with logs.bound(source=source[:64], hook=request.headers.get("webhook-id", "")[:128]):
                try:
                    response = app.make_response(view(source))
                except Exception as error:
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


def sender(service: Service) -> str:
    return client_address(
        request.remote_addr or "", request.headers.get("X-Forwarded-For", ""), service.settings.bridge.trusted_proxies
    )


def client_address(peer: str, forwarded: str, trusted: Sequence[IPv4Network | IPv6Network]) -> str:
    """The nearest address that is not one of our own proxies; what lies behind it could be made up."""
    chain = [hop.strip() for hop in forwarded.split(",") if hop.strip()]
    while chain and is_within(peer, trusted):
        peer = chain.pop()
    return peer


def is_within(address: str, networks: Sequence[IPv4Network | IPv6Network]) -> bool:
    try:
        return any(ip_address(address) in network for network in networks)
    except ValueError:
        return False
