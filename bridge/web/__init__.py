"""The HTTP side: one small Flask app. Raw body first; nothing parses it before its signature was checked."""

from flask import Flask

from bridge.web import admin, health, openapi, problems, receive
from bridge.web.metrics import Metrics
from bridge.web.refusals import Refusals
from bridge.web.threads import Threads
from bridge.wiring import Service

MOST_BYTES = 64 * 1024


def create_app(service: Service, threads: int = 16, metrics: Metrics | None = None, before: Flask | None = None) -> Flask:
    """`threads` the server has; web/threads.py says what may take them for long.

    `before`: the app that this one replaces in the same server, whose counts go on.
    """
    app = Flask("enom-bridge", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MOST_BYTES
    app.url_map.merge_slashes = False  # else //hooks is answered with a redirect to a host that the request names
    app.json.sort_keys = False  # type: ignore[attr-defined]  # the contract's order is for people
    app.extensions["metrics"] = metrics = metrics or Metrics(service)
    app.extensions["threads"] = places = before.extensions["threads"] if before else Threads(threads)
    app.extensions["refusals"] = refusals = before.extensions["refusals"] if before else Refusals()
    app.extensions["trusted_proxies"] = service.settings.bridge.trusted_proxies
    receive.add_to(app, service, metrics, places, refusals)
    health.add_to(app, service)
    openapi.add_to(app)
    problems.add_to(app)
    admin.add_to(app, service, places, refusals)
    return app
